"""A language model on loopback, in use, which reads as a test tells it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from orchestrator.flow.plan import Plan
from orchestrator.language import client
from orchestrator.language.rest import Rest
from orchestrator.services.reading import Read, Reader
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status
from tests.orchestrator.chat import Chat
from tests.servers.language_model_server import KEY, LanguageModelServer, reading


@pytest.fixture(scope="module")
def running_model() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as running:
        yield running


@pytest.fixture
def model(
    running_model: LanguageModelServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LanguageModelServer]:
    """A model that is in use, and has just been started as far as anybody knows."""
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = KEY, running_model.url
    settings.OPENAI_MODEL = "a-small-model"
    monkeypatch.setattr(client, "rest", Rest())
    running_model.forget()
    yield running_model
    client.hang_up()
    running_model.forget()


@pytest.fixture
def chat(parent: User) -> Chat:
    """A parent who talks to the sample tools."""
    return Chat(parent)


def walk(chat: Chat, model: LanguageModelServer, step: str) -> None:
    """Go the usual way to a step, and have the model forget it."""
    model.reads = lambda _: reading("search", query="Blackhawk Ski Club", location="Middleton")
    chat.walk_to(step)
    model.forget()


def read(text: str, plan: Plan) -> Read:
    """Return what a text means in a signup that nobody keeps."""
    return Reader(text).read(AgenticCheckoutSession(status=Status.OPEN), plan)
