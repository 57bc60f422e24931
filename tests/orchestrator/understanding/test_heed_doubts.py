"""Words that do not ask for it never lead to the button that has consequences…"""

import pytest

from orchestrator.understanding.parser import understand
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once

SENT_NOTHING = "All right: nothing is sent. You can "


@pytest.mark.parametrize(
    "words",
    [
        "no", "don't register", "wait", "hold on", "I'm not sure", "I changed my mind",
        "yes but not yet",
        "i don't want to send it", "hm", "no quiero", "espera", "todavía no", "both",
    ],
)  # fmt: skip
def test_at_the_confirmation(words: str) -> None:
    intent = understand(PLANS["confirmation"], words)

    assert intent.name == "unclear"
    assert intent.answer == SENT_NOTHING + "edit the form, change the program, or cancel."
    offered = [button["action"] for button in intent.buttons]
    assert offered == ["edit_form", "change_program", "cancel_registration"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("will my aunt like it?", "I can't answer that. If it is about Blackhawk Ski Club, please"),
        ("sure, is it fun?", "I can't answer that."),
        ("isn't it too cold?", "I can't answer that."),
        ("should I say yes?", "I can't answer that."),
        ("¿por qué es azul el cielo?", "I can't answer that."),
        ("what's the capital of France?", "I can only help with signing up."),
        ("what's the weather like on saturday?", "I can only help with signing up."),
    ],
)
def test_at_the_confirmation_where_they_ask(words: str, answer: str) -> None:
    intent = understand(PLANS["confirmation"], words)

    assert str(intent.answer).startswith(answer)
    assert "press “Confirm registration”" in str(intent.answer)


def test_where_there_is_no_form_to_edit() -> None:
    intent = understand(PLANS["confirmation_without_form"], "no")

    assert intent.answer == SENT_NOTHING + "change the program, or cancel."
    assert [button["action"] for button in intent.buttons] == [
        "change_program",
        "cancel_registration",
    ]


@pytest.mark.parametrize("words", ["no", "skip", "not now", "I dont want to connect it"])
def test_at_the_login(words: str) -> None:
    intent = understand(PLANS["login"], words)

    assert intent.answer is not None
    assert intent.answer.startswith("All right: nothing is connected.")
    assert "connect_account" not in [button["action"] for button in intent.buttons]


@pytest.mark.parametrize("words", ["none of these", "no thanks", "no"])
def test_at_the_programs(words: str) -> None:
    intent = understand(PLANS["ski_programs"], words)

    assert [button["action"] for button in intent.buttons] == [
        "change_provider",
        "cancel_registration",
    ]


@pytest.mark.parametrize(
    "words", ["the first one", "yes", "can you sign me up there?", "red dragon"]
)
def test_at_places_that_are_only_on_the_map(words: str) -> None:
    intent = understand(PLANS["only_on_the_map"], words)

    assert intent.name == "unclear"
    assert str(intent.answer).startswith("I cannot sign you up at any of these places")


@pytest.mark.parametrize("plan", ["all_in_place", "form", "confirmation"])
@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("what about Camp Whitepine?", "change_provider"),
        ("Sunfish Swim School instead", "change_provider"),
        ("the Sunday one instead", "change_program"),
        ("I changed my mind, the alpine one", "change_program"),
    ],
)
def test_and_go_where_they_would_rather_be(plan: str, words: str, action: str) -> None:
    assert understand(PLANS[plan], words).name == action


@pytest.mark.parametrize("words", ["change her age to 5", "she's not a beginner", "that's wrong"])
def test_and_correct_what_is_wrong_in_the_form(words: str) -> None:
    assert understand(PLANS["confirmation"], words).name == "edit_form"
