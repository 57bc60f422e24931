"""Keeping the public keys of an issuer…"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from accounts import jwks
from accounts.jwks import KeySet, KeysUnavailableError, UnknownKeyError
from tests.accounts.issuers import Clock
from tests.servers.hostile import Fault, HostileServer
from tests.servers.jwks_server import JwksServer, private_key, public_jwk, whole_jwk

pytestmark = pytest.mark.once

HOUR = 3_600
CROWD = 20


@pytest.fixture
def issuer() -> Iterator[JwksServer]:
    """An issuer with one key, `first`."""
    with JwksServer() as running:
        yield running


@pytest.fixture
def keys(issuer: JwksServer) -> KeySet:
    """Its keys, not yet asked for."""
    return KeySet(issuer.jwks_url)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the keys are kept by."""
    return Clock(monkeypatch)


def test_asks_once_in_ten_minutes(issuer: JwksServer, keys: KeySet, clock: Clock) -> None:
    for _ in range(3):
        assert keys.find("first", "ES256").key_id == "first"
    clock.forward(599)
    keys.find("first", "ES256")
    assert issuer.fetches == 1

    clock.forward(2)
    keys.find("first", "ES256")
    assert issuer.fetches == 2


def test_counts_what_the_issuer_tells_of_and_nothing_that_was_kept(
    issuer: JwksServer, keys: KeySet, clock: Clock
) -> None:
    assert keys.count() == 1
    issuer.die()
    clock.forward(601)

    assert keys.find("first", "ES256").key_id == "first"
    with pytest.raises(KeysUnavailableError):
        keys.count()


def test_finds_a_new_key_at_once(issuer: JwksServer, keys: KeySet) -> None:
    keys.find("first", "ES256")
    issuer.rotate("second", "RS256")

    assert keys.find("second", "RS256").key_id == "second"
    with pytest.raises(UnknownKeyError):
        keys.find("first", "ES256")


def test_asks_once_in_half_a_minute_for_keys_that_nobody_has(
    issuer: JwksServer, keys: KeySet, clock: Clock
) -> None:
    keys.find("first", "ES256")
    for number in range(50):
        with pytest.raises(UnknownKeyError):
            keys.find(f"invented-{number}", "ES256")
    assert issuer.fetches == 2

    clock.forward(31)
    with pytest.raises(UnknownKeyError):
        keys.find("invented", "ES256")
    assert issuer.fetches == 3


def test_needs_no_id_where_there_is_one_key(issuer: JwksServer, keys: KeySet, clock: Clock) -> None:
    assert keys.find(None, "ES256").key_id == "first"

    issuer.rotate("second", keep=True)
    clock.forward(601)
    with pytest.raises(UnknownKeyError):
        keys.find(None, "ES256")


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none", "ES384"])
def test_never_gives_a_key_for_another_algorithm(keys: KeySet, algorithm: str) -> None:
    with pytest.raises(UnknownKeyError):
        keys.find("first", algorithm)


def test_goes_on_with_the_last_keys_for_an_hour_and_no_longer(
    issuer: JwksServer, keys: KeySet, clock: Clock
) -> None:
    keys.find("first", "ES256")
    issuer.die()
    clock.forward(HOUR - 10)
    assert keys.find("first", "ES256").key_id == "first"

    clock.forward(20)
    for _ in range(2):
        with pytest.raises(KeysUnavailableError):
            keys.find("first", "ES256")

    issuer.start()
    clock.forward(jwks.PAUSE_SECONDS)
    assert keys.find("first", "ES256").key_id == "first"


def test_cannot_say_in_an_outage_that_a_new_key_is_none(
    issuer: JwksServer, keys: KeySet, clock: Clock
) -> None:
    keys.find("first", "ES256")
    issuer.die()

    for _ in range(2):
        with pytest.raises(KeysUnavailableError):
            keys.find("second", "ES256")
        with pytest.raises(UnknownKeyError):
            keys.find("first", "RS256")
    assert keys.find("first", "ES256").key_id == "first"

    issuer.rotate("second")
    issuer.start()
    clock.forward(jwks.PAUSE_SECONDS)
    assert keys.find("second", "ES256").key_id == "second"


def test_is_told_when_there_are_no_keys_at_all(keys: KeySet, issuer: JwksServer) -> None:
    issuer.say({"keys": []})  # a project that still signs with its secret

    with pytest.raises(UnknownKeyError):
        keys.find("first", "ES256")


def of_rsa(*said: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Return how to make keys that say so; not made yet, for every worker collects, and RSA is slow."""
    return lambda: {
        "keys": [public_jwk(private_key("rsa", "RS256"), kid="first") | one for one in said]
    }


GARBAGE: dict[str, Any] = {
    "html": b"<html>",
    "nothing": b"",
    "number": b"7",
    "list": b"[]",
    "no-keys": b"{}",
    "null-keys": b'{"keys": null}',
    "words": {"keys": ["x", 7, None, []]},
    "odd-members": {"keys": [{"kty": ["EC"]}, {"kty": "EC", "crv": {}, "x": 1, "y": []}]},
    "odd-kid": of_rsa({"kid": {}}),
    "odd-alg": of_rsa({"alg": ["RS256"]}),
    "odd-use": of_rsa({"use": {"x": 1}}),
    "odd-ops": of_rsa({"key_ops": 7}),
    "odd-n": of_rsa({"n": 7}, {"n": "!"}, {"e": None}),
    "for-encryption": of_rsa({"use": "enc"}),
    "for-signing": of_rsa({"key_ops": ["sign"]}),
    "a-secret": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "HS256"}]},
    "private": {"keys": [whole_jwk("first")]},
    "deep": b"[" * 100_000,
    "latin": b'{"keys": "\xff"}',
    "large": b" " * 300_000 + b'{"keys": []}',
    "many": {"keys": [{}] * 101},
}


@pytest.mark.parametrize("body", [pytest.param(one, id=name) for name, one in GARBAGE.items()])
def test_takes_garbage_for_an_outage(
    issuer: JwksServer, keys: KeySet, clock: Clock, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    keys.find("first", "ES256")
    issuer.say(body() if callable(body) else body)
    clock.forward(601)

    assert keys.find("first", "ES256").key_id == "first"
    assert issuer.fetches == 2
    assert "cannot be had" in caplog.text
    clock.forward(HOUR)
    with pytest.raises(KeysUnavailableError):
        keys.find("first", "ES256")


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_takes_no_keys_from_an_error(issuer: JwksServer, keys: KeySet, status: int) -> None:
    issuer.say(json.loads(issuer.tell_the_truth()[2]), status)

    with pytest.raises(KeysUnavailableError):
        keys.find("first", "ES256")


def test_follows_no_redirect(issuer: JwksServer, keys: KeySet) -> None:
    with JwksServer() as other:
        issuer.say(b"", 302, Location=other.jwks_url)

        with pytest.raises(KeysUnavailableError):
            keys.find("first", "ES256")

        assert other.fetches == 0


def test_takes_no_proxy_from_the_environment(keys: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert keys.find("first", "ES256")


@pytest.mark.parametrize(
    "fault",
    [Fault.SILENCE, Fault.STATUS_DRIP, Fault.HEADER_DRIP, Fault.BODY_DRIP, Fault.CHUNK_DRIP],
)
def test_waits_for_no_answer_that_never_ends(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.3)
    began = monotonic()
    with HostileServer(fault) as server:
        keys = KeySet(server.url)

        with pytest.raises(KeysUnavailableError):
            keys.find("first", "ES256")

        assert monotonic() - began < 2
        for thread in threading.enumerate():
            if thread.name == "jwks":
                thread.join(30)
        assert not any(thread.name == "jwks" for thread in threading.enumerate())


def test_asks_once_for_a_crowd(issuer: JwksServer, keys: KeySet) -> None:
    issuer.gate.clear()
    with ThreadPoolExecutor(CROWD) as crowd:
        found = [crowd.submit(keys.find, "first", "ES256") for _ in range(CROWD)]
        assert issuer.asked.wait(10)
        issuer.gate.set()

        assert {one.result(10).key_id for one in found} == {"first"}

    assert issuer.fetches == 1


def test_lets_nobody_wait_for_an_issuer_that_is_slow_while_there_are_keys(
    issuer: JwksServer, keys: KeySet, clock: Clock
) -> None:
    keys.find("first", "ES256")
    clock.forward(601)
    issuer.asked.clear()
    issuer.gate.clear()
    with ThreadPoolExecutor(1) as crowd:
        asking = crowd.submit(keys.find, "first", "ES256")
        assert issuer.asked.wait(10)

        for _ in range(CROWD):
            assert keys.find("first", "ES256").key_id == "first"
        assert not asking.done()

        issuer.gate.set()
        assert asking.result(10).key_id == "first"
    assert issuer.fetches == 2


def test_asks_again_only_after_a_pause(issuer: JwksServer, keys: KeySet, clock: Clock) -> None:
    issuer.say(b"", 503)
    for _ in range(CROWD):
        with pytest.raises(KeysUnavailableError):
            keys.find("first", "ES256")
    assert issuer.fetches == 1

    clock.forward(jwks.PAUSE_SECONDS)
    with pytest.raises(KeysUnavailableError):
        keys.find("first", "ES256")
    assert issuer.fetches == 2
