"""What is to be done is found among very many registrations without reading them all…"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import news
from orchestrator.submissions import watch
from tests.asked import plain

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
TABLE = RegistrationSubmission._meta.db_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled(parent: User) -> None:
    """So many settled registrations that a planner would rather not read them all."""
    now = timezone.now()
    RegistrationSubmission.objects.bulk_create(
        RegistrationSubmission(
            session_id=uuid4(),
            user_id=parent.pk,
            provider="skiclubpro",
            org_ref="blackhawk-ski",
            program_ref=f"program-{number}",
            participant="a" * 64,
            status=SubmissionStatus.CONFIRMED,
            is_real=True,
            request_digest="b" * 64,
            created_at=now,
            updated_at=now,
        )
        for number in range(2000)
    )
    if connection.vendor == "postgresql":  # does so by itself in time; nobody does on SQLite
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@contextmanager
def noted() -> Iterator[list[str]]:
    """Give the plans of the queries for registrations in order, with the values they came with."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if f'FROM "{TABLE}"' in sql and "ORDER BY" in sql:
            asked.append((plain(sql), params))
        return execute(sql, params, many, context)

    plans: list[str] = []
    with connection.execute_wrapper(note):
        yield plans
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(EXPLAIN[connection.vendor] + sql, params)
            plans.append("\n".join(" ".join(map(str, row)) for row in cursor.fetchall()))


def reads_all(plan: str) -> bool:
    """Return whether every row is looked at; SQLite says SCAN for reading a whole index, too."""
    lines = [line for line in plan.splitlines() if TABLE in line]
    return any("Seq Scan" in line or ("SCAN" in line and "USING" not in line) for line in lines)


def test_what_is_due(settled: None) -> None:
    with noted() as plans:
        assert list(watch.due(timezone.now())) == []

    [plan] = plans
    assert not reads_all(plan)
    assert "submissions_to_check" in plan
    assert plan.count("submissions_unsettled") == 3


def test_what_is_to_be_mailed(settled: None, settings: Settings) -> None:
    settings.MAILS_PARENTS = True

    with noted() as plans:
        assert news.send_due(at=timezone.now()) == 0

    [plan] = plans
    assert not reads_all(plan)
    assert "submissions_to_mail" in plan


@pytest.mark.parametrize(
    ("query", "index"),
    [({}, "submissions_newest"), ({"needs": "person"}, "submissions_for_staff")],
)
def test_what_staff_look_at(settled: None, staff: User, query: dict[str, str], index: str) -> None:
    browser = Client()
    browser.force_login(staff)

    with noted() as plans:
        shown = browser.get("/admin/orchestrator/registrationsubmission/", query)

    assert shown.status_code == 200
    assert plans
    for plan in plans:
        assert not reads_all(plan)
        assert index in plan
