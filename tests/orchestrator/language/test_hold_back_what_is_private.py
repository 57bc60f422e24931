"""What no language model is to see…"""

import ast
from pathlib import Path
from typing import Any

import pytest

from audit import opened
from orchestrator.language import guard
from orchestrator.language.errors import PromptRefusedError
from tests.orchestrator.chat import ANSWERS, Chat
from tests.orchestrator.language.conftest import read, walk
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, reading

ROOT = Path(__file__).resolve().parents[3]
PRIVATE = [
    "write to pat@example.com", "pat at work: pat%40example.com", "ｐａｔ@ｅｘａｍｐｌｅ.com",
    "call 608-555-0123", "call +49 170 1234567", "(608) 555 0123 is my husband",
    "she was born 2018-05-31", "born on May 31, 2018", "31.05.2018", "el 31/05/2018",
    "my card is 4111 1111 1111 1111", "ssn 123-45-6789", "Bearer abcdef123456",
    "sk-abcdefghijklmnopqrstuv", "my password is sunshine", "PASSWORD: hunter", "the pin is 1234",
    "mi contraseña es girasol", "la clave: girasol", "mein Passwort heißt Sonne", "pass word sunshine",
    "passcode sunshine", "hunter2", "try Tr0ub4dor", "P@ssword", "sun!shine", "correct1horse",
    "my log in is sunshine", "pass\u200bword sunshine", "ｐａｓｓｗｏｒｄ sunshine",
]  # fmt: skip
HARMLESS = [
    "Blackhawk Ski Club in Middleton, WI", "the 2nd one", "for Emma, she is 7", "Saturdays at 9am",
    "9:00-11:00 works", "Camp Whitepine 2027?", "$180 is too much", "U12 soccer", "how much is it?!",
    "St. Mary's/Oak", "what's the 10th?", "the 7-year-old class", "Junior Race Team (Mon & Wed)",
    "el sábado, por favor", "日曜日のクラス", "ok 👍", "grades K-5", "",
]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("text", PRIVATE)
def test_is_told_by_its_shape(text: str) -> None:
    with pytest.raises(PromptRefusedError):
        guard.may_leave(text, {})


@pytest.mark.once
@pytest.mark.parametrize("text", HARMLESS)
def test_is_not_what_parents_usually_say(text: str) -> None:
    guard.may_leave(text, {})


@pytest.mark.once
@pytest.mark.parametrize(
    "text", ["is it purple monkey dishwasher", "cHVycGxlIG1vbmtleSBkaXNod2FzaGVy"]
)
def test_is_a_secret_that_is_open(text: str) -> None:
    opened.remember("purple monkey dishwasher")
    with pytest.raises(PromptRefusedError):
        guard.may_leave(text, {})


@pytest.mark.once
@pytest.mark.parametrize(
    "text",
    [
        "is emma in?", "EMMA's class", "Ｅｍｍａ", "Larsen", "peanuts are no problem?",
        "a 5550123 thing", "a 6085550123-1 thing", "swims like a Fröschli", "froschli", "e\u200bmma",
        "the 20180531 kid", "Ema or Emma", "Zoë", "zoe",
    ],
)  # fmt: skip
def test_is_a_word_of_the_form(text: str) -> None:
    answers: dict[str, Any] = {
        **ANSWERS,
        "notes": "Please mind: allergic to peanuts",
        "groups": ["Fröschli", "Zoë"],
        "grade": 3,
        "agrees": True,
    }
    with pytest.raises(PromptRefusedError):
        guard.may_leave(text, answers)


@pytest.mark.once
def test_is_no_everyday_word_of_the_form() -> None:
    answers = {"notes": "Please mind that she is the youngest", "size": "M", "grade": 3, "ok": True}
    guard.may_leave("please change the program, 3 is true", answers)


@pytest.mark.once
def test_cannot_be_told_where_the_form_does_not_open(model: LanguageModelServer) -> None:
    assert read("another club", PLANS["confirmation"]).llm == "fallback"
    assert model.questions == []


@pytest.mark.parametrize(
    "step", ["provider_search", "login", "program_selection", "prerequisite_check", "confirmation"]
)
def test_never_arrives_from_any_step(chat: Chat, model: LanguageModelServer, step: str) -> None:
    walk(chat, model, step)
    sent = [*PRIVATE[:6], "my password is sunshine", "hunter2"]
    sent += ["is Emma in?", "Larsen", "555 0123"] if step == "confirmation" else []
    for text in sent:
        assert chat.say(text)["meta"]["llm"] == "fallback", text
        assert chat.step == step
    assert model.questions == []

    model.reads = lambda _: reading("unclear")
    chat.say("hm, let me see")
    [question] = model.questions
    assert question.said == "hm, let me see"
    private = [*ANSWERS.values(), "Emma", "pass word 1", "pat@", chat.id, str(chat.user.pk)]
    assert [text for text in private if text.encode() in question.raw] == []


@pytest.mark.once
def test_has_no_way_around_the_guard() -> None:
    """One function holds the SDK, one is its door, and the guard is the first thing there."""
    users = {
        str(file.relative_to(ROOT))
        for app in ("accounts", "audit", "credentials", "orchestrator", "sessions_store", "signupassist")
        for file in (ROOT / app).rglob("*.py")
        if "openai" in {_root(name) for name in _imported(file)} or "completions" in file.read_text()
    }  # fmt: skip
    assert users == {"orchestrator/language/client.py"}

    tree = ast.parse((ROOT / "orchestrator/language/client.py").read_text())
    calls = [ast.unparse(one) for one in ast.walk(tree) if isinstance(one, ast.Call)]
    assert sum("_Call(" in call and "made()" in call for call in calls) == 1
    [ask] = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "ask"]
    assert ast.unparse(ask.body[1]) == "guard.may_leave(words, answers)"


def _imported(file: Path) -> list[str]:
    found: list[str] = []
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if "openai" in text else ():
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def _root(name: str) -> str:
    return name.partition(".")[0]
