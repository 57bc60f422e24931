"""Taking along what the console shows…"""

import csv
import io
import json
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from audit import exporting
from audit.actions import Action
from audit.models import MandateAudit
from orchestrator.catalogue import CATALOGUE
from tests.audit.attacking import attack
from tests.audit.conftest import MakeRow

LIST = "/admin/audit/mandateaudit/"


@pytest.fixture
def console(staff: User, client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(staff)
    return client


def _taken(console: Client, way: str, **asked: str) -> bytes:
    answer: Any = console.post(f"{LIST}export/", asked | {"as": way})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return b"".join(answer.streaming_content)


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def test_gives_all_that_fits_as_csv(
    make_row: MakeRow, console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    rows = [make_row(action=Action.MESSAGE_SENT, org_ref="=1+1") for _ in range(5)]
    make_row()

    found = list(
        csv.DictReader(io.StringIO(_taken(console, "csv", action="message_sent").decode()))
    )

    assert {row["id"] for row in found} == {str(row.pk) for row in rows}
    assert len(found) == 5
    assert {row["org_ref"] for row in found} == {"'=1+1"}


def test_gives_all_that_fits_as_lines(make_row: MakeRow, console: Client) -> None:
    row = make_row(provider="swimdesk")
    make_row()

    [line] = _lines(_taken(console, "lines", provider="swimdesk"))

    assert (line["id"], line["content_hash"]) == (str(row.pk), row.content_hash)
    assert line["metadata"] == row.metadata


def test_gives_a_persons_whole_trail_as_a_bundle(
    small_log: list[MandateAudit], console: Client
) -> None:
    user_id = str(small_log[0].user_id)
    assert "Verification bundle</button>" in console.get(LIST, {"q": user_id}).content.decode()

    first, *others = _lines(_taken(console, "bundle", q=user_id))

    assert first["kind"] == "signupassist-audit-bundle"
    assert first["subject"]["user_id"] == user_id
    assert [line["event"]["id"] for line in others if line.get("log_index") is not None] == [
        str(row.pk) for row in small_log if str(row.user_id) == user_id
    ]


@pytest.mark.parametrize("asked", [{}, {"action": "message_sent"}, {"q": "session"}])
def test_gives_no_bundle_of_what_is_no_whole_trail(
    make_row: MakeRow, console: Client, asked: dict[str, str]
) -> None:
    row = make_row(session_id=uuid4())
    asked = asked | ({"q": str(row.session_id)} if "q" in asked else {"q": str(row.user_id)})
    if "action" not in asked and asked["q"] == str(row.user_id):
        asked["when"] = "7"

    assert "Verification bundle</button>" not in console.get(LIST, asked).content.decode()
    assert console.post(f"{LIST}export/", asked | {"as": "bundle"}).status_code == 400
    assert not MandateAudit.objects.filter(action=Action.AUDIT_EXPORTED).exists()


def test_gives_nothing_for_whom_there_is_not(make_row: MakeRow, console: Client) -> None:
    make_row()

    assert _taken(console, "lines", q="nobody@example.com") == b""


@pytest.mark.parametrize("way", ["csv", "lines", "bundle"])
def test_is_recorded_in_the_trail_it_takes(
    make_row: MakeRow, console: Client, staff: User, way: str
) -> None:
    row = make_row()
    _taken(console, way, q=str(row.user_id))

    told = MandateAudit.objects.get(action=Action.AUDIT_EXPORTED)

    assert (told.user_id, told.actor) == (row.user_id, f"staff:{staff.pk}")
    assert told.metadata["scope"] == "trail"
    assert told.metadata["filters"] == ([] if way == "bundle" else ["q"])


@pytest.mark.parametrize("way", ["csv", "lines", "bundle"])
def test_is_refused_where_it_cannot_be_recorded(
    make_row: MakeRow, console: Client, way: str
) -> None:
    row = make_row()

    with mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone")):
        answer = console.post(f"{LIST}export/", {"as": way, "q": str(row.user_id)})

    assert answer.status_code == 503


def test_says_where_a_part_of_the_log_is_missing(
    small_log: list[MandateAudit], console: Client, caplog: pytest.LogCaptureFixture
) -> None:
    attack("DELETE FROM audit_leaf WHERE log_index = 1")
    asked = {"as": "bundle", "q": str(small_log[0].user_id)}

    answer = console.post(f"{LIST}export/", asked)

    assert answer.status_code == 500
    said = str(CATALOGUE["proof_unavailable"].english)
    assert answer.content.decode() == f"{said} (proof_unavailable)"
    assert "An export has no proof (no node 0/1). Run: manage.py verify_audit" in caplog.text
    assert not MandateAudit.objects.filter(action=Action.AUDIT_EXPORTED).exists()


@pytest.mark.parametrize("asked", [{"since": "rubbish"}, {"kind": "zz"}, {"sinse": "2026-07-01"}])
def test_gives_nothing_for_what_cannot_be_understood(
    make_row: MakeRow, console: Client, asked: dict[str, str]
) -> None:
    make_row()

    answer = console.post(f"{LIST}export/", asked | {"as": "csv"})

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "This could not be understood" in page
    assert "Nothing was exported." in page
    assert 'id="filter_since"' in page
    assert not MandateAudit.objects.filter(action=Action.AUDIT_EXPORTED).exists()
    listed = console.get(LIST, asked)
    assert (listed.status_code, "Nothing was looked for." in listed.content.decode()) == (400, True)


def test_needs_a_right_of_its_own(make_row: MakeRow, stranger: User, client: Client) -> None:
    make_row()
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_mandateaudit"))
    client.force_login(stranger)

    assert "Take these records along" not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}export/", {"as": "csv"}).status_code == 403


def test_is_no_link_to_be_followed(console: Client, db: None) -> None:
    assert console.get(f"{LIST}export/", {"as": "csv"}).status_code == 405
