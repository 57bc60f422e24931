"""The doctor of the ledger…"""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from audit import doctor, guards, publication, sealing_run
from audit.doctor import Sign
from audit.models import Checkpoint, MandateAudit
from tests.audit.attacking import attack, key, put_back, rewrite, taken
from tests.audit.conftest import MakeRow, sealed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def file(settings: Settings, tmp_path: Path) -> Path:
    """Return where checkpoints are published."""
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "published")
    return tmp_path / "published"


def look(at: datetime) -> dict[str, Sign]:
    """Return what it sees, by what it looks at."""
    found = {sign.what: sign for sign in doctor.look(sealing_run.configured(), at)}
    # which database it is, is no matter of the log
    security = found.pop("Row-level security")
    assert not security.is_needed
    assert security.found == ("on" if connection.vendor == "postgresql" else "SQLite has none")
    return found


def ills(at: datetime) -> set[str]:
    return {what for what, sign in look(at).items() if not sign.is_well}


def run() -> tuple[int, str]:
    """Return the exit code and what was printed, the failure last."""
    out = StringIO()
    try:
        call_command("audit_doctor", stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_is_content_before_anything_was_recorded(noon: datetime) -> None:
    found = look(noon)
    assert not {what for what, sign in found.items() if not sign.is_well}
    assert found["Newest checkpoint"].found == "none: nothing to seal yet"


def test_is_content_with_a_log_that_is_sealed_and_published(
    small_log: list[MandateAudit], noon: datetime, file: Path
) -> None:
    publication.publish(file, Checkpoint.objects.latest().note)
    found = look(noon + timedelta(minutes=2))
    assert not {what for what, sign in found.items() if not sign.is_well}
    assert found["Newest checkpoint"].found == "7, made 1 minute ago"
    assert found["Published checkpoints"].found == "up to 7, and the log goes through it"
    assert found["Keys of the log"].found == "this process signs and verifies"


def test_misses_a_seal_and_a_heartbeat(
    make_row: MakeRow, noon: datetime, settings: Settings
) -> None:
    settings.AUDIT_CHECKPOINT_FILE = ""
    make_row(at=noon)
    assert {"Newest checkpoint"} < ills(noon + timedelta(minutes=1))
    sealed(noon)
    assert "Newest checkpoint" not in ills(noon + timedelta(minutes=69))
    assert "Newest checkpoint" in ills(noon + timedelta(minutes=71))


def test_sees_what_waits_too_long(make_row: MakeRow, noon: datetime) -> None:
    make_row(at=noon)
    assert "Sealing" not in ills(noon + timedelta(minutes=4))
    assert look(noon + timedelta(minutes=6))["Sealing"].found == (
        "1 record not sealed for more than five minutes"
    )
    sealed(noon, is_told=True)
    assert "Sealing" not in ills(noon + timedelta(minutes=64))
    assert "Sealing" in ills(noon + timedelta(minutes=66))


def test_asks_for_keys(noon: datetime, settings: Settings) -> None:
    settings.AUDIT_SIGNERS = ()
    assert look(noon)["Keys of the log"].found == "this process verifies"
    settings.AUDIT_VERIFIERS = ()
    assert not look(noon)["Keys of the log"].is_well


def test_advises_to_publish(
    small_log: list[MandateAudit], noon: datetime, settings: Settings
) -> None:
    settings.AUDIT_CHECKPOINT_FILE = ""
    sign = look(noon)["Published checkpoints"]
    assert (sign.is_well, sign.is_needed) == (False, False)


def test_sees_what_was_not_published(
    small_log: list[MandateAudit], noon: datetime, file: Path
) -> None:
    publication.publish(file, Checkpoint.objects.get(size=4).note)
    assert "Published checkpoints" not in ills(noon + timedelta(seconds=60))
    found = look(noon + timedelta(seconds=91))["Published checkpoints"]
    assert found.found == "7 is not among them"


def test_sees_a_file_that_cannot_be_used(
    small_log: list[MandateAudit], noon: datetime, file: Path, settings: Settings
) -> None:
    file.mkdir()
    assert look(noon)["Published checkpoints"].found == ("published cannot be read: Is a directory")
    settings.AUDIT_CHECKPOINT_FILE = str(file.parent / "away" / "published")
    assert look(noon)["File of checkpoints"].found == "cannot be written to"


def test_sees_a_log_that_was_cut_short_or_rewritten(
    small_log: list[MandateAudit], make_row: MakeRow, noon: datetime, file: Path
) -> None:
    earlier = taken()
    make_row(at=noon + timedelta(seconds=40))
    sealed(noon + timedelta(seconds=41))
    publication.publish(file, Checkpoint.objects.latest().note)
    put_back(earlier)
    sign = look(noon)["Published checkpoints"]
    assert sign.found == "9 was published, and the log ends at 7"

    make_row(at=noon + timedelta(seconds=42))
    sealed(noon + timedelta(seconds=43))
    sign = look(noon)["Published checkpoints"]
    assert sign.found == "the log had other leaves when 9 was published"


def test_looks_at_the_newest_records_and_seal(
    small_log: list[MandateAudit], noon: datetime
) -> None:
    rewrite(small_log[4])
    found = look(noon)
    assert found["Hashes of the newest rows"].found == "all of 5 hold"
    assert found["Newest seal"].found.startswith(f"record {small_log[4].pk} (#5) was sealed in")
    rewrite(small_log[4], leaf=True)
    assert look(noon)["Newest seal"].found.startswith("checkpoint 7 signs other leaves")
    attack("UPDATE audit_checkpoint SET note = 'x' WHERE size = 7")
    assert look(noon)["Newest seal"].found.startswith("checkpoint 7 has no note")
    attack("UPDATE mandate_audit SET actor = 'system' WHERE id = %s", key(small_log[4].pk))
    assert look(noon)["Hashes of the newest rows"].found == "1 of 5 do not hold"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes nothing but times")
def test_sees_a_seal_without_a_time(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    assert sealed(noon)
    attack("UPDATE audit_checkpoint SET sealed_at = 'long ago'")

    found = look(noon)

    assert found["Newest checkpoint"].found == "2, made at a time that cannot be read"
    assert not found["Newest checkpoint"].is_well
    assert not found["Newest seal"].is_well


def test_prints_a_line_each(make_row: MakeRow, file: Path) -> None:
    make_row(at=timezone.now())
    sealed(timezone.now())
    code, said = run()
    assert (code, said.splitlines()[-1]) == (0, "Nothing needed is missing.")
    assert "ok     Triggers that refuse changes: in place." in said


def test_fails_where_something_needed_is_missing(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.AUDIT_CHECKPOINT_FILE = ""
    assert run()[0] == 0  # what is advised alone is no failure
    monkeypatch.setattr(guards, "missing", lambda _: ["mandate_audit_no_change"])
    code, said = run()
    assert (code, said.splitlines()[-1]) == (1, "1 needed, see what to do above.")
    assert "       Run: manage.py migrate" in said.splitlines()


def test_names_what_could_swallow_records(noon: datetime) -> None:
    assert "Triggers and rules beside ours" not in look(noon)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE RULE r AS ON INSERT TO audit_pending DO INSTEAD NOTHING"
            if connection.vendor == "postgresql"
            else "CREATE TRIGGER r BEFORE INSERT ON audit_pending BEGIN SELECT RAISE(IGNORE); END"
        )

    assert look(noon)["Triggers and rules beside ours"].found == "r on audit_pending"
    assert "Triggers and rules beside ours" in ills(noon)


def test_says_that_the_database_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> None:
        raise OperationalError("canary")

    monkeypatch.setattr(guards, "missing", gone)
    assert run() == (2, "Stopped by the database (OperationalError).")
