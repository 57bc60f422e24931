"""The page of a record…"""

from datetime import datetime, timedelta
from html import unescape
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from audit.actions import Action
from audit.models import MandateAudit
from tests.audit.attacking import attack, attack_for_good, key, put_in
from tests.audit.conftest import MakeRow

LIST = "/admin/audit/mandateaudit/"
SIGNUP = UUID("3d813cbb-47fb-42ba-91df-831e1593ac29")
STRANGE: list[dict[str, Any]] = [
    {"elapsed_ms": 10**30},
    {"elapsed_ms": -5, "step": ["x"]},
    {"source": {"a": 1}, "tool": ["x"]},
]


@pytest.fixture
def console(staff: User, client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(staff)
    return client


def _page(console: Client, row: MandateAudit) -> str:
    answer = console.get(f"{LIST}{row.pk}/change/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_tells_metadata_in_plain_words(make_row: MakeRow, console: Client) -> None:
    told = {"tool": "find_programs", "source": "mock", "attempts": 2, "elapsed_ms": 1200}
    row = make_row(action=Action.TOOL_FAILED, metadata=told | {"error_code": "mcp_timeout"})

    page = _page(console, row)

    assert "<dt>Took</dt><dd>1.2 s</dd>" in page
    assert "<dt>Answered by</dt><dd>bundled samples (mock)</dd>" in page
    assert "<dt>Error</dt><dd>mcp_timeout</dd>" in page
    assert '"elapsed_ms": 1200' in page


def test_says_that_it_waits_for_its_seal(make_row: MakeRow, console: Client) -> None:
    assert "Not sealed yet" in _page(console, make_row())


def test_says_against_what_it_was_verified(
    small_log: list[MandateAudit], console: Client, noon: datetime
) -> None:
    page = _page(console, small_log[2])

    assert "Verified against checkpoint 7, signed 2026-07-14 12:00:30 UTC." in page
    assert "Its place is 2 in the log, and 2 in its trail" in page


def test_says_where_there_is_no_key(
    small_log: list[MandateAudit], console: Client, settings: Settings
) -> None:
    settings.AUDIT_VERIFIERS = []

    page = _page(console, small_log[0])

    assert "Cannot be verified here" in page
    assert "Verified against" not in page


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE mandate_audit SET org_ref = 'another' WHERE id = %s", "is not what was recorded"),
        ("UPDATE audit_leaf SET log_index = 99 WHERE event_id = %s", "was sealed in another place"),
        (
            "UPDATE audit_leaf SET subject_seq = 9 WHERE event_id = %s",
            "was sealed in another place",
        ),
        ("DELETE FROM audit_leaf WHERE event_id = %s", "is neither sealed nor on the list"),
        ("DELETE FROM audit_leaf WHERE event_id <> %s", "is not the hash of what stands below"),
        ("DELETE FROM audit_checkpoint WHERE note <> %s", "no checkpoint signs it"),
        (
            "UPDATE audit_checkpoint SET root = subjects_root WHERE note <> %s",
            "signs other leaves than those that are there",
        ),
        ("UPDATE audit_checkpoint SET note = 'x' WHERE note <> %s", "has no note that a known key"),
    ],
)
def test_says_in_red_what_is_damaged_and_what_to_do(
    small_log: list[MandateAudit], console: Client, statement: str, said: str
) -> None:
    of = "" if "note" in statement else key(small_log[0].pk)
    attack_for_good(statement, of)

    page = _page(console, small_log[0])

    assert "standing-bad" in page
    assert said in page
    assert "manage.py verify_audit" in page


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE mandate_audit SET org_ref = 'another' WHERE id = %s", "and not sealed yet"),
        ("DELETE FROM audit_pending WHERE event_id = %s", "is neither sealed nor on the list"),
    ],
)
def test_says_what_is_wrong_with_a_record_that_waits(
    make_row: MakeRow, console: Client, statement: str, said: str
) -> None:
    row = make_row()
    attack_for_good(statement, key(row.pk))

    assert said in _page(console, row)


def test_verifies_again_at_the_press_of_a_button(
    small_log: list[MandateAudit], console: Client
) -> None:
    address = f"{LIST}{small_log[0].pk}/verify/"
    assert console.get(address).status_code == 405

    page = unescape(console.post(address, follow=True).content.decode())
    assert "UTC. Verified against checkpoint 7" in page

    attack("UPDATE mandate_audit SET org_ref = 'another' WHERE id = %s", key(small_log[0].pk))
    page = unescape(console.post(address, follow=True).content.decode())
    assert "UTC. Damaged: This record is not what was recorded." in page


def test_verifies_for_who_may_look_alone(
    small_log: list[MandateAudit], stranger: User, client: Client
) -> None:
    stranger.is_staff = True
    stranger.save()
    client.force_login(stranger)

    for address in (f"{small_log[0].pk}/verify/", f"timeline/{uuid4()}/", "export/"):
        assert client.post(f"{LIST}{address}").status_code == 403


def test_finds_no_record_to_verify_where_there_is_none(console: Client, db: None) -> None:
    assert console.post(f"{LIST}{uuid4()}/verify/").status_code == 404


@pytest.mark.parametrize("metadata", [[], "x", None, 5, *STRANGE])
def test_says_that_it_is_damaged_whatever_its_metadata_are(console: Client, metadata: Any) -> None:
    record_id = put_in(metadata=metadata, session_id=SIGNUP, action=Action.TOOL_FAILED)

    opened = console.get(f"{LIST}{record_id}/change/")
    again = console.post(f"{LIST}{record_id}/verify/", follow=True)

    assert "standing-bad" in opened.content.decode()
    assert "UTC. Damaged: This record" in unescape(again.content.decode())
    assert console.get(f"{LIST}timeline/{SIGNUP}/").status_code == 200


def test_shows_no_verdict_where_the_reading_cannot_be_recorded(
    small_log: list[MandateAudit], console: Client
) -> None:
    with mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone")):
        answer = console.post(f"{LIST}{small_log[0].pk}/verify/")
    assert answer.status_code == 503
    assert "Looked at again" not in console.get("/admin/").content.decode()

    console.post(f"{LIST}{small_log[0].pk}/verify/")  # the page that it leads to is not opened
    viewed = MandateAudit.objects.get(action=Action.AUDIT_VIEWED)
    assert (viewed.user_id, viewed.metadata["viewed"]) == (
        small_log[0].user_id,
        str(small_log[0].pk),
    )


def test_links_to_what_was_before_and_after_in_the_signup(
    make_row: MakeRow, console: Client, noon: datetime
) -> None:
    session_id = uuid4()
    before, row, after = (
        make_row(session_id=session_id, at=noon + timedelta(seconds=second))
        for second in (0, 12, 200)
    )

    page = _page(console, row)

    assert "12 s before" in page
    assert "3 min 8 s after" in page
    assert f'href="{LIST}{before.pk}/change/" rel="prev"' in page
    assert f'href="{LIST}{after.pk}/change/" rel="next"' in page
    assert f'href="{LIST}timeline/{session_id}/"' in page
    assert "this is its first record" in _page(console, before)
