"""Asking the map…"""

import logging
import socket
import time
import traceback
from typing import Any

import pytest
from pytest_django import Settings

from orchestrator.places import google as maps
from orchestrator.places.contract import SearchUnavailableError
from orchestrator.places.google import Found
from orchestrator.places.question import Question
from orchestrator.tools.mcp import names
from tests.servers.places_server import KEY, PATH, PlacesServer, Script, error, place

pytestmark = pytest.mark.once

WORDS = "canary ski resort"
ASKED = Question(WORDS, (43.1, -89.5))
LONG = b'{"places": [' + b" " * 300_000 + b"]}"
BUSY = Script(status=503, body=error(503, "UNAVAILABLE"))
SPENT = Script(status=429, body=error(429, "RESOURCE_EXHAUSTED"))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second try follow at once."""
    monkeypatch.setattr("orchestrator.tools.mcp.effort.sleep", lambda _: None)


def ask(**how: Any) -> Found:
    asked = maps.configured()
    assert asked is not None
    return asked.search(ASKED, **how)


def failure(**how: Any) -> SearchUnavailableError:
    with pytest.raises(SearchUnavailableError) as caught:
        ask(**how)
    return caught.value


def test_sends_what_google_documents_and_no_more(google: PlacesServer) -> None:
    google.places = [place("Nordic Mountain", website="https://nordic.example/ski")]
    found = ask()

    assert google.paths == [PATH]
    assert google.asked == [
        {
            "textQuery": WORDS,
            "pageSize": 5,
            "languageCode": "en",
            "locationBias": {
                "circle": {"center": {"latitude": 43.1, "longitude": -89.5}, "radius": 50_000.0}
            },
        }
    ]
    sent = google.headers[0]
    assert sent["X-Goog-Api-Key"] == KEY
    mask = "displayName formattedAddress location websiteUri businessStatus attributions"
    assert sent["X-Goog-FieldMask"] == ",".join(f"places.{name}" for name in mask.split())
    assert not {"Authorization", "Cookie"} & set(sent)
    assert (found.attempts, found.http_status) == (1, 200)
    assert [spot["place"]["name"] for spot in found.spots] == ["Nordic Mountain"]
    assert found.spots[0]["place"]["website"] == "https://nordic.example/ski"
    assert found.spots[0]["at"] == (43.47, -89.74)


def test_takes_an_empty_object_for_nothing_found(google: PlacesServer) -> None:
    assert ask().spots == []


@pytest.mark.parametrize(
    ("script", "reason", "tries"),
    [
        (Script(status=500, body=error(500, "INTERNAL")), "unavailable", 2),
        (BUSY, "unavailable", 2),
        (SPENT, "quota", 2),
        (Script(status=429, headers={"Retry-After": "30"}), "quota", 1),
        (Script(status=503, headers={"Retry-After": "1"}), "unavailable", 1),
        (Script(cut=True), "unavailable", 2),
        (Script(status=400, body=error(400, "INVALID_ARGUMENT")), "refused", 1),
        (Script(status=401, body=error(401, "UNAUTHENTICATED")), "key", 1),
        (Script(status=403, body=error(403, "PERMISSION_DENIED")), "key", 1),
        (Script(status=404, body=b"<html>canary</html>"), "refused", 1),
        (Script(status=302, headers={"Location": "https://elsewhere.example/"}), "refused", 1),
        (Script(status=307, headers={"Location": "http://127.0.0.1:9/"}), "refused", 1),
        (Script(body=b"<html>canary</html>"), "bad_response", 1),
        (Script(body=b""), "bad_response", 1),
        (Script(body=b'{"places": ["canary"]}'), "bad_response", 1),
        (Script(body=b"[" * 100_000), "bad_response", 1),
        (Script(body=b'{"a": ' + b"9" * 5000 + b"}"), "bad_response", 1),
        (Script(body=b"\xff\xfe\xff"), "bad_response", 1),
        (Script(body=b"{}", headers={"Content-Encoding": "gzip"}), "bad_response", 1),
        (Script(body=LONG), "bad_response", 1),
        (Script(endless=True), "bad_response", 1),
    ],
)  # fmt: skip
def test_ends_every_failure_alike(
    google: PlacesServer,
    caplog: pytest.LogCaptureFixture,
    script: Script,
    reason: str,
    tries: int,
) -> None:
    google.script(script)
    with caplog.at_level(logging.DEBUG):
        error = failure()

    assert (error.code, error.reason, error.source) == ("search_unavailable", reason, "google")
    assert (google.count, error.attempts) == (tries, tries)
    assert error.http_status == (None if script.cut else script.status)
    ours = [one.getMessage() for one in caplog.records if one.name == "orchestrator.places"]
    assert ours == [f"[Places] Search failed: {reason}"]
    told = caplog.text + "".join(traceback.format_exception(error)) + repr(error)
    assert not [word for word in (KEY, "canary") if word in told]


@pytest.mark.parametrize("script", [BUSY, SPENT, Script(cut=True)])
def test_succeeds_at_the_second_try(google: PlacesServer, script: Script) -> None:
    google.places = [place("Nordic Mountain")]
    google.script(script, times=1)

    found = ask()

    assert (len(found.spots), found.attempts, found.http_status) == (1, 2, 200)
    assert google.asked[0] == google.asked[1]


@pytest.mark.parametrize("script", [Script(silent=True), Script(drip=True)])
def test_holds_its_deadline_whatever_the_other_end_does(
    google: PlacesServer, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    monkeypatch.setattr(maps, "SECONDS", 0.3)
    google.script(script)
    started = time.monotonic()
    error = failure()

    assert time.monotonic() - started < 1.5
    assert (error.reason, google.count) == ("timeout", 1)
    assert error.elapsed_ms >= 290


def test_takes_no_longer_than_it_is_given(google: PlacesServer) -> None:
    google.script(Script(silent=True))
    started = time.monotonic()
    assert failure(seconds=0.2).reason == "timeout"
    assert time.monotonic() - started < 1.5
    assert failure(seconds=-3.0).reason == "timeout"  # the tools took all of it
    assert google.count == 1


def test_says_so_where_nobody_listens(settings: Settings) -> None:
    settings.GOOGLE_PLACES_API_KEY = KEY
    settings.GOOGLE_PLACES_BASE_URL = "http://127.0.0.1:9"
    error = failure()
    assert (error.reason, error.attempts, error.http_status) == ("unavailable", 2, None)


def test_says_so_where_the_key_is_not_taken(google: PlacesServer, settings: Settings) -> None:
    settings.GOOGLE_PLACES_API_KEY = "another-key"
    assert failure().http_status == 400


def test_keeps_its_connection_for_the_next_question(google: PlacesServer) -> None:
    ask()
    ask()
    assert google.count == 2
    assert google.connections <= 1  # none, if an earlier test left it one


def test_asks_nobody_without_a_key(settings: Settings) -> None:
    settings.GOOGLE_PLACES_API_KEY = ""
    assert maps.configured() is None


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_calls_no_address_at_which_no_service_can_be(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = (family, socket.SOCK_STREAM, 0, "", (address, 80))
    monkeypatch.setattr(names, "resolve", lambda *_, **__: [found])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was called"))
    settings.GOOGLE_PLACES_API_KEY, settings.GOOGLE_PLACES_BASE_URL = KEY, "http://map.example"
    assert failure().reason == "unavailable"


def test_takes_neither_proxies_nor_logins_from_the_environment(
    google: PlacesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask().http_status == 200
