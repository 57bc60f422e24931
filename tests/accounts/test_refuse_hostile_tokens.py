"""Tokens that somebody made up, bent, or was given for something else…"""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import external_tokens, lanes, tokens
from accounts.models import ExternalIdentity, User
from audit.models import MandateAudit
from tests.accounts.hostile_tokens import CASES, Build, Forge, Refusal
from tests.accounts.issuers import PLEASE, SECRET, ask, believe, believed, refusal
from tests.servers.jwks_server import JwksServer, person, private_key

pytestmark = pytest.mark.once

REFUSED = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "Please log in.",
    "code": "not_authenticated",
    "retryable": False,
    "cta": [],
    "redirect": "/auth",
    "request_id": None,
}


@pytest.fixture
def forge(db: None, settings: Settings) -> Iterator[Forge]:
    """Our Supabase with both its lanes, and an attacker who names their key like its."""
    with believed(settings, secret=SECRET) as issuer, JwksServer() as attacker:
        attacker.keys = {"first": private_key("of the attacker")}
        yield Forge(issuer, attacker)


@pytest.mark.parametrize(
    ("build", "expected"), [pytest.param(*one, id=name) for name, one in CASES.items()]
)
def test_get_nobody_in_and_leave_no_trace(
    forge: Forge, caplog: pytest.LogCaptureFixture, build: Build, expected: Refusal
) -> None:
    token = build(forge)

    answer = ask(token)
    said = answer.json()

    assert (answer.status_code, said["code"], said["detail"]) == expected
    if expected == PLEASE:
        assert said | {"request_id": None} == REFUSED, "one text for all causes"
        assert answer["WWW-Authenticate"] == 'Bearer realm="signupassist", error="invalid_token"'
    assert forge.attacker.fetches == 0
    assert forge.issuer.fetches <= 2
    assert not User.objects.exists()
    assert not ExternalIdentity.objects.exists()
    assert not MandateAudit.objects.exists()
    assert "Traceback" not in caplog.text
    assert [piece for piece in token.split(".") if len(piece) > 40 and piece in caplog.text] == []


def test_would_have_been_believed_unbent(forge: Forge) -> None:
    large = forge.signed(forge.claims(user_metadata={"x": "x" * 5_000}))

    for token in (forge.signed(forge.claims()), forge.hs256(forge.claims()), large):
        assert ask(token).status_code == 200


def test_make_us_ask_the_issuer_once_however_many_keys_they_invent(forge: Forge) -> None:
    ask(forge.signed(forge.claims()))

    for number in range(50):
        assert refusal(forge.by(forge.attacker, forge.claims(), kid=f"k{number}")) == PLEASE

    assert forge.issuer.fetches == 2
    assert ask(forge.signed(forge.claims())).status_code == 200


def test_find_no_weak_key_of_use(forge: Forge) -> None:
    weak = private_key("weak", "RS256", bits=1024)
    forge.issuer.keys = {"weak": weak}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(forge.claims(), weak, "RS256", {"kid": "weak"})

    assert refusal(token) == PLEASE


def test_find_no_secret_where_only_public_keys_are_known(forge: Forge, settings: Settings) -> None:
    believe(settings, supabase_url=forge.issuer.url)

    assert refusal(forge.hs256(forge.claims())) == PLEASE
    assert refusal(forge.hs256(forge.claims(), forge.public(Encoding.PEM))) == PLEASE
    assert forge.issuer.fetches == 0


@pytest.mark.parametrize("iss", [7, None, ["x"], {}])
def test_have_to_name_somebody_where_the_secret_alone_is_known(
    forge: Forge, settings: Settings, iss: Any
) -> None:
    believe(settings, supabase_secret=SECRET)

    assert refusal(forge.hs256(forge.claims() | {"iss": iss})) == PLEASE


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = st.sampled_from([*person(""), "auth_time", "nbf", "sid", "jti", "email_verified", "typ"])


@of_hypothesis(max_examples=50)
@given(changes=st.dictionaries(NAMES, JUNK, min_size=1, max_size=4))
@override_settings(
    AUTH_LANES=lanes.read(supabase_url="", supabase_secret=SECRET, others="", strict=True)
)
def test_end_in_a_refusal_or_in_claims_and_in_nothing_else(changes: dict[str, Any]) -> None:
    known = external_tokens.TokenNotForPeopleError, tokens.TokenInvalidError
    payload = json.dumps(person("https://any.example") | changes).encode()
    token = jwt.api_jws.encode(payload, SECRET, "HS256")
    try:
        said = external_tokens.verify(token, tokens.glance(token), at=timezone.now())
    except (*known, tokens.TokenExpiredError):
        return
    assert said.issuer == "supabase"
