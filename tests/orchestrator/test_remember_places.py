"""Remembering what the map answered…"""

from types import SimpleNamespace

import pytest

from accounts.models import User
from tests.orchestrator.chat import Chat
from tests.orchestrator.places.looking import DOWN, MADISON, UNKNOWN, calls_recorded, say_from
from tests.servers.places_server import PlacesServer, place

CACHE = "orchestrator.places.cache.cache"


def test_asks_once_for_two_people_who_look_for_the_same(
    chat: Chat, stranger: User, google: PlacesServer
) -> None:
    google.places = [place("Nordic Mountain", at=(44.18, -89.15))]
    other = Chat(stranger)
    chat.begin()
    other.begin()
    mine = say_from(chat, UNKNOWN, MADISON)
    theirs = say_from(other, UNKNOWN.upper(), {"lat": 43.11, "lng": -89.41})

    assert google.count == 1
    assert mine["cards"][0]["title"] == theirs["cards"][0]["title"] == "Nordic Mountain"
    assert (
        mine["cards"][0]["subtitle"] != theirs["cards"][0]["subtitle"]
    )  # each from where they are
    asked, known = (told for _, told in calls_recorded() if told["source"] == "google")
    assert (asked["attempts"], asked["http_status"], asked["server"]) == (1, 200, "127.0.0.1")
    assert (known["attempts"], known["http_status"], known["server"]) == (0, None, None)
    assert known["argument_digest"] == asked["argument_digest"]

    chat.begin()
    say_from(chat, UNKNOWN, {"lat": 40.0, "lng": -89.4})
    chat.begin()
    chat.say(UNKNOWN)
    assert google.count == 3  # another region, and none


@pytest.mark.once
def test_keeps_no_failure_and_an_empty_answer_for_a_shorter_time(
    chat: Chat, google: PlacesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    noting = SimpleNamespace(get=lambda _: None, set=lambda _, __, seconds: kept.append(seconds))
    monkeypatch.setattr(CACHE, noting)
    chat.begin()
    google.script(DOWN, times=1)
    chat.say(UNKNOWN)
    chat.say(UNKNOWN)
    google.places = [place("Nordic Mountain")]
    chat.say(UNKNOWN)
    assert kept == [60, 600]


@pytest.mark.once
def test_goes_on_without_the_cache(
    chat: Chat,
    google: PlacesServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("canary")

    monkeypatch.setattr(CACHE, SimpleNamespace(get=away, set=away))
    google.places = [place("Nordic Mountain")]
    chat.begin()
    chat.say(UNKNOWN)
    assert chat.last["cards"][0]["title"] == "Nordic Mountain"
    assert caplog.text.count("Places are not cached: ConnectionRefusedError") == 2
    monkeypatch.setattr(CACHE, SimpleNamespace(get=lambda _: "[[7]]", set=away))
    chat.begin()
    chat.say(UNKNOWN)
    assert (chat.status, google.count) == (200, 2)
