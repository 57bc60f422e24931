"""Surviving bytes that are no text, which whoever writes to SQLite's file has put into a record…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from audit import canonical
from audit.actions import Action
from audit.models import MandateAudit
from audit.verification.single import Stands, verify_record
from tests.audit.attacking import attack_unchecked, key
from tests.audit.conftest import MakeRow, sealed

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has texts alone")

SIGNUP = UUID("3d813cbb-47fb-42ba-91df-831e1593ac29")
LEDGER = "/admin/audit/mandateaudit/"
COLUMNS = ("actor", "action", "provider", "org_ref", "program_ref", "content_hash", "metadata")
SHOWN = r"unreadable: ski\xff"


@pytest.fixture
def record(parent: User, make_row: MakeRow) -> MandateAudit:
    """Return a record of a signup of the parent."""
    return make_row(parent.pk, action=Action.SESSION_CREATED, session_id=SIGNUP)


def _spoil(record: MandateAudit, *columns: str, kind: str = "TEXT") -> None:
    values = ", ".join(f"{name} = CAST(x'736b69ff' AS {kind})" for name in columns)
    attack_unchecked(f"UPDATE mandate_audit SET {values} WHERE id = %s", key(record.pk))  # noqa: S608  names of ours


def _body(answer: Any) -> str:
    assert answer.status_code == 200
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
def test_shows_them_on_every_page_and_in_every_file(
    record: MandateAudit,
    parent: User,
    staff: User,
    client: Client,
    client_of: Callable[[User], APIClient],
    kind: str,
) -> None:
    _spoil(record, *COLUMNS, kind=kind)
    client.force_login(parent)
    for query in ({}, {"session_id": str(SIGNUP)}):
        assert SHOWN in _body(client.get("/mandates-audit", query))
    api = client_of(parent)
    for door in ("", f"/{record.pk}", "/export?format=csv"):
        assert "unreadable: ski" in _body(api.get(f"/api/v1/audit{door}")), door
    bundle = _body(api.get("/api/v1/audit/export?format=jsonl"))
    assert '"end":true' in bundle, "it is no record, and keeps no other from being proved"

    client.force_login(staff)
    for page in ("", f"timeline/{SIGNUP}/", f"{record.pk}/change/"):
        assert SHOWN in _body(client.get(LEDGER + page)), page
    for form in ("csv", "lines"):
        taken = client.post(f"{LEDGER}export/", {"q": str(SIGNUP), "as": form})
        assert "unreadable: ski" in _body(taken), form


@pytest.mark.parametrize("is_sealed", [True, False])
def test_and_names_the_record(
    record: MandateAudit, make_row: MakeRow, noon: datetime, is_sealed: bool
) -> None:
    make_row()
    if is_sealed:
        sealed(noon + timedelta(minutes=1))
    _spoil(record, "provider")
    if not is_sealed:
        sealed(noon + timedelta(minutes=1))

    found = MandateAudit.objects.get(pk=record.pk)
    assert verify_record(found, known=[], origin="").stands is Stands.DAMAGED
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", stdout=said, stderr=said)
    assert str(record.pk) in said.getvalue() + str(caught.value)


def test_though_their_hash_is_that_of_what_is_shown(record: MandateAudit) -> None:
    names = canonical.COLUMNS_OF[canonical.SCHEMA_V]
    said = {name: getattr(record, name) for name in names} | {"provider": SHOWN}
    _spoil(record, "provider")
    attack_unchecked(
        "UPDATE mandate_audit SET content_hash = %s WHERE id = %s",
        canonical.content_hash(said),
        key(record.pk),
    )

    found = MandateAudit.objects.get(pk=record.pk)
    assert found.provider == SHOWN
    assert verify_record(found, known=[], origin="").stands is Stands.DAMAGED
