"""With a language model a message…"""

from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.language import prompts
from orchestrator.services.reading import Reader
from orchestrator.understanding.intents import Topic
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import SessionChangedError
from tests.orchestrator.chat import Chat
from tests.orchestrator.language.conftest import read, walk
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, Script, reading

Model = LanguageModelServer


@pytest.mark.once
@pytest.mark.parametrize(
    ("plan", "text", "said", "name", "payload"),
    [
        ("nothing_offered", "somewhere in Middleton where Emma learns to ski, Blackhawk I think",
         reading("search", query="Blackhawk", location="Middleton"),
         "search", {"query": "Blackhawk", "location": "Middleton"}),
        ("nothing_offered", "una escuela de natación en Madison",
         reading("search", query="swim school", location="Madison"),
         "search", {"query": "swim school", "location": "Madison"}),
        ("several_clubs", "the third one",
         reading("select_provider", position=3), "select_provider", {"org_ref": "sunfish-swim"}),
        ("three_riversides", "yep the rockford one",
         reading("select_provider", words="Rockford"),
         "select_provider", {"org_ref": "riverside-rockford"}),
        ("three_riversides", "hmm no, that's not us", reading("reject_provider"),
         "reject_provider", {}),
        ("ski_programs", "la del sabado, porfa",
         reading("select_program", weekday="saturday"),
         "select_program", {"program_ref": "nordic-kids"}),
        ("ski_programs", "whatever is cheapest", reading("select_program", cheapest=True),
         "select_program", {"program_ref": "first-tracks"}),
        ("ski_programs", "she'd love the snowbord thing",
         reading("select_program", words="snowboard"),
         "select_program", {"program_ref": "snowboard-camp"}),
        ("one_missing", "paid it just now", reading("check_prereqs"), "check_prereqs", {}),
        ("all_in_place", "weiter bitte", reading("complete_prereqs"), "complete_prereqs", {}),
        ("confirmation_without_form", "un autre cours", reading("change_program"),
         "change_program", {}),
    ],
)  # fmt: skip
def test_becomes_what_the_parents_own_words_bear_out(
    model: Model, plan: str, text: str, said: dict[str, Any], name: str, payload: dict[str, Any]
) -> None:
    model.reads = lambda _: said

    found = read(text, PLANS[plan])

    assert (found.intent.name, found.intent.payload, found.llm) == (name, payload, "model")
    assert len(model.questions) == 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "said", "answer"),
    [
        # nothing in the text leads to what the model chose: it is asked, not done
        ("what a lovely day", reading("select_program", position=4), "Do you mean Junior Jumping?"),
        ("hello there", reading("select_program", weekday="sunday"), "Do you mean First Tracks?"),
        ("oui", reading("select_program", words="race team"), "Do you mean Junior Race Team?"),
        ("the junior thing", reading("select_program", words="junior"), "More than one fits"),
    ],
)
def test_is_asked_back_where_they_do_not(
    model: Model, text: str, said: dict[str, Any], answer: str
) -> None:
    model.reads = lambda _: said

    found = read(text, PLANS["ski_programs"])

    assert (found.intent.name, found.llm) == ("unclear", "model")
    assert answer in (found.intent.answer or "")


@pytest.mark.once
@pytest.mark.parametrize(
    ("plan", "wish", "button"),
    [
        ("confirmation_without_form", "asked_to_cancel", "cancel_registration"),
        ("ski_programs", "asked_to_reset", "reset"),
        ("login", "asked_to_connect", "connect_account"),
        ("confirmation_without_form", "asked_to_confirm", None),
    ],
)
def test_that_asks_for_what_only_a_button_does_is_answered_with_the_button(
    model: Model, plan: str, wish: str, button: str | None
) -> None:
    model.reads = lambda _: reading(wish)

    found = read("mach schon, du weißt was ich will", PLANS[plan])

    assert (found.intent.name, found.llm) == (wish, "model")
    assert found.intent.answer
    assert {one["action"] for one in found.intent.buttons} >= ({button} if button else set())


@pytest.mark.once
def test_that_asks_something_gets_its_topic(model: Model) -> None:
    model.reads = lambda _: reading("question", topic="price")
    found = read("c'est combien, tout ça", PLANS["ski_programs"])
    assert (found.intent.question, found.llm) == (Topic.PRICE, "model")


@pytest.mark.once
def test_that_it_does_not_understand_is_what_the_parser_reads_a_search_too(model: Model) -> None:
    model.reads = lambda _: reading("unclear")
    found = read("Riverside swim in Rockford", PLANS["nothing_offered"])
    assert (found.intent.name, found.llm) == ("search", "model")
    assert found.intent.payload == {"query": "Riverside swim", "location": "Rockford"}


@pytest.mark.once
def test_that_asks_something_else_is_looked_for_nowhere(model: Model) -> None:
    model.reads = lambda _: reading("question")
    found = read("quatsch mit soße", PLANS["nothing_offered"])
    assert (found.intent.name, found.llm) == ("unclear", "model")


@pytest.mark.once
@pytest.mark.parametrize("text", ["yes thats the one", "sí", "si"])
def test_says_yes_to_the_only_one(model: Model, text: str) -> None:
    model.reads = lambda _: reading("select_provider", position=1)
    found = read(text, PLANS["one_club"])
    assert (found.intent.name, found.llm) == ("select_provider", "model")


@pytest.mark.once
@pytest.mark.parametrize(
    ("plan", "text", "said"),
    [
        ("confirmation_without_form", "how much is it?", "change_provider"),
        ("confirmation_without_form", "yes", "change_program"),
        ("confirmation_without_form", "no, wait", "change_provider"),
        ("confirmation_without_form", "no, don't change anything", "change_program"),
        ("ski_programs", "ich bin mir nicht sicher", "change_provider"),
        ("all_in_place", "is that all?", "complete_prereqs"),
        ("all_in_place", "hm, I'm not sure", "complete_prereqs"),
        ("all_in_place", "nein", "complete_prereqs"),
        ("one_missing", "no, not yet", "check_prereqs"),
        ("ski_programs", "is the first one full?", "select_program"),
    ],
)
def test_is_done_only_where_it_does_not_ask_or_doubt(
    model: Model, plan: str, text: str, said: str
) -> None:
    model.reads = lambda _: reading(said, position=1)
    found = read(text, PLANS[plan])
    assert found.llm == "fallback"
    assert found.intent.name != said
    assert found.intent.answer is not None


@pytest.mark.once
@pytest.mark.parametrize(
    "text", ["otra escuela, por favor", "go back", "lieber ein anderer Verein"]
)
def test_loses_work_where_the_words_say_so(model: Model, text: str) -> None:
    model.reads = lambda _: reading("change_provider")
    assert read(text, PLANS["ski_programs"]).intent.name == "change_provider"


@pytest.mark.once
@pytest.mark.parametrize("plan", PLANS)
def test_can_mean_nothing_but_what_is_legal_and_reversible(plan: str) -> None:
    """Wishes for a button are words that get an answer; of the table's actions none needs one."""
    at = PLANS[plan]
    if at.step is Step.FORM_FILL:
        return
    actions = [name for name in prompts.intents(at) if name in RULES]
    assert all(RULES[name].by_text and at.step in RULES[name].at for name in actions)
    assert set(prompts.intents(at)) <= set(prompts.MEANS)
    assert len(prompts.instructions(at)) < 4_000


@pytest.mark.once
def test_is_read_without_what_is_shown(model: Model) -> None:
    """No name, no description, no place: only how many there are."""
    for plan in ("several_clubs", "ski_programs", "all_in_place", "confirmation_without_form"):
        read("hm", PLANS[plan])
    sent = b" ".join(question.raw for question in model.questions).decode()
    shown = [one["name"] for one in PLANS["several_clubs"].offered]
    shown += [
        text
        for one in PLANS["ski_programs"].programs
        for text in one.values()
        if isinstance(text, str)
    ]
    assert len(model.questions) == 4
    assert [text for text in shown if text in sent and text != "USD"] == []
    assert "5 are shown" in sent


def test_says_in_turn_and_record_who_read_it(chat: Chat, model: Model) -> None:
    walk(chat, model, "program_selection")
    model.reads = lambda _: reading("select_program", weekday="saturday")
    assert chat.say("der Samstag passt uns, saturday")["meta"]["llm"] == "model"
    assert chat.step == "prerequisite_check"
    model.script(Script(status=400))
    assert chat.say("continue")["meta"]["llm"] == "fallback"
    assert chat.step == "form_fill"

    rows = MandateAudit.objects.filter(action="message_sent").order_by("created_at", "id")
    assert [row.metadata["llm"] for row in rows][-2:] == ["model", "fallback"]


def test_typed_beside_a_form_is_no_models_business(chat: Chat, model: Model) -> None:
    walk(chat, model, "form_fill")
    assert chat.say("Emma, born in spring")["meta"]["llm"] is None
    assert model.questions == []


def test_needs_no_model_where_there_is_no_key(chat: Chat, model: Model, settings: Settings) -> None:
    settings.OPENAI_API_KEY = ""
    chat.begin()
    assert chat.say("Blackhawk Ski Club")["meta"]["llm"] is None
    assert model.questions == []


@pytest.mark.django_db(transaction=True)
def test_holds_nothing_up_while_it_is_read_and_is_sent_once_where_the_signup_moves_on(
    chat: Chat, model: Model
) -> None:
    """Neither a transaction nor the lease: another window goes its way meanwhile."""
    walk(chat, model, "program_selection")
    other = Chat(chat.user)
    other.id = chat.id

    def press() -> None:
        other.press("change_provider")
        connection.close()

    model.before = press  # in the server's thread, while the message waits for it
    model.reads = lambda _: reading("select_program", weekday="saturday")
    turn = chat.say("Camp Whitepine, the saturday one")

    assert (other.status, chat.status) == (200, 200)
    assert len(model.questions) == 1
    assert (turn["meta"]["llm"], turn["session"]["step"]) == ("fallback", "provider_search")
    assert turn["session"]["version"] > other.last["session"]["version"]


def test_is_sent_once_however_often_the_turn_is_tried(
    chat: Chat, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(chat, model, "prerequisite_check")
    model.reads = lambda _: reading("change_program")
    write, tries = store.write, []

    def late(*args: Any, **kwargs: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise SessionChangedError
        return write(*args, **kwargs)

    monkeypatch.setattr(store, "write", late)

    turn = chat.say("je préfère un autre cours")

    assert (len(tries), len(model.questions)) == (3, 1)
    assert (turn["meta"]["llm"], turn["session"]["step"]) == ("model", "program_selection")


@pytest.mark.once
def test_is_read_anew_by_the_parser_where_the_plan_is_another(model: Model) -> None:
    model.reads = lambda _: reading("select_program", position=1)
    reader, session = Reader("number 1"), AgenticCheckoutSession(status="open")
    plan: Plan = PLANS["ski_programs"]

    first, again = reader.read(session, plan), reader.read(session, plan)
    other = reader.read(session, plan.but(programs=plan.programs[::-1]))

    assert first == again
    assert (first.llm, other.llm) == ("model", "fallback")
    assert other.intent.payload == {"program_ref": plan.programs[-1]["program_ref"]}
    assert len(model.questions) == 1
