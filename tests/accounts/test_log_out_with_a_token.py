"""Logging out with a bearer token (`POST /api/v1/auth/logout`)…"""

import base64
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import tokens
from accounts.models import EndedLogin, ExternalIdentity, User
from accounts.services import bearers, endings
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.accounts.conftest import LogIn
from tests.accounts.issuers import EXPIRED, PLEASE, ask, believe, believed, refusal
from tests.servers.jwks_server import JwksServer

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def supabase(db: None, settings: Settings) -> Iterator[JwksServer]:
    """Our Supabase project."""
    with believed(settings) as issuer:
        yield issuer


@pytest.fixture
def provider(supabase: JwksServer, settings: Settings) -> JwksServer:
    """The same server as another OpenID provider."""
    entry = {"issuer": supabase.url, "jwks_url": supabase.jwks_url, "audience": "us"}
    believe(settings, others=json.dumps([entry]))
    return supabase


def of_provider(provider: JwksServer, **changes: Any) -> str:
    """Return a token of somebody who logged in at the provider; each is another."""
    now = int(time.time())
    said = {"iss": provider.url, "aud": "us", "sub": "kim", "iat": now, "exp": now + 3600}
    return provider.sign(said | changes)


def log_out(token: str, body: Any = None) -> "Answer":
    """Return the answer to a log-out with this token."""
    client = Client(raise_request_exception=False)
    return client.post(
        "/api/v1/auth/logout",
        body or {},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )


def test_ends_the_token_and_no_other_and_records_it(parent: User) -> None:
    token, other = (tokens.issue(parent.pk, at=timezone.now()) for _ in range(2))

    answer = log_out(token)

    row = MandateAudit.objects.get()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (row.action, row.user_id, row.actor) == (
        "user_logged_out",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert row.metadata["method"] == "jwt"
    assert refusal(token) == EXPIRED
    assert log_out(token).status_code == 401, "there is nothing left to end"
    assert ask(other).status_code == 200
    assert MandateAudit.objects.count() == 1


def test_ends_the_session_at_supabase_with_all_its_renewed_tokens(supabase: JwksServer) -> None:
    began = int(time.time()) - 60
    proof = [{"method": "password", "timestamp": began}]
    log_out(supabase.sign(supabase.person(amr=proof, iat=began)))

    renewed = supabase.sign(supabase.person(amr=proof))
    renewed_again = supabase.sign(supabase.person(amr=None))
    another = supabase.sign(supabase.person(amr=proof, session_id="another"))
    logged_in_anew = [{"method": "password", "timestamp": int(time.time()) + 2}]

    assert refusal(renewed) == EXPIRED
    assert refusal(renewed_again) == EXPIRED
    assert ask(another).status_code == 200
    assert ask(supabase.sign(supabase.person(amr=logged_in_anew))).status_code == 200


@pytest.mark.once
def test_ends_the_session_at_a_provider(provider: JwksServer) -> None:
    log_out(of_provider(provider, sid="s", jti="1"))

    assert refusal(of_provider(provider, sid="s", jti="2")) == EXPIRED
    assert ask(of_provider(provider, sid="t", jti="2")).status_code == 200


@pytest.mark.once
def test_ends_a_token_that_names_neither_itself_nor_a_session(provider: JwksServer) -> None:
    token, other = of_provider(provider), of_provider(provider, exp=int(time.time()) + 99)
    assert ask(twin(token)).status_code == 200, "ES256 lets anybody write a second signature"

    log_out(token)

    assert refusal(token) == EXPIRED
    assert refusal(twin(token)) == EXPIRED
    assert ask(other).status_code == 200


def twin(token: str) -> str:
    """Return the same token with the other signature that its key would also have made."""
    head, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    s = ORDER_OF_P256 - int.from_bytes(raw[32:], "big")
    other = base64.urlsafe_b64encode(raw[:32] + s.to_bytes(32, "big"))
    return f"{head}.{other.rstrip(b'=').decode()}"


@pytest.mark.once
def test_takes_tokens_and_no_cookies(log_in: LogIn, browser: Client) -> None:
    log_in()

    answer = browser.post("/api/v1/auth/logout")

    assert (answer.status_code, answer.json()["code"]) == (401, PLEASE[1])
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.once
def test_takes_nothing_besides(parent: User) -> None:
    token = tokens.issue(parent.pk, at=timezone.now())

    answer = log_out(token, {"everywhere": True})

    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"everywhere"})
    assert ask(token).status_code == 200


def test_does_not_happen_where_it_cannot_be_recorded(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.issue(parent.pk, at=timezone.now())

    def refuse(**kwargs: Any) -> None:
        raise AuditUnavailableError

    with monkeypatch.context() as broken:
        broken.setattr("audit.services.record", refuse)
        assert log_out(token).status_code == 503

    assert ask(token).status_code == 200


@pytest.mark.once
def test_keeps_nothing_that_tells_who_it_was(supabase: JwksServer) -> None:
    log_out(supabase.sign(supabase.person(jti="canary-token", session_id="canary-session")))

    rows = list(EndedLogin.objects.all())
    assert len(rows) == 2
    assert all(len(row.key) == 64 and set(row.key) <= set("0123456789abcdef") for row in rows)
    assert "canary" not in json.dumps([row.metadata for row in MandateAudit.objects.all()])


def test_forgets_what_is_too_old_to_matter(parent: User, noon: datetime) -> None:
    with time_machine.travel(noon, tick=False):
        log_out(tokens.issue(parent.pk, at=timezone.now()))
        assert EndedLogin.objects.get().forget_at == noon + timedelta(minutes=61)

    with time_machine.travel(noon + timedelta(minutes=60), tick=False):
        log_out(tokens.issue(parent.pk, at=timezone.now()))
        assert EndedLogin.objects.count() == 2

    with time_machine.travel(noon + timedelta(minutes=61), tick=False):
        log_out(tokens.issue(parent.pk, at=timezone.now()))
        assert EndedLogin.objects.count() == 2


# --- What ends without a log-out -----------------------------------------------------------------


def test_brings_no_deleted_account_back_with_an_old_token(supabase: JwksServer) -> None:
    token = supabase.sign()
    ask(token)
    identity = ExternalIdentity.objects.get()
    at = timezone.now() + timedelta(seconds=1)
    with transaction.atomic():
        endings.end_subject(issuer=identity.issuer, subject=identity.subject, at=at)
        User.objects.all().delete()

    renewed = supabase.person(iat=int(time.time()) + 3)  # by its `amr` it is no new log-in
    assert refusal(token) == EXPIRED
    assert refusal(supabase.sign(renewed)) == EXPIRED
    assert not User.objects.exists()

    new = supabase.person(amr=[{"method": "password", "timestamp": int(time.time()) + 3}])
    assert ask(supabase.sign(new)).status_code == 200
    assert User.objects.get().identities.get().subject == identity.subject


def test_tells_log_ins_of_one_second_apart(parent: User, noon: datetime) -> None:
    before, after = (tokens.issue(parent.pk, at=noon + timedelta(milliseconds=ms)) for ms in (1, 9))
    parent.logins_valid_from = noon + timedelta(milliseconds=5)
    parent.save()

    with pytest.raises(endings.LoginEndedError):
        bearers.person_with(before, at=noon)
    assert bearers.person_with(after, at=noon)[0] == parent
