"""Naming a signup, for who reads what was done in it…"""

from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orchestrator import naming
from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import SATURDAY, Chat
from tests.roles import staff_with

TITLE = "Nordic Kids: Saturday at Blackhawk Ski Club"


def _chosen(parent: User) -> Chat:
    chat = Chat(parent)
    chat.walk_to("prerequisite_check")
    return chat


def _receipt(**known: Any) -> RegistrationSubmission:
    now = timezone.now()
    usual: dict[str, Any] = {
        "session_id": uuid4(), "user_id": uuid4(), "provider": "skiclubpro",
        "org_ref": "blackhawk-ski", "org_name": "Blackhawk Ski\n Club", "program_ref": "nordic",
        "program_title": "Nordic Kids", "participant": "a" * 64, "request_digest": "b" * 64,
        "is_real": True, "status": "confirmed", "created_at": now, "updated_at": now,
    }  # fmt: skip
    return RegistrationSubmission.objects.create(**usual | known)


def test_takes_the_names_that_the_parent_saw_when_they_chose(parent: User, client: Client) -> None:
    _chosen(parent)
    client.force_login(parent)

    page = unescape(client.get("/mandates-audit").content.decode())

    assert f"<h2>{TITLE}</h2>" in page
    assert f"<dd>{SATURDAY}</dd>" in page  # the ref stays, among the details


def test_takes_them_from_the_receipt_once_the_signup_is_gone(parent: User, client: Client) -> None:
    chat = _chosen(parent)
    _receipt(
        session_id=chat.id, user_id=parent.pk, program_ref=SATURDAY, program_title="Ski School"
    )
    AgenticCheckoutSession.objects.all().delete()
    client.force_login(parent)

    page = unescape(client.get("/mandates-audit").content.decode())

    assert "<h2>Ski School at Blackhawk Ski Club</h2>" in page


def test_falls_back_to_a_ref_that_can_be_read(parent: User, client: Client) -> None:
    _chosen(parent)
    AgenticCheckoutSession.objects.all().delete()
    client.force_login(parent)

    page = unescape(client.get("/mandates-audit").content.decode())

    assert "<h2>Blackhawk Saturday Nordic at Blackhawk Ski</h2>" in page


def test_is_for_staff_too_who_read_its_story(parent: User, client: Client) -> None:
    chat = _chosen(parent)
    client.force_login(staff_with("auditor"))

    page = client.get(f"/admin/audit/mandateaudit/timeline/{chat.id}/").content.decode()

    assert f"<dd>{TITLE}</dd>" in unescape(page)


def test_knows_each_name_by_its_ref_and_survives_strange_ones(
    parent: User, django_assert_num_queries: Any
) -> None:
    receipt = _receipt(org_name="")
    strange = AgenticCheckoutSession.objects.create(
        user=parent, step="login", state={"provider": ["x"], "program": {"title": {"a": 1}}}
    )
    ids = [receipt.session_id, strange.pk, UUID(int=1)]

    with django_assert_num_queries(2):
        found = naming.names_of(ids)

    assert found == {receipt.session_id: {"nordic": "Nordic Kids"}, strange.pk: {}}


@pytest.mark.django_db
def test_costs_two_questions_for_a_page_of_signups_and_none_without(
    django_assert_num_queries: Any,
) -> None:
    from audit import naming as ledger

    with django_assert_num_queries(0):
        assert ledger.names_of([None, None]) == {}
    with django_assert_num_queries(2):
        ledger.names_of(uuid4() for _ in range(50))
