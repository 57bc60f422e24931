"""Where a part of the log is missing…"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import User
from audit.actions import Action, person
from audit.exporting import Wanted, export
from audit.models import Leaf, MandateAudit
from audit.nodes import MissingNodeError
from tests.audit.attacking import attack
from tests.audit.bundles_to_try import Story, told

PATH = "/api/v1/audit"
GONE = "DELETE FROM audit_leaf WHERE log_index = 3"
CUT = "DELETE FROM audit_checkpoint WHERE size > 20"

ClientOf = Callable[[User], APIClient]


@pytest.fixture
def story(parent: User, noon: datetime) -> Story:
    return told(noon, ours=parent.pk)


def last_sealed(story: Story) -> MandateAudit:
    of_log = Leaf.objects.order_by("log_index").values_list("event_id", flat=True)
    ours = MandateAudit.objects.filter(user_id=story.ours, id__in=of_log)
    return ours.latest("created_at")


@pytest.mark.parametrize("damage", [GONE, CUT])
def test_a_record_is_shown_without_its_proof_and_with_the_reason(
    story: Story,
    parent: User,
    client_of: ClientOf,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    attack(damage)

    answer = client_of(parent).get(f"{PATH}/{last_sealed(story).pk}")

    said = answer.json()
    assert answer.status_code == 200
    assert (said["proof"], said["proof_error"]) == (None, "proof_unavailable")
    assert said["action"] in (Action.MESSAGE_SENT, Action.CREDENTIALS_SUBMITTED)
    assert "Run: manage.py verify_audit" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_record_that_only_waits_has_no_reason(
    story: Story, parent: User, client_of: ClientOf
) -> None:
    attack(GONE)
    waiting = MandateAudit.objects.filter(user_id=parent.pk).latest("created_at")

    said = client_of(parent).get(f"{PATH}/{waiting.pk}").json()

    assert (said["proof"], said["proof_error"]) == (None, None)


def test_the_export_says_so_and_the_table_goes_on(
    story: Story, parent: User, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    attack(GONE)
    client = client_of(parent)

    refused = client.get(f"{PATH}/export", {"format": "jsonl"})
    table: Any = client.get(f"{PATH}/export", {"format": "csv"})

    assert (refused.status_code, refused.json()["code"]) == (500, "proof_unavailable")
    assert "no node" in caplog.text
    assert "Traceback" not in caplog.text
    assert table.status_code == 200
    assert b"".join(table.streaming_content).count(b"\r\n") > 10


def test_an_export_under_way_breaks_off_and_the_log_says_why(
    story: Story, parent: User, caplog: pytest.LogCaptureFixture
) -> None:
    lines = export(Wanted(parent.pk, "jsonl"), actor=person(parent.pk), at=story.at)
    next(lines)
    attack(GONE)

    with pytest.raises(MissingNodeError):
        list(lines)

    assert "An export broke off (no node 0/3). Run: manage.py verify_audit" in caplog.text


def test_the_command_says_so_and_leaves_no_file(
    story: Story, parent: User, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    attack(GONE)
    file = tmp_path / "trail.jsonl"

    for output, begins in ((str(file), "Nothing was exported"), ("-", "What was printed")):
        with pytest.raises(CommandError, match=f"^{begins}.*verify_audit") as told_why:
            call_command("export_audit", "--user", parent.email, "--output", output)
        assert told_why.value.returncode == 2
    assert list(tmp_path.iterdir()) == []

    call_command("export_audit", "--user", parent.email, "--format", "csv", "--output", str(file))
    assert file.read_bytes().count(b"\r\n") > 10
