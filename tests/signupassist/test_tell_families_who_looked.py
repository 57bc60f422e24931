"""When staff open a record of a family, its trail tells of it…"""

from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.db.models import Model
from django.test import Client

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession
from tests.roles import staff_with
from tests.signupassist.admin_walk import WORKER, make_world

RECORDS = [MandateAudit, StoredCredential, User, AgenticCheckoutSession, RegistrationSubmission]


@pytest.fixture
def world(parent: User) -> dict[type[Model], Any]:
    return make_world(parent)


@pytest.fixture
def reader(db: None) -> User:
    """Someone with both roles."""
    return staff_with("auditor", "support")


@pytest.fixture
def desk(reader: User) -> Client:
    desk = Client()
    desk.force_login(reader)
    return desk


def page_of(model: type[Model], world: dict[type[Model], Any], page: str = "/change/") -> str:
    of = model._meta
    return f"/admin/{of.app_label}/{of.model_name}/" + (f"{world[model]}{page}" if page else "")


def viewed() -> list[MandateAudit]:
    return list(MandateAudit.objects.filter(action="audit_viewed"))


@pytest.mark.parametrize("model", RECORDS)
def test_whatever_the_record(
    desk: Client, reader: User, parent: User, world: dict[type[Model], Any], model: type[Model]
) -> None:
    assert desk.get(page_of(model, world)).status_code == 200

    row = viewed()[0]
    assert (row.user_id, row.actor) == (parent.pk, f"staff:{reader.pk}")
    assert row.metadata["table"] == model._meta.db_table
    assert (row.metadata["view"], row.metadata["viewed"]) == ("detail", str(world[model]))
    assert len(viewed()) == 1
    if model is AgenticCheckoutSession:
        assert str(row.session_id) == world[model]


@pytest.mark.parametrize("model", RECORDS)
def test_or_it_is_not_shown(
    desk: Client, world: dict[type[Model], Any], model: type[Model]
) -> None:
    with mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone")):
        answer = desk.get(page_of(model, world))

    assert answer.status_code == 503
    assert answer.content.decode().startswith("We could not record this action")


def test_and_of_nothing_that_was_refused_or_is_not_theirs(
    parent: User, world: dict[type[Model], Any]
) -> None:
    outsider = Client()
    outsider.force_login(staff_with(email="max@example.com"))
    helper = Client()
    helper.force_login(staff_with("auditor", "support"))

    for model in RECORDS:
        assert outsider.get(page_of(model, world)).status_code == 403
        helper.get(page_of(model, world, ""))  # the list, of everybody
    for model in WORKER:
        assert helper.get(page_of(model, world)).status_code == 200

    assert viewed() == []
