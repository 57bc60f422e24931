"""A record that would hold an opened secret…"""

import base64
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import opened
from audit.actions import SYSTEM, Action
from audit.context import serving
from audit.models import MandateAudit
from audit.services import AuditUnavailableError, Entry, SecretInRecordError, record_many
from audit.vocabulary import KEYS, NAMES, OF_OTHERS, TOLD, Kind
from tests.audit.conftest import EXAMPLES, MakeRow, needed

SECRET = "Nightjar 7319 & Gämse"
ENCODED = base64.b64encode(SECRET.encode()).decode()


def saved(alias: str) -> dict[str, Any]:
    """Return what `record` needs to hear of a login with this name."""
    return {"action": Action.CREDENTIALS_SUBMITTED, "metadata": {"credential_alias": alias}}


@pytest.mark.parametrize(
    "alias", [SECRET, f"tried {SECRET} twice", ENCODED, SECRET.encode().hex()], ids=str
)
def test_is_refused_without_a_word_of_it(make_row: MakeRow, alias: str) -> None:
    opened.remember(SECRET)

    with pytest.raises(SecretInRecordError) as refused:
        make_row(**saved(alias))

    assert not MandateAudit.objects.exists()
    assert "Nightjar" not in repr(refused.value)
    assert isinstance(refused.value, AuditUnavailableError)  # so the deed is undone


def test_is_refused_for_a_key_of_the_same_name_without_a_word_of_it(make_row: MakeRow) -> None:
    opened.remember(SECRET)

    with pytest.raises(ValueError, match="no plain word") as refused:
        make_row(metadata={SECRET: 1})

    assert "Nightjar" not in repr(refused.value)


def test_takes_its_deed_with_it(make_row: MakeRow, parent: User) -> None:
    opened.remember(SECRET)

    with suppress(AuditUnavailableError), transaction.atomic():
        User.objects.filter(pk=parent.pk).update(is_active=False)
        make_row(parent.pk, **saved(SECRET))

    parent.refresh_from_db()
    assert parent.is_active


def test_takes_its_whole_batch_with_it(db: None) -> None:
    opened.remember(SECRET)
    usual: dict[str, Any] = {
        "user_id": None,
        "actor": SYSTEM,
        "at": timezone.now(),
    }

    with pytest.raises(SecretInRecordError):
        record_many([Entry(**usual, **saved("ours")), Entry(**usual, **saved(SECRET))])

    assert not MandateAudit.objects.exists()


def test_is_written_where_redaction_took_the_secret_out_before(make_row: MakeRow) -> None:
    opened.remember(SECRET, "pat@ski.example")

    row = make_row(**saved("mail pat@ski.example"))

    assert row.metadata["credential_alias"] == "[redacted]"


def test_is_written_once_the_secret_is_forgotten(make_row: MakeRow) -> None:
    with opened.forgetting():
        opened.remember(SECRET)

    assert make_row(**saved(SECRET)).metadata["credential_alias"] == SECRET


@pytest.mark.parametrize("name", ["provider", "org_ref", "program_ref"])
def test_is_refused_where_a_name_would_hold_it(make_row: MakeRow, name: str) -> None:
    opened.remember("Nightjar7319")

    with pytest.raises(SecretInRecordError):
        make_row(**{name: "club-Nightjar7319"})


def test_is_written_without_it_where_a_caller_named_the_request_so(make_row: MakeRow) -> None:
    opened.remember("Nightjar7319")

    with serving("Nightjar7319"):
        assert make_row().metadata["request_id"] == "[sealed]"


@pytest.mark.parametrize("action", [one for one in Action if one.tells_what_happened])
def test_is_written_without_it_where_it_tells_what_happened(
    make_row: MakeRow, action: Action
) -> None:
    opened.remember(SECRET, "nightjar_seven")

    theirs = TOLD[action].keys & OF_OTHERS
    row = make_row(
        action=action,
        org_ref=f"club {SECRET}",
        metadata=needed(action) | dict.fromkeys(theirs, f"no_{SECRET}"),
    )

    assert (row.provider, row.org_ref) == ("skiclubpro", "[sealed]")
    assert row.metadata == row.metadata | needed(action) | dict.fromkeys(theirs, "[sealed]")
    assert row.metadata["org_ref"] == "[sealed]"


def test_is_refused_before_anything_happened() -> None:
    assert {"registration_submitted", "credentials_accessed", "session_created"} <= {
        action for action in Action if not action.tells_what_happened
    }


LIKE_OURS = {
    "step": "confirmation",
    "purpose": "submit_registration",
    "method": "session",
    "server": "mcp.example",
    "protocol_version": "2025-11-25",
    "fallback_reason": "circuit_open",
    "error_code": "login_failed",
    "key_id": "0123456789abcdef",
    "credential_alias": "[redacted]",
    "late_confirmation_ref": "[sealed]",
    "by_status": {"completed": 1},
}
TELLING = [
    Action.CREDENTIALS_ACCESS_FAILED, Action.CREDENTIALS_RESEALED, Action.TOOL_FAILED,
    Action.REGISTRATION_NEEDS_OPERATOR, Action.SESSIONS_EXPIRED, Action.USER_LOGIN_FAILED,
]  # fmt: skip


def told(action: Action) -> dict[str, Any]:
    """Return all that the record of an action may tell, in words that could be a password."""
    examples = {key: EXAMPLES[KEYS[key]] for key in TOLD[action].keys - NAMES}
    return examples | {key: word for key, word in LIKE_OURS.items() if key in TOLD[action].keys}


@pytest.mark.parametrize(
    "password",
    sorted(
        {"redacted", "sealed", "completed", "a1b2", "e5f6", "2026-07-14", "123456"}
        | {str(word) for word in (LIKE_OURS | EXAMPLES).values()} - {EXAMPLES[Kind.NAME]}
        | set(KEYS)
        | {"sessionId", "provider", "org_ref", "request_id"}
    ),
)
def test_is_none_for_a_password_that_is_a_word_of_ours(make_row: MakeRow, password: str) -> None:
    expected = [make_row(action=action, metadata=told(action)).metadata for action in TELLING]
    opened.remember(password)

    found = [make_row(action=action, metadata=told(action)).metadata for action in TELLING]
    assert found == expected


def test_is_no_record_that_only_shares_a_word_with_it(make_row: MakeRow) -> None:
    opened.remember("skiclubpro", "blackhawk", "programs")

    words = {"server": "mcp.skiclubpro.example", "tool": "find_programs"}
    make_row(action=Action.TOOL_FAILED, metadata=needed("tool_failed") | words)

    assert MandateAudit.objects.count() == 1
