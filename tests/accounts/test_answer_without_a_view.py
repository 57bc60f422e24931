"""Answering where no view could…"""

from collections.abc import Callable

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from signupassist import pages
from tests.accounts.conftest import post_form

pytestmark = [pytest.mark.urls("tests.accounts.urls"), pytest.mark.once]

WENT_WRONG = "Something went wrong. Please try again."


@pytest.fixture
def careless() -> Client:
    """A client that looks at the answer to a crash instead of raising it."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def test_shows_a_page_for_a_path_that_leads_nowhere(careless: Client) -> None:
    answer = careless.get("/nowhere")

    assert answer.status_code == 404
    assert "We could not find that." in answer.content.decode()


def test_shows_a_page_for_a_crash_and_none_of_its_insides(careless: Client) -> None:
    answer = careless.get("/crash")

    text = answer.content.decode()
    assert answer.status_code == 500
    assert WENT_WRONG in text
    assert "canary" not in text
    assert "Traceback" not in text


def test_shows_a_page_for_a_form_without_its_token(careless: Client) -> None:
    answer = careless.post("/auth", {})

    assert answer.status_code == 403
    assert "Please reload it and try again." in answer.content.decode()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda r: pages.handler400(r, BadRequest("canary")), 400),
        (lambda r: pages.handler403(r, PermissionDenied("canary")), 403),
        (lambda r: pages.handler404(r, Http404("canary")), 404),
        (lambda r: pages.handler429(r), 429),
        (lambda r: pages.handler500(r), 500),
        (lambda r: pages.csrf_failure(r, reason="canary"), 403),
    ],
)
def test_asks_no_database_and_needs_no_inline_code(
    rf: RequestFactory, answer: Callable[[HttpRequest], HttpResponse], status: int
) -> None:
    page = answer(rf.get("/somewhere"))  # no `db`: a query would fail the test

    text = page.content.decode()
    assert page.status_code == status
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "canary" not in text
    assert "<script" not in text
    assert "style=" not in text
    assert "<style" not in text


@pytest.mark.parametrize(
    ("method", "path", "code", "status", "detail"),
    [
        ("get", "/api/v1/nowhere", "not_found", 404, "We could not find that."),
        ("get", "/api/v1/crash", "internal_error", 500, WENT_WRONG),
    ],
)
def test_answers_programs_with_a_problem(
    careless: Client, method: str, path: str, code: str, status: int, detail: str
) -> None:
    answer = getattr(careless, method)(path)

    said = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, said["code"], said["status"]) == (status, code, status)
    assert said["detail"] == detail


def test_answers_programs_without_their_csrf_token_with_a_problem(rf: RequestFactory) -> None:
    answer = pages.csrf_failure(rf.post("/api/v1/sessions"), reason="canary")

    assert answer["Content-Type"] == "application/problem+json"
    assert b'"csrf_failed"' in answer.content
    assert b"canary" not in answer.content


def test_shows_a_page_to_somebody_who_is_too_fast(
    db: None, careless: Client, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    post_form(careless, "/auth", {"login": "pat@example.com", "password": "a guess"})

    answer = post_form(careless, "/auth", {"login": "pat@example.com", "password": "a guess"})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Too many requests. Please wait a moment." in answer.content.decode()
