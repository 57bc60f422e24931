"""Deleting an account…"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIClient

from accounts import tokens
from accounts.authentication import JWTAuthentication, Login
from accounts.models import ExternalIdentity, User
from accounts.services import endings, identities
from accounts.tokens import Claims
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials.models import RevealBudget, StoredCredential
from orchestrator.models import IdempotencyKey, RegistrationSubmission, SubmissionStatus
from orchestrator.services import leaving
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.orchestrator.chat import Chat

PASSWORD = "a long pass phrase"
PATH = "/auth/security/delete"
STILL_UNCLEAR = "We are still checking whether one of your registrations went through."
EXPIRED = "Your session expired. Please log in again."
KEPT = {MandateAudit, RegistrationSubmission}
LOGIN = {
    "alias": "Ski club",
    "provider": "skiclubpro",
    "email": "pat@example.com",
    "password": "canary-pass",
}

Answer = Any


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    """Forget who tried to log in."""
    cache.clear()


@pytest.fixture
def browser(parent: User) -> Client:
    """A browser in which the parent has just logged in."""
    client = Client(enforce_csrf_checks=True)
    client.get("/auth")
    token = client.cookies["csrftoken"].value
    typed = {"login": parent.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/auth", typed).status_code == 302
    return client


def press_delete(browser: Client, password: str = PASSWORD) -> Answer:
    browser.get("/auth/security/password")  # some page with a token
    token = browser.cookies["csrftoken"].value
    return browser.post(PATH, {"password": password, "csrfmiddlewaretoken": token})


@pytest.fixture
def full(chat: Chat, parent: User, noon: datetime) -> Chat:
    """A parent of whom there is everything that there can be."""
    chat.walk_to("completed")
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton", **{"Idempotency-Key": "once"})
    EmailAddress.objects.create(user=parent, email=parent.email, primary=True)
    ExternalIdentity.objects.create(user=parent, issuer="https://id.example", subject="pat")
    RevealBudget.objects.create(user=parent, hour=noon, spent=1)
    LogEntry.objects.create(
        user=User.objects.create_user("alex@example.com", is_staff=True),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(parent.pk),
        object_repr=parent.email,
        action_flag=CHANGE,
    )
    return chat


def traces_of(person: User) -> list[str]:
    """Return every table, but those that are kept, in which something still names this person."""
    words = (str(person.pk), person.pk.hex, person.email)
    found = {
        model._meta.db_table
        for model in apps.get_models()
        for row in model._base_manager.values()
        if model not in KEPT and any(word in str(row) for word in words)
    }
    return sorted(found)


def test_leaves_nothing_that_names_the_person(full: Chat, browser: Client, parent: User) -> None:
    before = traces_of(parent)
    assert {"users", "stored_credentials", "agentic_checkout_sessions", "idempotency_keys"} < {
        *before
    }

    answer = press_delete(browser)

    assert (answer.status_code, answer["Location"]) == (302, "/auth")
    assert "Your account is deleted." in browser.get("/auth").content.decode()
    assert traces_of(parent) == []
    for model in (StoredCredential, AgenticCheckoutSession, SessionTurn, IdempotencyKey):
        assert not model._base_manager.exists(), model


def test_is_recorded_and_keeps_the_trail_which_names_nobody(
    full: Chat, browser: Client, parent: User
) -> None:
    before = MandateAudit.objects.filter(user_id=parent.pk).count()

    press_delete(browser)

    row = MandateAudit.objects.get(action="user_deleted")
    trail = MandateAudit.objects.filter(user_id=parent.pk)
    assert (row.user_id, row.actor) == (parent.pk, f"user:{parent.pk}")
    assert row.metadata | {"logins": 1, "signups": 2} == row.metadata
    assert trail.count() == before + 1
    assert parent.email not in str(list(trail.values()))
    assert "Emma" not in str(list(trail.values()))


def test_keeps_the_receipts_without_what_was_typed(
    full: Chat, browser: Client, parent: User
) -> None:
    receipts = RegistrationSubmission.objects.for_user(parent.pk)
    receipts.update(message="Welcome, Emma!", response={"message": "Welcome, Emma!"})
    reference = receipts.get().confirmation_ref

    press_delete(browser)

    receipt = receipts.get()
    assert (receipt.status, receipt.confirmation_ref) == (SubmissionStatus.CONFIRMED, reference)
    assert reference
    assert (receipt.message, receipt.response, receipt.sealed_request) == ("", None, "")
    assert "Emma" not in str(vars(receipt))


def test_leaves_everybody_else_alone(full: Chat, browser: Client, stranger: User) -> None:
    other = Chat(stranger)
    other.walk_to("form_fill")

    press_delete(browser)

    assert other.read()["step"] == "form_fill"
    assert StoredCredential.objects.for_user(stranger.pk).count() == 1


def test_ends_every_log_in_at_the_next_request(browser: Client, parent: User) -> None:
    bearer = {"authorization": f"Bearer {tokens.issue(parent.pk, at=timezone.now())}"}
    elsewhere = Client()
    elsewhere.force_login(parent)
    assert Client().get("/api/v1/me", headers=bearer).status_code == 200

    press_delete(browser)

    for answer in (elsewhere.get("/api/v1/me"), Client().get("/api/v1/me", headers=bearer)):
        assert (answer.status_code, answer.json()["detail"]) == (401, EXPIRED)


def test_leaves_the_e_mail_free(browser: Client, parent: User) -> None:
    press_delete(browser)

    assert User.objects.create_user(parent.email, PASSWORD).pk != parent.pk


def test_lets_no_old_token_of_an_issuer_bring_the_account_back(full: Chat, parent: User) -> None:
    deleted = timezone.now()
    leaving.delete_account(user_id=parent.pk, at=deleted)

    assert endings.has_ended(proved(deleted - timedelta(minutes=5)))
    assert not endings.has_ended(proved(deleted + timedelta(seconds=1))), "to begin anew is fine"
    renewed = replace(proved(deleted + timedelta(seconds=1)), authenticated_at=None)
    assert endings.has_ended(renewed), "it does not tell when anybody logged in"


def test_lets_no_request_under_way_bring_the_account_back(full: Chat, parent: User) -> None:
    leaving.delete_account(user_id=parent.pk, at=timezone.now())

    with pytest.raises(endings.LoginEndedError):
        identities.person_of(proved(timezone.now() - timedelta(minutes=5)), at=timezone.now())
    assert not User.objects.filter(pk=parent.pk).exists()
    assert not ExternalIdentity.objects.filter(subject="pat").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "body"), [("sessions", {}), ("credentials", LOGIN)])
def test_ends_what_was_begun_before_it(
    parent: User, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, str]
) -> None:
    check = JWTAuthentication.authenticate

    def slow(self: JWTAuthentication, request: Request) -> Any:
        found = check(self, request)
        leaving.delete_account(user_id=parent.pk, at=timezone.now())
        return found

    monkeypatch.setattr(JWTAuthentication, "authenticate", slow)
    token = tokens.issue(parent.pk, at=timezone.now())
    answer = Client().post(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


def proved(at: datetime) -> Claims:
    """Return what a token of that person says who logged in at this time."""
    return Claims(
        issuer="https://id.example",
        subject="pat",
        user_id=None,
        authenticated_at=at,
        issued_at=at,
        expires_at=at + timedelta(hours=1),
        token_id="one",
    )


@pytest.mark.parametrize("status", ["intent", "sent", "outcome_unknown", "needs_operator"])
def test_waits_until_it_is_known_what_became_of_a_registration(
    full: Chat, browser: Client, parent: User, status: str
) -> None:
    RegistrationSubmission.objects.for_user(parent.pk).update(status=status)

    answer = press_delete(browser)

    assert answer.status_code == 409
    assert STILL_UNCLEAR in answer.content.decode()
    assert StoredCredential.objects.for_user(parent.pk).exists()
    assert not MandateAudit.objects.filter(action="user_deleted").exists()
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("status", ["waitlisted", "rejected", "not_created"])
def test_waits_for_nothing_that_is_settled(
    full: Chat, browser: Client, parent: User, status: str
) -> None:
    RegistrationSubmission.objects.for_user(parent.pk).update(status=status)

    assert press_delete(browser).status_code == 302


def test_asks_first_and_says_what_goes(browser: Client, parent: User) -> None:
    page = browser.get(PATH).content.decode()

    assert "deleted for good" in page
    assert "It does not name you." in page
    assert User.objects.filter(pk=parent.pk).exists()


def test_needs_the_password(browser: Client, parent: User) -> None:
    answer = press_delete(browser, password="not this one")

    assert answer.status_code == 200
    assert "That password does not match." in answer.content.decode()
    assert User.objects.filter(pk=parent.pk).exists()
    assert MandateAudit.objects.latest("created_at").action == "user_login_failed"


def test_needs_a_log_in_of_the_last_ten_minutes(browser: Client, parent: User) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        way = f"/auth/reauthenticate?next={PATH}"
        assert browser.get(PATH)["Location"] == way
        assert press_delete(browser)["Location"] == way
    assert User.objects.filter(pk=parent.pk).exists()


def test_needs_a_log_in_and_the_token_of_the_page(browser: Client, parent: User) -> None:
    assert browser.post(PATH, {"password": PASSWORD}).status_code == 403
    assert Client().post(PATH, {"password": PASSWORD})["Location"] == f"/auth?next={PATH}"
    assert User.objects.filter(pk=parent.pk).exists()


def test_does_not_happen_where_it_cannot_be_recorded(
    full: Chat, browser: Client, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(leaving, "record", refuse)
    before = traces_of(parent)

    assert press_delete(browser).status_code == 503

    assert traces_of(parent) == before
    assert browser.get("/api/v1/me").status_code == 200


# --- By the API ----------------------------------------------------------------------------------


def client_of(person: User, *, since: timedelta = timedelta(0)) -> APIClient:
    """Return a client whose log-in is so old."""
    client = APIClient()
    client.force_authenticate(person, Login("jwt", timezone.now() - since))  # type: ignore[arg-type]
    return client


def test_takes_the_password_by_the_api_too(full: Chat, parent: User) -> None:
    client = client_of(parent)
    without, wrong, good = (
        client.delete("/api/v1/me", body)
        for body in ({}, {"password": "not this one"}, {"password": PASSWORD})
    )

    for refused in (without, wrong):
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert refused.json()["errors"] == {"password": ["That password does not match."]}
    assert good.status_code == 204
    assert traces_of(parent) == []


def test_asks_no_password_of_whoever_has_none_here(parent: User) -> None:
    User.objects.filter(pk=parent.pk).update(is_local=False)
    parent.refresh_from_db()

    old = client_of(parent, since=timedelta(minutes=11)).delete("/api/v1/me")
    fresh = client_of(parent).delete("/api/v1/me")

    assert (old.status_code, old.json()["code"]) == (403, "reauthentication_required")
    assert fresh.status_code == 204
    assert not User.objects.filter(pk=parent.pk).exists()


def test_says_by_the_api_why_it_has_to_wait(full: Chat, parent: User) -> None:
    RegistrationSubmission.objects.for_user(parent.pk).update(status="outcome_unknown")

    answer = client_of(parent).delete("/api/v1/me", {"password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "submission_in_progress")
    assert answer.json()["detail"].startswith(STILL_UNCLEAR)


def test_takes_no_field_that_it_does_not_know(parent: User) -> None:
    answer = client_of(parent).delete("/api/v1/me", {"password": PASSWORD, "user_id": "1"})

    assert answer.status_code == 400
    assert User.objects.filter(pk=parent.pk).exists()
