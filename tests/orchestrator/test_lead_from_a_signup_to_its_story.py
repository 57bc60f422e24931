"""Leading staff from a signup to its story, and back…"""

from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession
from tests.audit.conftest import make_row
from tests.roles import staff_with

__all__ = ["make_row"]

SESSIONS = "/admin/sessions_store/agenticcheckoutsession/"
REGISTRATIONS = "/admin/orchestrator/registrationsubmission/"
STORY = "/admin/audit/mandateaudit/timeline/"


@pytest.fixture
def signup(parent: User, make_row: Callable[..., Any]) -> UUID:
    """Return a signup that is on record, with a receipt."""
    now = timezone.now()
    session = AgenticCheckoutSession.objects.create(user=parent, step="login")
    make_row(parent.pk, action=Action.SESSION_CREATED, session_id=session.pk)
    RegistrationSubmission.objects.create(
        session_id=session.pk, user_id=parent.pk, provider="skiclubpro", org_ref="blackhawk-ski",
        program_ref="nordic", participant="a" * 64, request_digest="b" * 64, is_real=True,
        status="confirmed", created_at=now, updated_at=now,
    )  # fmt: skip
    return session.pk


def _pages(signup: UUID) -> list[str]:
    receipt = RegistrationSubmission.objects.get(session_id=signup)
    return [f"{SESSIONS}{signup}/change/", f"{REGISTRATIONS}{receipt.pk}/change/"]


def _shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_is_for_who_may_enter_both_rooms(signup: UUID, client: Client) -> None:
    client.force_login(staff_with("auditor", "support"))

    for page in _pages(signup):
        assert f'href="{STORY}{signup}/"' in _shown(client, page)
        assert f'href="{page}"' in _shown(client, f"{STORY}{signup}/")


def test_leads_nobody_to_a_closed_door(signup: UUID, client: Client) -> None:
    client.force_login(staff_with("support"))
    assert all(STORY not in _shown(client, page) for page in _pages(signup))

    client.force_login(staff_with("auditor", email="ann@example.com"))
    story = _shown(client, f"{STORY}{signup}/")
    assert SESSIONS not in story
    assert REGISTRATIONS not in story


def test_leads_to_nothing_that_is_gone(signup: UUID, client: Client) -> None:
    AgenticCheckoutSession.objects.all().delete()
    client.force_login(staff_with("auditor", "support"))

    story = _shown(client, f"{STORY}{signup}/")

    assert f"{SESSIONS}{signup}" not in story
    assert REGISTRATIONS in story


def test_shows_how_each_id_ends_as_a_parent_reads_it_out(signup: UUID, client: Client) -> None:
    client.force_login(staff_with("auditor", "support"))
    end = f"…{str(signup)[-6:]}"

    for page in (SESSIONS, REGISTRATIONS):
        assert f'<span class="mono">{end}</span>' in _shown(client, page)
    for page in ("/admin/audit/mandateaudit/", f"{STORY}{signup}/"):
        assert f"signup {end}" in _shown(client, page).lower()


def test_says_in_words_that_a_signup_is_over(parent: User, client: Client) -> None:
    over = AgenticCheckoutSession.objects.create(user=parent, step="login", status="cancelled")
    client.force_login(staff_with("support"))

    page = _shown(client, f"{SESSIONS}{over.pk}/change/")

    assert "it is over" in page
    assert ">None<" not in page
