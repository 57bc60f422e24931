"""Saying something…"""

from difflib import SequenceMatcher

import pytest

from audit.models import MandateAudit
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Program, Tool
from orchestrator.understanding import parser
from orchestrator.understanding import words as vocabulary
from tests.orchestrator.chat import MISSING, SATURDAY, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer


@pytest.mark.parametrize(
    ("words", "city"),
    [
        ("Blackhawk Ski Club in Middleton", "Middleton, WI"),
        ("I'm looking for Riverside Swim Club in Rockford", "Rockford, IL"),
        ("riverside swim club, Eau Claire", "Eau Claire, WI"),
        ("please sign my daughter up for Camp Whitepine", "Minocqua, WI"),
    ],
)
def test_finds_a_provider_with_a_city(chat: Chat, words: str, city: str) -> None:
    chat.begin()
    chat.say(words)
    assert chat.status == 200
    assert chat.last["cards"][0]["subtitle"].startswith(city)


def test_says_so_when_nothing_is_found(chat: Chat) -> None:
    chat.begin()
    chat.say("zzzzqqq")
    assert chat.status == 200
    assert chat.last["cards"] == []
    assert "could not find" in chat.last["message"]


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("the second one", "login"),
        ("2", "login"),
        ("Rockford", "login"),
        ("the one in Eau Claire", "login"),
        ("none of these", "provider_search"),
        ("Camp Whitepine", "provider_search"),  # not among those shown: a new search
    ],
)
def test_chooses_among_the_providers_shown(chat: Chat, words: str, step: str) -> None:
    chat.begin()
    chat.say("Riverside Swim Club")
    assert len(chat.last["cards"]) == 2
    chat.say(words)
    assert (chat.status, chat.step) == (200, step)


@pytest.mark.parametrize(
    "words", ["the first one", "the Saturday one", "nordic", "Nordik Kids", "1"]
)
def test_chooses_a_program(any_chat: Chat, words: str) -> None:
    any_chat.walk_to("program_selection")
    any_chat.say(words)
    assert (any_chat.status, any_chat.step) == (200, "prerequisite_check")
    row = MandateAudit.objects.get(action="message_sent", metadata__intent="select_program")
    assert row.program_ref == SATURDAY


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("the Wednesday class", "blackhawk-wednesday-alpine"),  # the title weighs more
        ("mondays", "blackhawk-race-team"),  # the schedule alone names it
        ("the cheapest", "blackhawk-family-night"),
        ("the last one", "blackhawk-family-night"),
        ("jumping", "blackhawk-thursday-jumping"),
    ],
)
def test_knows_a_program_by_what_is_shown_of_it(chat: Chat, words: str, program: str) -> None:
    chat.walk_to("program_selection")
    chat.say(words)
    assert chat.step == "prerequisite_check"
    row = MandateAudit.objects.get(action="message_sent", metadata__intent="select_program")
    assert row.program_ref == program


@pytest.mark.parametrize("words", ["hi", "hello!", "please"])
def test_asks_what_to_look_for(chat: Chat, words: str) -> None:
    chat.begin()
    chat.say(words)
    assert chat.last["message"].endswith("Which club, camp or school shall I look for?")


def test_asks_which_program_when_several_fit(chat: Chat) -> None:
    chat.walk_to("program_selection")
    chat.say("junior")
    assert chat.step == "program_selection"
    assert "Junior Jumping" in chat.last["message"]
    assert "Junior Race Team" in chat.last["message"]


@pytest.mark.parametrize(
    ("step", "words", "after"),
    [
        ("login", "back", "provider_search"),
        ("program_selection", "go back please", "provider_search"),
        ("prerequisite_check", "back", "program_selection"),
        ("form_fill", "back", "program_selection"),
        ("confirmation", "back", "form_fill"),
        ("confirmation", "a different program", "program_selection"),
        ("confirmation", "another club", "provider_search"),
        ("prerequisite_check", "continue", "form_fill"),
        ("prerequisite_check", "yes", "form_fill"),
    ],
)
def test_moves_by_reversible_words(chat: Chat, step: str, words: str, after: str) -> None:
    chat.walk_to(step)
    chat.say(words)
    assert (chat.status, chat.step) == (200, after)


def test_checks_again_when_something_was_missing(chat: Chat) -> None:
    chat.walk_to("prerequisite_check", program=MISSING)
    for words in ("done, check again", "continue"):
        chat.say(words)
        assert (chat.status, chat.step) == (200, "prerequisite_check")
        assert chat.trail()[-1] == "tool_succeeded"


@pytest.mark.parametrize(
    ("step", "words", "button"),
    [
        ("login", "yes, connect my account", "connect_account"),
        ("login", "log in with pat@example.org, password hunter2", "connect_account"),
        ("confirmation", "yes, book it", "confirm_registration"),
        ("confirmation", "confirm", "confirm_registration"),
        ("program_selection", "cancel", "cancel_registration"),
        ("form_fill", "start over", "reset"),
    ],
)
def test_answers_what_has_consequences_with_the_button(
    chat: Chat, step: str, words: str, button: str
) -> None:
    chat.walk_to(step)
    before = chat.trail()
    chat.say(words)
    assert (chat.status, chat.step) == (200, step)
    assert chat.last["session"]["status"] == "open"
    assert button in chat.actions
    assert chat.trail() == [*before, "message_sent"]


@pytest.mark.parametrize(
    "step", ["login", "program_selection", "prerequisite_check", "form_fill", "confirmation"]
)
def test_stays_where_it_does_not_understand_and_keeps_the_way_on(chat: Chat, step: str) -> None:
    actions = (chat.walk_to(step) and chat.actions, chat.last["form"])
    chat.say("qwertz uiop")
    assert (chat.status, chat.step) == (200, step)
    assert set(actions[0]) <= set(chat.actions)
    assert chat.last["form"] == actions[1]


@pytest.mark.parametrize("is_refused", [False, True])
def test_keeps_the_choice_of_a_login_whatever_is_said_beside(chat: Chat, is_refused: bool) -> None:
    chat.walk_to("login")
    login = chat.save_login("wrong-password")
    chat.press("connect_account")
    if is_refused:
        chat.press("credentials_submitted", credential_id=login)
        chat.last = chat.read()["last_turn"]
        assert chat.last["cards"][0]["buttons"][0]["payload"]["replace"] is True
    shown = chat.last["cards"], chat.last["cta"]
    for words, answer in (
        ("is it going to snow?", "choose a login, or enter one."),
        ("what next?", "choose a login, or enter one."),
        ("please log me in", "choose a login, or enter one."),
        ("what do you do with my password?", "sealed"),
    ):
        chat.say(words)
        assert answer in chat.last["message"]
        assert (chat.last["cards"], chat.last["cta"]) == shown


def test_shows_no_button_twice(chat: Chat) -> None:
    chat.walk_to("login")
    chat.say("yes, connect my account")
    assert chat.actions == ["connect_account", "change_provider"]


@pytest.mark.parametrize("step", ["prerequisite_check", "confirmation"])
def test_goes_straight_to_another_program_that_is_named(chat: Chat, step: str) -> None:
    chat.walk_to(step)
    chat.say("the race team instead")
    assert (chat.status, chat.step) == (200, "prerequisite_check")
    assert "missing for Junior Race Team" in chat.last["message"]
    row = MandateAudit.objects.get(action="message_sent", metadata__intent="switch_program")
    assert row.program_ref == MISSING


def test_goes_back_to_the_program_that_is_named(chat: Chat) -> None:
    chat.walk_to("prerequisite_check")
    chat.say("go back to alpine")
    assert (chat.status, chat.step) == (200, "prerequisite_check")
    assert "Alpine Beginners" in chat.last["message"]


@pytest.mark.parametrize("step", ["login", "program_selection"])
def test_looks_at_once_for_the_other_club_that_is_named(chat: Chat, step: str) -> None:
    chat.walk_to(step)
    chat.say("actually I want the swim school in madison instead")
    assert (chat.status, chat.step) == (200, "provider_search")
    assert chat.last["cards"][0]["title"] == "Sunfish Swim School"


def test_loses_nothing_where_the_other_club_cannot_be_looked_for(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.walk_to("login")
    server.script(Tool.SEARCH_PROVIDER.mcp_name, Script(silent=True), times=1)
    chat.say("actually I want the swim school in madison instead")
    assert (chat.status, chat.read()["step"]) == (504, "login")
    chat.say("try again")
    assert (chat.status, chat.step) == (200, "provider_search")
    assert chat.last["cards"][0]["title"] == "Sunfish Swim School"


@pytest.mark.parametrize(
    "words",
    ["why is the sky blue?", "ok, but who is the president?", "is junior race team better?"],
)
def test_takes_a_question_before_confirming_for_neither_yes_nor_no(chat: Chat, words: str) -> None:
    shown = chat.walk_to("confirmation")["cards"]
    before = chat.trail()
    chat.say(words)
    assert (chat.status, chat.step) == (200, "confirmation")
    assert "nothing is sent." not in chat.last["message"]
    assert chat.last["cards"] == shown
    assert chat.trail() == [*before, "message_sent"]


def test_shows_the_programs_where_several_others_are_named(chat: Chat) -> None:
    chat.walk_to("prerequisite_check")
    chat.say("the junior one instead")
    assert (chat.status, chat.step) == (200, "program_selection")


@pytest.mark.parametrize("step", ["prerequisite_check", "confirmation"])
@pytest.mark.parametrize("words", ["try again", "yes"])
def test_tries_the_program_that_was_named_once_more(
    chat: Chat, server: ToolsCallServer, step: str, words: str
) -> None:
    chat.walk_to(step)
    server.script(Tool.CHECK_PREREQUISITES.mcp_name, Script(silent=True), times=1)
    chat.say("the race team instead")
    assert chat.status == 504
    assert chat.read()["step"] == step
    chat.say(words)
    assert "missing for Junior Race Team" in chat.last["message"]


def test_leaves_no_button_that_names_another_program(chat: Chat) -> None:
    chat.walk_to("prerequisite_check")
    chat.press("switch_program", program_ref=MISSING)
    assert (chat.status, chat.last["code"]) == (400, "unknown_action")
    chat.press("change_program", program_ref=MISSING)
    assert (chat.status, chat.step) == (200, "program_selection")


def test_records_step_and_intent_but_never_the_words(chat: Chat) -> None:
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton")
    row = MandateAudit.objects.get(action="message_sent")
    assert row.metadata["step"] == "provider_search"
    assert row.metadata["intent"] == "search"
    assert "Blackhawk" not in str(row.metadata)


def test_passes_the_parents_location_on(chat: Chat) -> None:
    chat.begin()
    body = {"message": "ski", "location": {"lat": 43.1, "lng": -89.5}}
    turn = chat.client.post(f"/api/v1/sessions/{chat.id}/messages", body).json()
    assert "mile away" in turn["cards"][0]["subtitle"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "x", "user_id": "1"}, "user_id"),
        ({"message": "x", "location": {"lat": 91, "lng": 0}}, "location.lat"),
        ({"message": "x", "location": {"lat": 1}}, "location.lng"),
    ],
)
def test_refuses_a_bad_body(chat: Chat, body: dict[str, object], field: str) -> None:
    chat.begin()
    answer = chat.client.post(f"/api/v1/sessions/{chat.id}/messages", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert field in answer.json()["errors"]


@pytest.mark.parametrize(
    "words",
    [
        "Back Bay Swim School in Boston",
        "Reset Yoga Camp",
        "Never Mind Theatre Camp",
        "please find a different swim school in Madison",
        "another camp in Milwaukee",
    ],
)
def test_looks_for_names_that_sound_like_commands(chat: Chat, words: str) -> None:
    chat.begin()
    chat.say(words)
    row = MandateAudit.objects.get(action="message_sent")
    assert row.metadata["intent"] == "search"


def test_opens_no_login_by_words_after_a_failure(chat: Chat, server: ToolsCallServer) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login()
    server.script(Tool.FIND_PROGRAMS.mcp_name, Script(silent=True), times=1)
    chat.press("credentials_submitted", credential_id=credential_id)
    opened = MandateAudit.objects.filter(action="credentials_accessed").count()
    chat.say("try again")
    assert (chat.status, chat.step) == (200, "login")
    assert "retry_last" in chat.actions
    assert MandateAudit.objects.filter(action="credentials_accessed").count() == opened
    chat.press("retry_last")
    assert chat.step == "program_selection"


def test_retries_a_search_by_words(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    server.script(Tool.SEARCH_PROVIDER.mcp_name, Script(silent=True), times=1)
    chat.say("Blackhawk")
    assert chat.status == 504
    chat.say("try again")
    assert (chat.status, len(chat.last["cards"])) == (200, 1)


@pytest.mark.once
def test_compares_no_more_words_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Counting(SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(True)
            return super().ratio()

    monkeypatch.setattr(vocabulary, "SequenceMatcher", Counting)
    programs: list[Program] = [
        {
            "program_ref": f"p{index}",
            "title": f"Course number {index}",
            "description": "words like these " * 100,
            "schedule": "",
            "price_cents": 0,
            "currency": "USD",
            "spots_left": None,
            "opens_at": None,
        }
        for index in range(200)
    ]
    plan = Plan(step=Step.PROGRAM_SELECTION, programs=tuple(programs))
    parser.understand(plan, " ".join(f"courze{index}" for index in range(250)))
    assert len(compared) <= 200 * 3 * vocabulary.MOST_WORDS
