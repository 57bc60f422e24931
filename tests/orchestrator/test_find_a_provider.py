"""Finding a provider…"""

import logging
from typing import Any

import pytest
from pytest_django import Settings

from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from orchestrator.services import searching
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.places.looking import DOWN, MADISON, UNKNOWN, calls_recorded, say_from
from tests.servers.places_server import KEY, PlacesServer, error, place
from tests.servers.places_server import Script as Answer
from tests.servers.tools_call_server import Script, ToolsCallServer

SEARCH = Tool.SEARCH_PROVIDER.mcp_name
SENTENCE = "Search service temporarily unavailable. Please try again shortly."


def test_shows_what_no_tool_serves_as_not_yet_supported(
    any_chat: Chat, google: PlacesServer
) -> None:
    google.places = [
        place("Nordic Mountain", "W5806 County Rd W, Wild Rose, WI 54984, USA",
              at=(44.18, -89.15), website="https://nordicmountain.example/"),
        place("Nordic <b>Kids</b>", "Wild Rose, WI, USA", status="CLOSED_TEMPORARILY",
              attributions=[{"provider": "Listings & Co"}]),
        place("Nordic of old", status="CLOSED_PERMANENTLY"),
    ]  # fmt: skip
    any_chat.begin()
    turn = say_from(any_chat, UNKNOWN, MADISON)

    assert turn["session"]["step"] == "provider_search"
    assert (turn["meta"]["source"], turn["meta"]["degraded"]) == ("google", False)
    assert turn["message"] == (
        "I found 2 places, but I cannot sign you up at any of them yet. Results from Google Maps."
    )
    first, second = turn["cards"]
    assert sorted([first, second], key=lambda card: card["title"])[1] == {
        "title": "Nordic Mountain",
        "subtitle": "W5806 County Rd W, Wild Rose, WI 54984, USA · 77 miles away",
        "description": "Not yet supported. Its own website may say how to sign up.",
        "metadata": {
            "supported": False,
            "attribution": "Google Maps",
            "url": "https://nordicmountain.example/",
        },
        "buttons": [],
    }
    other = first if first["title"] == "Nordic <b>Kids</b>" else second
    assert other["subtitle"].endswith("temporarily closed")
    assert other["description"] == "Not yet supported. Please ask them how to sign up."
    assert other["metadata"]["attribution"] == "Google Maps · Listings & Co"
    assert [button["action"] for button in turn["cta"]] == ["retry_search"]
    assert google.asked[0]["textQuery"] == UNKNOWN
    assert any_chat.read()["last_turn"]["cards"] == turn["cards"]

    any_chat.press("select_provider", org_ref="Nordic Mountain")
    assert (any_chat.status, any_chat.read()["step"]) == (409, "provider_search")
    any_chat.press("retry_search")
    state = AgenticCheckoutSession.objects.values_list("state", flat=True).get()
    assert state["elsewhere"] == []


def test_records_each_asking_and_nothing_of_the_words(chat: Chat, google: PlacesServer) -> None:
    google.places = [place("Nordic Mountain")]
    chat.begin()
    chat.say(UNKNOWN)
    (_, tool), (action, told) = calls_recorded()
    assert (tool["source"], tool["tool"]) == ("mock", "search_provider")
    assert action == "tool_succeeded"
    assert told == tool | {
        "source": "google",
        "server": "127.0.0.1",
        "http_status": 200,
        "elapsed_ms": told["elapsed_ms"],
        "argument_digest": told["argument_digest"],
    }
    assert len(told["argument_digest"]) == 32 != tool["argument_digest"]
    assert chat.response["X-SCP-Source"] == "google"
    assert chat.trail() == ["session_created", "message_sent", "tool_succeeded", "tool_succeeded"]
    everything = str(list(MandateAudit.objects.values()))
    assert not [word for word in ("Nordic", "Wild Rose", KEY) if word in everything]


def test_says_so_where_the_map_knows_nothing_either(chat: Chat, google: PlacesServer) -> None:
    chat.begin()
    chat.say(UNKNOWN)
    assert (chat.status, chat.last["cards"]) == (200, [])
    assert chat.last["message"].startswith("I could not find a provider like that.")
    assert (chat.last["meta"]["source"], google.count) == ("google", 1)


def test_asks_the_map_only_about_what_the_tools_do_not_know(
    any_chat: Chat, google: PlacesServer
) -> None:
    any_chat.begin()
    any_chat.say("Blackhawk Ski Club in Middleton")
    assert any_chat.last["meta"]["source"] in {"mcp", "mock"}
    assert google.count == 0


@pytest.mark.parametrize(
    "script", [Script(status=503), Script(status=401), Script(body=b"<", status=200)]
)
def test_leaves_a_failure_of_the_tools_as_it_is(
    chat: Chat, server: ToolsCallServer, google: PlacesServer, script: Script
) -> None:
    chat.begin()
    server.script(SEARCH, script)
    chat.say(UNKNOWN)
    assert chat.last["code"].startswith("mcp_")
    assert google.count == 0


def test_does_not_call_unsupported_what_samples_alone_did_not_know(
    chat: Chat, server: ToolsCallServer, google: PlacesServer, settings: Settings
) -> None:
    settings.MCP_FALLBACK = True
    get_toolbox.cache_clear()
    chat.begin()
    server.script(SEARCH, Script(status=503))
    chat.say(UNKNOWN)
    assert (chat.last["meta"]["source"], chat.last["meta"]["degraded"]) == ("mock", True)
    assert google.count == 0


def test_asks_nobody_without_a_key(chat: Chat, google: PlacesServer, settings: Settings) -> None:
    settings.GOOGLE_PLACES_API_KEY = ""
    chat.begin()
    chat.say(UNKNOWN)
    assert chat.last["message"].startswith("I could not find")
    assert (chat.last["meta"]["source"], google.count) == ("mock", 0)


def test_sends_nothing_of_the_family_out(chat: Chat, google: PlacesServer) -> None:
    chat.begin()
    for private in (
        "zumba school 608-555-0177", "pat@family.example zumba", "zumba school on May 31, 2018",
        "My daughter Emma Miller born 3/4/2019 wants zumba, we live at 12 Oak Street Verona",
    ):  # fmt: skip
        assert say_from(chat, private, MADISON)["meta"]["source"] == "mock", private
    assert google.count == 0

    say_from(chat, "zumba for my daughter Emma in Verona, she is 7 and has asthma", MADISON)
    assert google.count == 1
    sent = str(google.asked)
    assert not [
        word for word in ("Emma", "asthma", "43.07", "-89.40", str(chat.user.pk)) if word in sent
    ]
    circle = google.asked[0]["locationBias"]["circle"]
    assert circle["center"] == {"latitude": 43.1, "longitude": -89.4}


def test_asks_the_tools_for_the_words_alone_where_a_message_tells_more(
    chat: Chat, server: ToolsCallServer, google: PlacesServer
) -> None:
    chat.begin()
    server.script(SEARCH, Script(status=500), times=1)
    say_from(chat, "zumba school, phone 608-555-0177", MADISON)
    chat.press("retry_last")
    assert chat.status == 200
    assert google.count == 0
    asked = [call.args for call in server.calls if call.tool == SEARCH]
    assert len(asked) == 2
    assert all(set(one) <= {"query", "location", "coords"} for one in asked)


def test_ends_a_failure_in_its_sentence_and_searches_again_for_the_same(
    chat: Chat, google: PlacesServer, caplog: pytest.LogCaptureFixture
) -> None:
    google.places = [place("Nordic Mountain")]
    google.script(DOWN, times=2)
    chat.begin()
    with caplog.at_level(logging.DEBUG):
        say_from(chat, UNKNOWN, MADISON)
        seen = chat.read()
        chat.press("retry_last")
        assert (chat.status, chat.last["code"], chat.last["detail"]) == (
            503, "search_unavailable", SENTENCE,
        )  # fmt: skip
    assert seen["last_turn"]["meta"]["code"] == "search_unavailable"
    assert (chat.last["retryable"], "Retry-After" in chat.response) == (True, True)
    assert [button["action"] for button in chat.last["cta"]] == ["retry_last"]
    assert chat.response["X-SCP-Source"] == "google"
    _, (action, told), *_ = calls_recorded()
    assert (action, told["error_code"], told["source"]) == (
        "tool_failed", "search_unavailable", "google",
    )  # fmt: skip
    assert (told["http_status"], told["attempts"]) == (503, 1)
    state = str(AgenticCheckoutSession.objects.values_list("state", flat=True).get())
    assert "Nordic" not in state

    chat.press("retry_last")

    assert (chat.status, chat.last["cards"][0]["title"]) == (200, "Nordic Mountain")
    assert google.asked[0] == google.asked[1] == google.asked[2]
    everything = caplog.text + state + str(list(MandateAudit.objects.values()))
    assert not [word for word in (KEY, "Nordic", "canary") if word in everything]


@pytest.mark.parametrize(
    "script",
    [
        Answer(silent=True), Answer(drip=True), Answer(cut=True), Answer(body=b"{"),
        Answer(status=429, body=error(429, "RESOURCE_EXHAUSTED")),
        Answer(status=403, body=error(403, "PERMISSION_DENIED")),
        Answer(status=302, headers={"Location": "https://elsewhere.example"}),
    ],
)  # fmt: skip
@pytest.mark.once
def test_ends_every_failure_in_that_sentence(
    chat: Chat, google: PlacesServer, script: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.places.google.SECONDS", 0.3)
    google.script(script)
    chat.begin()
    chat.say(UNKNOWN)
    assert (chat.status, chat.last["code"], chat.last["detail"]) == (
        503, "search_unavailable", SENTENCE,
    )  # fmt: skip
    assert "canary" not in str(chat.last)
    assert chat.read()["status"] == "open"


def test_gives_the_map_what_the_tools_left_of_the_time(
    chat: Chat, google: PlacesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "TURN_SECONDS", 0.0)
    chat.begin()
    chat.say(UNKNOWN)
    assert (chat.status, chat.last["code"], google.count) == (503, "search_unavailable", 0)
    told = calls_recorded()[-1][1]
    assert (told["attempts"], told["server"], told["http_status"]) == (0, None, None)


@pytest.mark.parametrize("script", [Answer(), DOWN])
def test_does_nothing_that_it_could_not_record(
    chat: Chat, google: PlacesServer, monkeypatch: pytest.MonkeyPatch, script: Answer
) -> None:
    record = store.record_for

    def refuse(*args: Any, **told: Any) -> None:
        if told.get("source") == "google":
            raise AuditUnavailableError
        record(*args, **told)

    chat.begin()
    google.script(script, times=1)
    with monkeypatch.context() as patch:
        patch.setattr(store, "record_for", refuse)
        chat.say(UNKNOWN)
    assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
    google.places = [place("Nordic Mountain")]
    chat.say("Nordic Mountain again, please")
    assert chat.status == 200


@pytest.mark.once
def test_records_a_flaw_of_ours_as_well(
    chat: Chat, google: PlacesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("orchestrator.places.google.spots_in", explode)
    chat.begin()
    chat.say(UNKNOWN)
    assert (chat.status, chat.last["code"]) == (500, "internal_error")
    assert calls_recorded()[-1][1]["error_code"] == "internal_error"
