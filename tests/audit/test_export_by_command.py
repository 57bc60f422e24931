"""manage.py export_audit…"""

import stat
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import User
from audit import exporting
from audit.actions import SYSTEM, Action
from audit.management.commands import export_audit
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.audit.bundles_to_try import Story, told, verify


@pytest.fixture
def story(parent: User, noon: datetime) -> Story:
    return told(noon, ours=parent.pk)


def test_writes_a_bundle_of_one_person(story: Story, parent: User, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"

    call_command("export_audit", "--user", parent.email, "--output", str(file))

    code, said = verify(file.read_bytes())
    assert (code, f"10 records of the trail of {parent.pk}, complete" in said) == (0, True), said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    row = MandateAudit.objects.get(action=Action.AUDIT_EXPORTED)
    assert (row.user_id, row.actor) == (parent.pk, SYSTEM)
    assert (row.metadata["format"], row.metadata["scope"]) == ("jsonl", "trail")


def test_writes_the_whole_log_to_the_standard_output(
    story: Story, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    call_command("export_audit", "--since-size", "3")

    code, said = verify(capsysbinary.readouterr().out)
    assert (code, "34 records of the log, complete" in said) == (0, True), said
    row = MandateAudit.objects.get(action=Action.AUDIT_EXPORTED)
    assert (row.user_id, row.metadata["scope"]) == (None, "ledger")


def test_writes_a_table_of_some_days(
    story: Story, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    call_command(
        "export_audit", "--format", "csv", "--since", "2026-07-14", "--until", "2026-07-15"
    )

    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert len(lines) == 1 + MandateAudit.objects.filter(created_at__date="2026-07-14").count()


def test_takes_the_id_of_who_has_no_account_any_more(
    story: Story, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    call_command("export_audit", "--user", str(story.others[0]))
    assert verify(capsysbinary.readouterr().out)[0] == 0


def test_leaves_no_half_of_a_file(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_text("the last one")

    def fails(*args: Any, **how: Any) -> Iterator[bytes]:
        yield b"a line\n"
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(export_audit, "export", fails)
    with pytest.raises(CommandError, match="Nothing was exported") as failure:
        call_command("export_audit", "--output", str(file))

    assert failure.value.returncode == 2
    assert file.read_text() == "the last one"
    assert list(tmp_path.iterdir()) == [file]


def test_exports_nothing_that_it_cannot_record(
    story: Story,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(**said: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(exporting, "record", refuses)
    with pytest.raises(CommandError) as failure:
        call_command("export_audit", "--output", str(tmp_path / "trail.jsonl"))
    assert failure.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_says_what_it_cannot_do(story: Story) -> None:
    for options, said in (
        (["--user", "nobody@example.com"], "no such person"),
        (["--since", "yesterday"], "a day"),
        (["--since", "2026-07-14T12:00"], "zone"),
        (["--since", "2026-02-31"], "a day"),
        (["--since-size", "0"], "whole number"),
        (["--since-size", "99"], "has the size 37"),
        (["--output", "/dev/null"], "is no file"),
        (["--output", "/nowhere/at/all"], "cannot be written"),
    ):
        with pytest.raises(CommandError, match=said) as failure:
            call_command("export_audit", *options)
        assert failure.value.returncode == 1
    assert not MandateAudit.objects.filter(action=Action.AUDIT_EXPORTED).exists()


def test_is_quiet_when_nobody_reads_on(
    story: Story, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Gone:
        def write(self, piece: bytes) -> int:
            raise BrokenPipeError

    class Out:
        buffer = Gone()

        def fileno(self) -> int:
            return 1

    monkeypatch.setattr(export_audit, "_drop_the_rest", lambda: None)
    monkeypatch.setattr(sys, "stdout", Out())
    with pytest.raises(SystemExit) as left:
        call_command("export_audit", "--user", str(uuid4()))
    assert left.value.code == 141
    assert capfd.readouterr().err == ""
