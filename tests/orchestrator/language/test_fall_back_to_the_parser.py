"""The parser reads a message where the language model…"""

import json
from typing import Any

import pytest

from orchestrator.language import client, rest
from tests.orchestrator.language.conftest import read
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, Script, reading

pytestmark = pytest.mark.once

GOOD = reading("select_program", position=1)
SECOND = {"program_ref": "alpine-beginners"}

ODD = {"Content-Type": "application/json; charset=zlib"}


def _choices(*choices: Any) -> bytes:
    return json.dumps({"choices": list(choices)}).encode()


def _answer(**changes: Any) -> Script:
    return Script(content=json.dumps(GOOD | changes))


def _which(**changes: Any) -> Script:
    return _answer(which=GOOD["which"] | changes)


BROKEN = {
    "asks for patience": Script(status=429, headers={"Retry-After": "20"}),
    "has no quota left": Script(status=429),
    "breaks": Script(status=500),
    "is away": Script(status=503, headers={"Content-Type": "text/html"}, body=b"<h1>Sorry"),
    "does not know us": Script(status=401, body=b'{"error": {"message": "no"}}'),
    "is not there": Script(status=404),
    "does not like the request": Script(status=400, body=b'{"error": {"param": "messages"}}'),
    "errs oddly": Script(status=400, body=b'{"error": {"param": ["x"], "code": {"a": 1}}}'),
    "errs in an odd alphabet": Script(status=500, headers=ODD, body=b"eJw="),
    "errs without end": Script(status=500, body=b"[" * 60_000),
    "drops the line": Script(cut=True),
    "sends us elsewhere": Script(status=307, headers={"Location": "http://127.0.0.1:9/v1"}),
    "refuses": Script(content="", message={"content": None, "refusal": "I cannot help."}),
    "is cut off": Script(content='{"intent": "sel', finish_reason="length"),
    "is cut off after all of it": Script(finish_reason="length"),
    "is censored": Script(finish_reason="content_filter"),
    "wants to call a tool": Script(finish_reason="tool_calls", message={"content": None}),
    "says nothing": Script(body=b""),
    "speaks no JSON": Script(body=b"certainly! here it is"),
    "speaks HTML": Script(headers={"Content-Type": "text/html"}),
    "streams": Script(headers={"Content-Type": "text/event-stream"}),
    "packs its answer": Script(headers={"Content-Encoding": "gzip"}),
    "has no choices": Script(body=_choices()),
    "has odd choices": Script(body=_choices("yes")),
    "answers in an odd alphabet": Script(headers=ODD, body=b"eJw="),
    "answers a list": Script(body=b"[]"),
    "answers null": Script(body=b"null"),
    "answers without end": Script(body=b"[" * 60_000),
    "answers a book": Script(body=b" " * 70_000),
    "answers in Latin-1": Script(body=b'{"choices": "\xe9"}'),
    "writes prose": Script(content="The parent wants the second one."),
    "writes a fence": Script(content=f"```json\n{json.dumps(GOOD)}\n```"),
    "writes a number": Script(content="7"),
    "writes deep": Script(content="[" * 1_900),
    "names no intent": _answer(intent=None),
    "names an illegal intent": _answer(intent="confirm_registration"),
    "names an intent of another step": _answer(intent="complete_prereqs"),
    "adds a member": _answer(summary="0" * 64),
    "leaves a member out": Script(content=json.dumps({"intent": "select_program"})),
    "gives which a text": _answer(which="the second"),
    "adds to which": _which(program_ref="race-team"),
    "gives a position as text": _which(position="2"),
    "gives half a position": _which(position=1.5),
    "gives a truth as position": _which(position=True),
    "gives a place below the list": _which(position=-7),
    "gives a place after the list": _which(position=99),
    "gives a place before the list": _which(position=0),
    "gives a huge number": _which(position=10**40),
    "gives an odd weekday": _which(position=None, weekday="someday"),
    "gives a long name": _which(position=None, words="x" * 201),
    "gives a name of two lines": _which(position=None, words="a\nb"),
    "gives no name at all": _which(position=None, words="  "),
    "names what is not shown": _which(position=None, words="underwater chess"),
    "gives cheapest as text": _which(cheapest="false"),
    "gives an odd topic": _answer(topic="politics"),
    "gives a list of topics": _answer(topic=["price"]),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_in_trouble(model: LanguageModelServer, trouble: str) -> None:
    model.script(BROKEN[trouble])

    found = read("the second one", PLANS["ski_programs"])

    assert (found.llm, found.intent.name) == ("fallback", "select_program")
    assert found.intent.payload == SECOND
    assert len(model.questions) <= 2


@pytest.mark.parametrize(
    "said",
    [
        reading("search"),
        reading("search", query="Casino Royale", location="Las Vegas"),
        reading("search", query="x" * 201),
        reading("select_provider", position=1),  # none was offered
        reading("asked_to_confirm"),
    ],
)
def test_says_what_the_words_do_not_bear_out(
    model: LanguageModelServer, said: dict[str, Any]
) -> None:
    model.reads = lambda _: said

    found = read("Blackhawk Ski Club in Middleton", PLANS["nothing_offered"])

    assert (found.llm, found.intent.name) == ("fallback", "search")
    assert found.intent.payload == {"query": "Blackhawk Ski Club", "location": "Middleton"}


def test_invents_a_town_and_only_that(model: LanguageModelServer) -> None:
    model.reads = lambda _: reading("search", query="blackhawk", location="Las Vegas")
    found = read("blackhawk please", PLANS["nothing_offered"])
    assert found.intent.payload == {"query": "blackhawk", "location": None}


@pytest.mark.parametrize(
    "script",
    [
        Script(status=500),
        Script(status=502, headers={"Content-Type": "text/html"}, body=b"<h1>Bad gateway"),
        Script(status=429, headers={"Retry-After": "0"}),
        Script(cut=True),
    ],
)
def test_unless_it_answers_when_asked_once_more(model: LanguageModelServer, script: Script) -> None:
    model.script(script, times=1)
    model.reads = lambda _: reading("select_program", position=2)

    assert read("the second one", PLANS["ski_programs"]).llm == "model"
    assert len(model.questions) == 2


@pytest.mark.parametrize("script", [Script(status=500), Script(cut=True)])
def test_fails_twice_and_is_not_asked_a_third_time(
    model: LanguageModelServer, script: Script
) -> None:
    model.script(script)
    read("the second one", PLANS["ski_programs"])
    assert len(model.questions) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 413])
def test_says_what_no_second_try_would_change(model: LanguageModelServer, status: int) -> None:
    model.script(Script(status=status))
    read("the second one", PLANS["ski_programs"])
    assert len(model.questions) == (2 if status in client.REFUSALS else 1)


@pytest.mark.parametrize(
    ("param", "kept"),
    [("temperature", {"reasoning_effort", "store"}), (None, set())],
)
def test_unless_it_only_lacks_an_option(
    model: LanguageModelServer, param: str | None, kept: set[str]
) -> None:
    """Older models know no reasoning effort, some no temperature; asked without, they read."""
    body = json.dumps({"error": {"message": "Unsupported.", "param": param}}).encode()
    model.script(Script(status=400, body=body), times=1)
    model.reads = lambda _: reading("select_program", position=2)

    for _ in range(2):
        assert read("the second one", PLANS["ski_programs"]).llm == "model"

    sent = [set(client.OPTIONS) & set(question.body) for question in model.questions]
    assert sent == [set(client.OPTIONS), kept, kept]


def test_has_failed_again_and_again(
    model: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three messages it is left alone; after a while one finds out for all."""
    now = 1_000.0
    monkeypatch.setattr(rest, "monotonic", lambda: now)
    model.script(Script(status=500))
    for _ in range(5):
        assert read("the second one", PLANS["ski_programs"]).llm == "fallback"
    assert len(model.questions) == 6

    now += rest.SECONDS
    read("the second one", PLANS["ski_programs"])
    read("the second one", PLANS["ski_programs"])
    assert len(model.questions) == 8

    now += rest.SECONDS
    model.script(Script(content=json.dumps(GOOD)))
    assert [read("the first one", PLANS["ski_programs"]).llm for _ in range(3)] == ["model"] * 3


def test_makes_no_sense_of_one_message_yet_serves_the_next(model: LanguageModelServer) -> None:
    """Nobody can switch it off for others by what they write."""
    model.script(BROKEN["refuses"], times=5)
    for _ in range(5):
        assert read("the first one", PLANS["ski_programs"]).llm == "fallback"
    model.reads = lambda _: GOOD
    assert read("the first one", PLANS["ski_programs"]).llm == "model"
