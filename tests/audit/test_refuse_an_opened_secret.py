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
from audit.models import MandateAudit
from audit.services import AuditUnavailableError, Entry, SecretInRecordError, record_many
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


def test_is_no_record_that_only_shares_a_word_with_it(make_row: MakeRow) -> None:
    opened.remember("skiclubpro", "blackhawk", "programs")

    make_row(metadata={"server": "mcp.skiclubpro.example", "tool": "find_programs"})

    assert MandateAudit.objects.count() == 1
