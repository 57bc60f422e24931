"""Surviving metadata that no reader can take, which a plain INSERT has put there…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from audit import tally
from audit.actions import Action
from audit.models import Leaf, MandateAudit
from tests.audit.attacking import attack, key, put_in
from tests.audit.conftest import MakeRow, needed, sealed

SIGNUP = UUID("3d813cbb-47fb-42ba-91df-831e1593ac29")
LEDGER = "/admin/audit/mandateaudit/"
DIGITS = "9" * 5_000
HOSTILE: dict[str, str | bytes] = {
    "more digits than Python reads": f'{{"elapsed_ms": {DIGITS}, "intent": {DIGITS}}}',
    "a number beyond all": '{"elapsed_ms": 1e999, "tool": "find_programs"}',
    "lists in lists": f'{{"elapsed_ms": {"[" * 900 + "]" * 900}}}',
    "lists in lists in lists": f'{{"elapsed_ms": {"[" * 3_000 + "]" * 3_000}}}',
    "half a character": '{"tool": "\\ud800"}',
    "bytes that are no text": b'{"tool": "\xff"}',
}


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest, parent: User, make_row: MakeRow) -> UUID:
    """Return a record like that, in a signup of the parent, beside a sound one."""
    told = needed(Action.MESSAGE_SENT) | {"intent": "select_program"}
    make_row(parent.pk, action=Action.MESSAGE_SENT, metadata=told, session_id=SIGNUP)
    made = put_in(user_id=parent.pk, session_id=SIGNUP, action=Action.SESSION_CREATED)
    try:
        with transaction.atomic():
            _change(made, HOSTILE[request.param])
    except (DataError, IntegrityError, ProgrammingError):
        pytest.skip("this database refuses it")
    return made


def _change(record: UUID, metadata: str | bytes) -> None:
    kind = "jsonb" if connection.vendor == "postgresql" else "text"
    attack(
        f"UPDATE mandate_audit SET metadata = CAST(%s AS {kind}) WHERE id = %s",  # noqa: S608  names of ours
        metadata,
        key(record),
    )


def _body(answer: Any) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def test_lets_every_page_be_read(
    hostile: UUID, parent: User, staff: User, client: Client, client_of: Callable[[User], APIClient]
) -> None:
    api = client_of(parent)
    client.force_login(parent)
    assert b"You sent a message." in _body(client.get("/mandates-audit"))
    assert str(hostile).encode() in _body(
        client.get("/mandates-audit", {"session_id": str(SIGNUP)})
    )
    assert str(hostile).encode() in _body(api.get("/api/v1/audit"))
    assert str(hostile).encode() in _body(api.get(f"/api/v1/audit/{hostile}"))

    client.force_login(staff)
    for page in ("", f"timeline/{SIGNUP}/", f"{hostile}/change/"):
        assert str(hostile).encode() in _body(client.get(LEDGER + page)), page
    assert client.post(f"{LEDGER}{hostile}/verify/").status_code == 302
    _body(client.get("/admin/"))


def test_lets_everything_else_be_taken_along(
    hostile: UUID, parent: User, staff: User, client: Client, client_of: Callable[[User], APIClient]
) -> None:
    sound = str(MandateAudit.objects.get(action=Action.MESSAGE_SENT).pk).encode()
    for form in ("csv", "jsonl"):
        taken = client_of(parent).get("/api/v1/audit/export", {"format": form})
        assert sound in _body(taken), form

    client.force_login(staff)
    for form in ("csv", "lines"):
        assert sound in _body(client.post(f"{LEDGER}export/", {"q": str(SIGNUP), "as": form})), form


def test_keeps_nobody_from_sealing_verifying_or_counting(hostile: UUID, noon: datetime) -> None:
    sealed(noon + timedelta(minutes=1))

    assert not Leaf.objects.filter(event_id=hostile).exists()
    assert Leaf.objects.filter(event_id__isnull=False).count() == 1
    with pytest.raises(CommandError):
        call_command("verify_audit", verbosity=0, stdout=StringIO(), stderr=StringIO())
    tally.recount(noon.date())
    assert tally.signups_by_step(since=noon.date())[tally.Step.PROGRAM] == 1


def test_counts_on_where_a_sealed_record_became_one(
    make_row: MakeRow, parent: User, noon: datetime
) -> None:
    rows = [make_row(parent.pk, action=Action.SESSION_CREATED, session_id=SIGNUP) for _ in range(2)]
    sealed(noon + timedelta(minutes=1))
    _change(rows[0].pk, HOSTILE["more digits than Python reads"])

    assert tally.recount(noon.date()) >= 2
