"""Open every sealed login in memory, and say which are not what they should be."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from audit.printing import DATABASE_FAILED, counted, reason_of, say
from credentials import resealing, verification
from credentials.management.commands._progress import Progress, batch_size, list_flaws
from credentials.models import StoredCredential
from credentials.services import ring
from credentials.verification import Flaw


class Command(BaseCommand):
    help = (
        "Open every saved login in memory and hold it against what was recorded last; prints counts "
        "by key, and the ids of those that do not hold. Changes nothing. Exits with 1 if one "
        "does not, with 2 where the database failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=resealing.BATCH,
            help=f"logins per read (default: {resealing.BATCH})",
        )

    def handle(self, *, batch_size: int, verbosity: int, **options: Any) -> None:
        sound: Counter[str] = Counter()
        flawed: dict[UUID, Flaw] = {}
        try:
            total = StoredCredential.objects.count()
            with Progress(self.stdout, total=total, done="opened", verbosity=verbosity) as shown:
                for batch in verification.walk(batch_size=batch_size):
                    sound.update(credential.key_id for credential, flaw in batch if not flaw)
                    flawed.update({credential.pk: flaw for credential, flaw in batch if flaw})
                    shown.reach(sound.total() + len(flawed))
        except Error as error:
            said = f"Stopped by the database ({reason_of(error)})."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped. Nothing was changed.", returncode=130) from None
        list_flaws(self.stderr, flawed, verbosity)
        for key_id, logins in sorted(sound.items()):
            standing = "primary" if key_id == ring().primary.id else "older"
            say(self.stdout, f"{key_id}  {standing:<7}  {logins} open")
        if flawed:
            tried = counted(sound.total() + len(flawed), "login")
            does = "does" if len(flawed) == 1 else "do"
            raise CommandError(f"{len(flawed)} of {tried} {does} not hold.")
        say(self.stdout, self.style.SUCCESS(f"{counted(sound.total(), 'login')} verified."))
