"""Look quickly at the ledger and its log, and say what is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils import timezone

from audit import doctor, sealing_run
from audit.printing import DATABASE_FAILED, reason_of, say


class Command(BaseCommand):
    help = (
        "Look at the ledger: triggers, keys, the newest records and checkpoint, what waits, what was "
        "published. Changes nothing, and takes a moment however large it is. Exits with 1 when "
        "something needed is missing, with 2 where the database failed."
    )

    def handle(self, **options: Any) -> None:
        missing = 0
        try:
            for sign in doctor.look(sealing_run.configured(), timezone.now()):
                word = "ok" if sign.is_well else "needed" if sign.is_needed else "advice"
                missing += word == "needed"
                say(self.stdout, f"{word:<7}{sign.what}: {sign.found}.")
                if not sign.is_well:
                    say(self.stdout, f"{'':7}{sign.remedy}")
        except Error as error:
            said = f"Stopped by the database ({reason_of(error)})."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except OSError as error:
            said = f"Stopped: AUDIT_CHECKPOINT_FILE cannot be looked at ({error.strerror})."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        if missing:
            raise CommandError(f"{missing} needed, see what to do above.")
        say(self.stdout, self.style.SUCCESS("Nothing needed is missing."))
