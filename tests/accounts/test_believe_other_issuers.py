"""Coming with a token of another issuer…"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import jwks, tokens
from accounts.models import ExternalIdentity, User
from accounts.services import bearers, identities
from accounts.tokens import Claims
from audit.models import MandateAudit
from tests.accounts.conftest import LogIn
from tests.accounts.issuers import (
    EXPIRED,
    PLEASE,
    SECRET,
    UNAVAILABLE,
    Clock,
    ask,
    believe,
    believed,
    refusal,
)
from tests.servers.jwks_server import JwksServer, person

SUB = uuid.UUID(person("")["sub"])
NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def supabase(db: None, settings: Settings) -> Iterator[JwksServer]:
    """Our Supabase project, which signs with keys of its own and with an old secret."""
    with believed(settings, secret=SECRET) as issuer:
        yield issuer


@pytest.fixture
def provider(supabase: JwksServer, settings: Settings) -> JwksServer:
    """The same server as an OpenID provider that is not Supabase; its name ends in a slash."""
    entry = {"issuer": f"{supabase.url}/", "jwks_url": supabase.jwks_url, "audience": "us"}
    believe(settings, others=json.dumps([entry]))
    return supabase


def of_provider(provider: JwksServer, **changes: Any) -> str:
    """Return what an OpenID provider gives to somebody who logs in."""
    now = int(time.time())
    said = {"iss": f"{provider.url}/", "aud": ["us", "them"], "sub": "auth0|5f7c8ec7"}
    return provider.sign(said | {"iat": now, "exp": now + 3600} | changes)


def shared(issuer: str, **changes: Any) -> str:
    """Return a token that was signed with the old secret."""
    return jwt.encode(person(issuer, **changes), SECRET, "HS256")


@pytest.mark.once
def test_believes_either_kind_of_key_and_the_secret(supabase: JwksServer) -> None:
    supabase.rotate("rsa", "RS256", keep=True)
    found = [supabase.sign()]
    supabase.rotate("ec", "ES256", keep=True)
    found += [supabase.sign(), supabase.sign(typ="at+jwt"), shared(supabase.issuer)]

    said = [ask(token).json() for token in found]

    assert said == [{"id": str(SUB), "email": "kim@example.org", "is_staff": False}] * 4
    assert supabase.fetches == 1


@pytest.mark.once
def test_believes_the_secret_alone_whoever_is_named(db: None, settings: Settings) -> None:
    believe(settings, supabase_secret=SECRET)

    assert ask(shared("https://any.example/auth/v1")).status_code == 200
    assert refusal(shared("", iss=None)) == PLEASE


def test_makes_whoever_comes_first_a_parent_and_records_it(supabase: JwksServer) -> None:
    ask(supabase.sign())
    ask(supabase.sign())

    user, row = User.objects.get(), MandateAudit.objects.get()
    assert (user.pk, user.email, user.is_local) == (SUB, "kim@example.org", False)
    assert not user.has_usable_password()
    assert (row.action, row.actor, row.user_id) == ("user_signed_up", f"user:{SUB}", SUB)
    assert row.metadata["method"] == "supabase"
    assert ExternalIdentity.objects.get().issuer == "supabase"


def test_knows_people_of_a_provider_by_issuer_and_subject(provider: JwksServer) -> None:
    ours = ask(of_provider(provider)).json()["id"]
    again = ask(of_provider(provider, email="new@example.org")).json()["id"]
    other = ask(of_provider(provider, sub=str(SUB))).json()["id"]

    identity = ExternalIdentity.objects.get(subject="auth0|5f7c8ec7")
    assert ours == again == str(identity.user_id)
    assert other not in {ours, str(SUB)}, "only Supabase names our ids"
    row = MandateAudit.objects.filter(user_id=ours).get()
    assert row.metadata["method"] == identity.issuer == f"{provider.url}/"


def test_never_finds_anybody_by_e_mail(
    supabase: JwksServer, parent: User, log_in: LogIn, browser: Client
) -> None:
    ask(supabase.sign(supabase.person(email=parent.email)))

    assert ask(supabase.sign()).json()["id"] == str(SUB)
    assert User.objects.filter(email=parent.email).count() == 2
    log_in()
    assert browser.get("/api/v1/me").json()["id"] == str(parent.pk)


@pytest.mark.once
@pytest.mark.parametrize("email", [None, 7, "", "no address", "x" * 250 + "@a.de", "a\nb@c.de"])
def test_takes_no_address_that_is_none(supabase: JwksServer, email: Any) -> None:
    assert ask(supabase.sign(supabase.person(email=email))).json()["email"] == ""


@pytest.mark.once
@pytest.mark.parametrize("said", [{"email_verified": False}, {"email_verified": None}, {}])
def test_takes_no_address_that_its_issuer_does_not_vouch_for(
    provider: JwksServer, said: dict[str, Any]
) -> None:
    token = of_provider(provider, email="kim@example.org", **said)

    assert ask(token).json()["email"] == ""


RIGHTS: dict[str, Any] = {
    "is_staff": True,
    "is_superuser": True,
    "groups": ["auditor", "support"],
    "permissions": ["*"],
    "scope": "admin",
    "app_metadata": {"role": "admin", "is_staff": True, "groups": ["auditor"]},
    "user_metadata": {"role": "admin", "is_staff": True, "is_superuser": True},
}


@pytest.mark.once
def test_gives_nobody_rights_for_what_a_token_says(supabase: JwksServer) -> None:
    assert ask(supabase.sign(supabase.person(**RIGHTS))).json()["is_staff"] is False

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)
    assert not user.get_all_permissions()


@pytest.mark.once
def test_keeps_the_rights_that_somebody_has_here(supabase: JwksServer) -> None:
    ask(supabase.sign())
    User.objects.update(is_staff=True)

    assert ask(supabase.sign(supabase.person(is_staff=False))).json()["is_staff"] is True


def test_adopts_no_account_that_somebody_else_has(supabase: JwksServer, parent: User) -> None:
    User.objects.filter(pk=parent.pk).update(is_staff=True)

    assert refusal(supabase.sign(supabase.person(sub=str(parent.pk)))) == PLEASE

    assert not ExternalIdentity.objects.exists()
    assert not MandateAudit.objects.exists()


def test_refuses_the_disabled_and_those_whose_log_ins_were_ended(supabase: JwksServer) -> None:
    ask(supabase.sign())
    User.objects.update(logins_valid_from=timezone.now() + timedelta(seconds=1))
    assert refusal(supabase.sign()) == EXPIRED

    User.objects.update(logins_valid_from=None, is_active=False)
    assert refusal(supabase.sign()) == EXPIRED


@pytest.mark.once
def test_counts_a_renewed_token_by_its_log_in(supabase: JwksServer) -> None:
    ask(supabase.sign())
    began = int(time.time()) - 60
    User.objects.update(logins_valid_from=timezone.now() - timedelta(seconds=30))
    old = [{"method": "password", "timestamp": began}]

    assert refusal(supabase.sign(supabase.person(amr=old))) == EXPIRED


def test_does_not_let_anybody_in_whose_coming_cannot_be_recorded(
    supabase: JwksServer, broken_ledger: None
) -> None:
    answer = ask(supabase.sign())

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert not User.objects.exists()
    assert not ExternalIdentity.objects.exists()


def test_takes_two_queries_to_know_somebody(
    supabase: JwksServer, parent: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ask(supabase.sign())

    for token in (supabase.sign(), tokens.issue(parent.pk, at=timezone.now())):
        with django_assert_num_queries(2):
            bearers.person_with(token, at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("user_id", [SUB, None], ids=["supabase", "provider"])
def test_makes_one_person_of_two_first_visits_at_once(
    monkeypatch: pytest.MonkeyPatch, user_id: uuid.UUID | None
) -> None:
    now = timezone.now()
    claims = Claims(
        issuer="supabase" if user_id else "https://login.example.org/",
        subject=str(SUB),
        user_id=user_id,
        authenticated_at=now,
        issued_at=now,
        expires_at=now,
        token_id="x",
    )
    both, find = threading.Barrier(2, timeout=30), identities._find
    looked = threading.local()

    def find_together(claims: Claims) -> User | None:
        found = find(claims)
        if not hasattr(looked, "once"):
            looked.once = both.wait()  # neither has seen the other
        return found

    def come() -> uuid.UUID:
        try:
            return identities.person_of(claims, at=now).pk
        finally:
            connection.close()

    monkeypatch.setattr(identities, "_find", find_together)
    with ThreadPoolExecutor(2) as crowd:
        one, other = (crowd.submit(come) for _ in range(2))
        assert one.result(60) == other.result(60)

    assert User.objects.get().identities.count() == 1
    assert MandateAudit.objects.count() == 1


# --- When the person logged in -------------------------------------------------------------------


def reveals(token: str) -> bool:
    """Return whether this log-in is young enough to be shown a saved login (there is none)."""
    client = Client()
    path = f"/api/v1/credentials/{NOBODYS}/reveal"
    header = {"authorization": f"Bearer {token}"}
    answer = client.post(path, {}, content_type="application/json", headers=header)
    assert answer.json()["code"] in {"not_found", "reauthentication_required"}
    return answer.status_code == 404


def ago(minutes: int, method: str = "password") -> dict[str, Any]:
    """Return an entry of Supabase's `amr`."""
    return {"method": method, "timestamp": int(time.time()) - 60 * minutes}


@pytest.mark.once
@pytest.mark.parametrize(
    ("amr", "is_recent"),
    [
        ([("password", 5)], True),
        ([("password", 11)], False),
        ([("password", 600), ("totp", 1)], True),
        ([("totp", 1), ("password", 600)], True),
        ([("password", 600), ("token_refresh", 1)], False),
        ([("token_refresh", 1)], False),
        ([("anonymous", 1)], False),
        ([], False),
        (None, False),
    ],
    ids=str,
)
def test_counts_a_log_in_from_the_newest_proof(
    supabase: JwksServer, amr: list[tuple[str, int]] | None, is_recent: bool
) -> None:
    entries = None if amr is None else [ago(minutes, method) for method, minutes in amr]

    assert reveals(supabase.sign(supabase.person(amr=entries))) is is_recent


@pytest.mark.once
def test_counts_a_log_in_at_a_provider_from_auth_time(provider: JwksServer) -> None:
    now = int(time.time())

    assert reveals(of_provider(provider, auth_time=now - 60, amr=["pwd", "mfa"]))
    assert not reveals(of_provider(provider, auth_time=now - 660))
    assert not reveals(of_provider(provider)), "a fresh `iat` may be a renewed token's"


@pytest.mark.once
def test_allows_for_half_a_minute_between_clocks(supabase: JwksServer) -> None:
    now = timezone.now().replace(microsecond=0)
    with time_machine.travel(now, tick=False):
        token = supabase.sign()
        soon = supabase.sign(supabase.person(nbf=int(now.timestamp()) + 30))
        too_soon = supabase.sign(supabase.person(nbf=int(now.timestamp()) + 31))
        assert ask(soon).status_code == 200
        assert refusal(too_soon) == PLEASE

    with time_machine.travel(now - timedelta(seconds=30), tick=False):
        assert ask(token).status_code == 200
    with time_machine.travel(now - timedelta(seconds=31), tick=False):
        assert refusal(token) == PLEASE
    with time_machine.travel(now + timedelta(seconds=3_629), tick=False):
        assert ask(token).status_code == 200
    with time_machine.travel(now + timedelta(seconds=3_630), tick=False):
        assert refusal(token) == EXPIRED


# --- While keys change, and while they cannot be had ---------------------------------------------


@pytest.mark.once
def test_believes_a_new_key_at_once_and_a_withdrawn_one_no_more(supabase: JwksServer) -> None:
    old = supabase.sign()
    assert ask(old).status_code == 200
    supabase.rotate("second")

    assert ask(supabase.sign()).status_code == 200
    assert refusal(old) == PLEASE


@pytest.mark.once
def test_goes_through_an_outage_of_an_hour_and_then_says_so(
    supabase: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, token = Clock(monkeypatch), supabase.sign()
    ask(token)
    supabase.die()
    clock.forward(3_500)
    assert ask(token).status_code == 200

    clock.forward(200)
    answer = ask(token)
    assert refusal(token) == UNAVAILABLE
    assert int(answer["Retry-After"]) > 0
    assert ask(shared(supabase.issuer)).status_code == 200, "the secret needs nobody"

    supabase.start()
    clock.forward(jwks.PAUSE_SECONDS)
    assert ask(token).status_code == 200
