"""A password in a message…"""

import pytest

from audit.models import MandateAudit
from orchestrator.services.reading import NO_PASSWORDS
from orchestrator.understanding.intents import Intent, Topic
from tests.orchestrator.chat import Chat
from tests.orchestrator.language.conftest import read
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, reading
from tests.servers.places_server import PlacesServer

STEPS = ["nothing_offered", "one_club", "login", "ski_programs", "one_missing", "confirmation"]
TOLD = [
    "karate in Verona my password is hunter2", "PIN 4711", "my log in is emma sunshine",
    "contraseña sol", "p a s s w o r d sunshine", "P@ssw0rd",
]  # fmt: skip
ASKED = [
    "what do you do with my password?", "is my password safe?", "do I need a login?",
    "who sees my password?", "I forgot my password",
]  # fmt: skip

TALK = ["that's the right password", "the password is correct!", "the password works on their site"]
REFUSED = Intent("unclear", answer=str(NO_PASSWORDS))


@pytest.mark.once
@pytest.mark.parametrize("at", STEPS)
def test_is_answered_with_one_sentence_and_read_by_no_model(
    model: LanguageModelServer, at: str
) -> None:
    model.reads = lambda _: reading("unclear")
    for text in TOLD:
        found = read(text, PLANS[at])
        assert (found.intent, found.llm) == (REFUSED, "fallback"), text
    assert model.questions == []
    assert read(TOLD[0], PLANS["form"]).intent == REFUSED


@pytest.mark.once
@pytest.mark.parametrize("text", TALK)
def test_that_is_only_talked_about_is_neither_scolded_nor_read_by_a_model(
    model: LanguageModelServer, text: str
) -> None:
    for at in STEPS:
        found = read(text, PLANS[at])
        assert str(found.intent.answer).startswith("Whether a password is right, only the provider")
        assert found.llm == "fallback"
    assert model.questions == []


@pytest.mark.parametrize("text", TOLD[:2])
def test_is_looked_for_nowhere_and_leaves_the_screen_as_it_is(
    chat: Chat, google: PlacesServer, text: str
) -> None:
    chat.begin()
    turn = chat.say(text)
    assert turn["message"].startswith("Please never type a password into this chat.")
    assert turn["session"]["step"] == "provider_search"
    assert google.count == 0
    assert not MandateAudit.objects.filter(action__startswith="tool_").exists()


@pytest.mark.once
def test_and_a_childs_name_stay_away_from_the_map_whoever_reads_them(
    model: LanguageModelServer,
) -> None:
    model.reads = lambda _: reading("search", query="karate Emma", location="Verona")
    found = read("my daughter Emma wants karate in Verona", PLANS["nothing_offered"])
    assert (found.intent.payload.get("is_private"), found.llm) == (True, "model")
    model.reads = lambda _: reading("search", query="karate", location="Verona")
    found = read("my daughter Emma wants karate in Verona", PLANS["nothing_offered"])
    assert "is_private" not in found.intent.payload
    model.reads = lambda _: reading("change_provider")
    found = read("no, my daughter Emma wants the Emma karate club in Verona", PLANS["login"])
    assert found.intent.payload["location"] == "Verona"
    assert found.intent.payload["is_private"] is True


@pytest.mark.once
@pytest.mark.parametrize("text", ASKED)
def test_that_is_only_asked_about_is_a_question(model: LanguageModelServer, text: str) -> None:
    for at in STEPS[:4]:
        model.reads = lambda _: reading("question", topic="login")
        assert read(text, PLANS[at]).intent.question is Topic.LOGIN
    named = [one for one in model.questions if "password" in one.said]
    assert named == []
