"""Saying who acted…"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import User
from audit import words
from audit.actions import ANONYMOUS, SYSTEM, Action, person, staff
from audit.doers import REVEAL, Doer, doer_of
from credentials import services
from tests.audit.conftest import MakeRow, needed

PAT = UUID("3d813cbb-47fb-42ba-91df-831e1593ac29")
OTHER = UUID("91df831e-1593-4c29-8d81-3cbb47fb42ba")


def _doer(action: str, actor: str | None = None, **metadata: Any) -> Doer:
    row = SimpleNamespace(
        action=action, actor=actor or person(PAT), user_id=PAT, metadata=metadata or None
    )
    return doer_of(row)


@pytest.mark.once
@pytest.mark.parametrize("action", words.YOU)
def test_names_the_parent_for_what_they_typed_pressed_or_confirmed(action: Action) -> None:
    assert _doer(action) is Doer.PARENT


@pytest.mark.once
@pytest.mark.parametrize(
    "action",
    [
        "tool_succeeded", "tool_failed", "credentials_accessed", "credentials_access_failed",
        "credentials_access_denied", "registration_submitted", "registration_completed",
        "registration_outcome_unknown",
    ],
)  # fmt: skip
def test_names_signupassist_for_what_it_did_in_their_name(action: str) -> None:
    assert _doer(action) is Doer.AGENT
    assert _doer(action, SYSTEM) is Doer.SYSTEM
    assert _doer(action, staff(OTHER)) is Doer.STAFF
    assert _doer(action, person(OTHER)) is Doer.OTHER


@pytest.mark.once
def test_names_the_owner_of_a_login_who_had_it_shown_to_them() -> None:
    assert _doer(Action.CREDENTIALS_ACCESSED, purpose=REVEAL) is Doer.PARENT
    assert _doer(Action.CREDENTIALS_ACCESSED, purpose="find_programs") is Doer.AGENT
    assert _doer(Action.USER_LOGIN_FAILED, ANONYMOUS) is Doer.ANONYMOUS
    assert REVEAL == services.REVEAL
    assert REVEAL in words.PURPOSES


def test_is_read_by_the_parent_and_by_staff(
    make_row: MakeRow, parent: User, staff: User, client: Client
) -> None:
    told = needed(Action.CREDENTIALS_ACCESSED) | {"purpose": "find_programs"}
    record = make_row(parent.pk, action=Action.CREDENTIALS_ACCESSED, metadata=told, session_id=PAT)
    make_row(parent.pk, action=Action.ACTION_SELECT_PROGRAM, session_id=PAT)

    client.force_login(parent)
    trail = client.get("/mandates-audit").content.decode()
    assert "Your saved login was opened to list the programs." in trail
    assert (
        "<code>credentials_accessed</code>\n            <span>SignupAssist, for you</span>" in trail
    )
    assert "<code>action_select_program</code>\n            <span>You</span>" in trail

    client.force_login(staff)
    ledger = "/admin/audit/mandateaudit/"
    for page in (f"{ledger}?q={PAT}", f"{ledger}timeline/{PAT}/", f"{ledger}{record.pk}/change/"):
        assert '<span class="doer doer-agent">SignupAssist for them</span>' in (
            client.get(page).content.decode()
        )
    assert record.actor == person(parent.pk)
