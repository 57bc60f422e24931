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
from audit.vocabulary import OURS, THEIRS
from tests.audit.conftest import MakeRow

SECRET = "Nightjar 7319 & Gämse"
ENCODED = base64.b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize(
    "metadata",
    [
        {"note": SECRET},
        {"note": f"tried {SECRET} twice"},
        {"note": ENCODED},
        {"note": SECRET.encode().hex()},
        {"seen": [{"deep": {"inside": SECRET}}]},
        {SECRET: 1},
    ],
)
def test_is_refused_without_a_word_of_it(make_row: MakeRow, metadata: dict[str, Any]) -> None:
    opened.remember(SECRET)

    with pytest.raises(SecretInRecordError) as refused:
        make_row(metadata=metadata)

    assert not MandateAudit.objects.exists()
    assert "Nightjar" not in repr(refused.value)
    assert isinstance(refused.value, AuditUnavailableError)  # so the deed is undone


def test_takes_its_deed_with_it(make_row: MakeRow, parent: User) -> None:
    opened.remember(SECRET)

    with suppress(AuditUnavailableError), transaction.atomic():
        User.objects.filter(pk=parent.pk).update(is_active=False)
        make_row(parent.pk, metadata={"note": SECRET})

    parent.refresh_from_db()
    assert parent.is_active


def test_takes_its_whole_batch_with_it(db: None) -> None:
    opened.remember(SECRET)
    usual: dict[str, Any] = {
        "action": Action.SESSION_DELETED,
        "user_id": None,
        "actor": SYSTEM,
        "at": timezone.now(),
    }

    with pytest.raises(SecretInRecordError):
        record_many([Entry(**usual), Entry(**usual, metadata={"note": SECRET})])

    assert not MandateAudit.objects.exists()


def test_is_written_where_redaction_took_the_secret_out_before(make_row: MakeRow) -> None:
    opened.remember(SECRET, "pat@ski.example")

    row = make_row(metadata={"password": SECRET, "note": "mail pat@ski.example"})

    assert row.metadata["password"] == row.metadata["note"] == "[redacted]"


def test_is_written_once_the_secret_is_forgotten(make_row: MakeRow) -> None:
    with opened.forgetting():
        opened.remember(SECRET)

    assert make_row(metadata={"note": SECRET}).metadata["note"] == SECRET


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

    row = make_row(
        action=action,
        org_ref=f"club {SECRET}",
        metadata={
            "source": "mcp",
            "error_code": f"no_{SECRET}",
            "late_confirmation_ref": "nightjar_seven",
            "seen": [SECRET, "this"],
            "nightjar_seven": 1,
        },
    )

    assert (row.provider, row.org_ref) == ("skiclubpro", "[sealed]")
    told: dict[str, Any] = {
        "source": "mcp",
        "error_code": "[sealed]",
        "late_confirmation_ref": "[sealed]",
    }
    told |= {"seen": ["[sealed]", "this"], "sealed": 1}
    assert row.metadata == row.metadata | told
    assert row.metadata["org_ref"] == "[sealed]"


def test_is_refused_before_anything_happened() -> None:
    assert {"registration_submitted", "credentials_accessed", "session_created"} <= {
        action for action in Action if not action.tells_what_happened
    }


WORDS = {
    "step": "confirmation",
    "purpose": "submit_registration",
    "method": "session",
    "tool": "find_programs",
    "source": "google",
    "server": "mcp.example",
    "protocol_version": "2025-11-25",
    "fallback_reason": "circuit_open",
    "error_code": "login_failed",
    "reason": "key_unavailable",
    "credential_alias": "[redacted]",
    "late_confirmation_ref": "[sealed]",
    "argument_digest": "0123456789abcdef0123456789abcdef",
    "seal_fp": "a1b2c3d4e5f60718",
    "accessed_at": "2026-07-14T12:00:00.123456Z",
    "by_status": {"completed": 1},
    **dict.fromkeys(["attempts", "elapsed_ms", "http_status"], 123456),
    **dict.fromkeys(["degraded", "is_real"], True),
}


@pytest.mark.parametrize(
    "password",
    sorted(
        {"redacted", "sealed", "completed", "a1b2", "e5f6", "2026-07-14", "123456"}
        | {str(word) for word in WORDS.values()}
        | OURS
        | THEIRS
        | {"sessionId", "provider", "org_ref", "request_id"}
    ),
)
def test_is_none_for_a_password_that_is_a_word_of_ours(make_row: MakeRow, password: str) -> None:
    told = dict.fromkeys(OURS | THEIRS, None) | WORDS
    expected = make_row(metadata=told).metadata
    opened.remember(password)

    assert make_row(metadata=told).metadata == expected


def test_is_no_record_that_only_shares_a_word_with_it(make_row: MakeRow) -> None:
    opened.remember("skiclubpro", "blackhawk", "programs")

    make_row(metadata={"server": "mcp.skiclubpro.example", "tool": "find_programs"})

    assert MandateAudit.objects.count() == 1
