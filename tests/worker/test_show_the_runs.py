"""The runs of the background jobs in the admin…"""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sessions_store.models import JobRun

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE = reverse("admin:sessions_store_jobrun_changelist")


@pytest.fixture
def runs(noon: datetime) -> list[JobRun]:
    """Return one run that is done and one that died."""
    return [
        JobRun.objects.create(
            job=job,
            outcome=outcome,
            detail=f"detail of {job}",
            host="h",
            process=7,
            started_at=noon,
        )
        for job, outcome in (("beat", "done"), ("cleanup_sessions", "died"))
    ]


@pytest.fixture
def browser(staff: User) -> Client:
    """A browser in which staff are logged in."""
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", [1, 0]), ("?outcome=died", [1]), ("?job=beat", [0]), ("?job=beat&outcome=died", [])],
)
def test_are_listed_newest_first_and_by_job_and_outcome(
    browser: Client, runs: list[JobRun], query: str, shown: list[int]
) -> None:
    page = browser.get(PAGE + query)

    assert page.status_code == 200
    assert [run.pk for run in page.context["cl"].result_list] == [runs[index].pk for index in shown]
    assert all(runs[index].detail in page.content.decode() for index in shown)


def test_can_be_read_and_nothing_else(browser: Client, runs: list[JobRun]) -> None:
    one = reverse("admin:sessions_store_jobrun_change", args=[runs[0].pk])

    assert browser.get(one).status_code == 200
    assert browser.post(one, {"outcome": "failed"}).status_code == 403
    assert browser.post(one.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert browser.get(reverse("admin:sessions_store_jobrun_add")).status_code == 403
    assert list(JobRun.objects.order_by("pk").values_list("outcome", flat=True)) == ["done", "died"]


def test_are_not_for_parents(client: Client, parent: User, runs: list[JobRun]) -> None:
    client.force_login(parent)

    assert client.get(PAGE).status_code in (302, 403)
