"""Chats on the sample tools, and on real tool servers over every wire."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import Chat
from tests.requirements_of_machine import need
from tests.servers.places_server import PlacesServer
from tests.servers.sdk.running import SdkServer, serving
from tests.servers.tools_call_server import ToolsCallServer

MakeNews = Callable[..., RegistrationSubmission]


@pytest.fixture
def chat(parent: User) -> Chat:
    """A parent who talks to the sample tools."""
    return Chat(parent)


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use, with fallback to samples off."""
    with ToolsCallServer() as running:
        use(settings, running.url, running.token, transport="tools-call")
        yield running


@pytest.fixture(params=["samples", "tools-call"])
def any_chat(request: pytest.FixtureRequest, parent: User) -> Chat:
    """A parent who talks to the sample tools, and again to the real server."""
    if request.param == "tools-call":
        request.getfixturevalue("server")
    return Chat(parent)


@pytest.fixture
def make_news(parent: User) -> MakeNews:
    """Make a registration that was settled while its parent was away."""

    def make(user: User | None = None, **known: Any) -> RegistrationSubmission:
        now = timezone.now()
        usual = {
            "session_id": uuid4(),
            "user_id": (user or parent).pk,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
            "org_name": "Blackhawk Ski Club",
            "program_ref": f"program-{uuid4()}",
            "program_title": "Nordic Kids",
            "participant": "a" * 64,
            "status": SubmissionStatus.CONFIRMED,
            "is_real": True,
            "request_digest": "b" * 64,
            "confirmation_ref": "BSC-77",
            "created_at": now,
            "updated_at": now,
            "news_at": now,
        }
        return RegistrationSubmission.objects.create(**usual | known)

    return make


@pytest.fixture(scope="session")
def running_2x() -> Iterator[SdkServer]:
    """The official SDK 2.x in a process of its own, once for all tests."""
    with serving("2x") as running:
        yield running


@pytest.fixture(scope="session")
def running_1x() -> Iterator[SdkServer]:
    """The official SDK 1.x in a process and an environment of its own, once for all tests."""
    need("sdk-1x")
    with serving("1x") as running:
        yield running


@pytest.fixture
def sdk(request: pytest.FixtureRequest, settings: Settings) -> SdkServer:
    """A server of the official SDK in use; the test names its wire: `sdk-2x-stateless-json`, …"""
    _, major, manner = str(request.param).split("-", 2)
    running: SdkServer = request.getfixturevalue(f"running_{major}")
    running.forget()
    use(settings, running.url(manner), running.token, transport="streamable-http")
    return running


@pytest.fixture(scope="session")
def running_places() -> Iterator[PlacesServer]:
    """The map on loopback, once for all tests."""
    with PlacesServer() as running:
        yield running


@pytest.fixture
def google(running_places: PlacesServer, settings: Settings) -> Iterator[PlacesServer]:
    """The map in use, with no place on it yet."""
    running_places.forget()
    settings.GOOGLE_PLACES_BASE_URL = running_places.url
    settings.GOOGLE_PLACES_API_KEY = running_places.key
    yield running_places
    running_places.forget()


def use(settings: Settings, url: str, token: str, *, transport: str) -> None:
    """Let the service speak to this server, and never to samples instead."""
    settings.USE_REAL_MCP = True
    settings.MCP_SERVER_URL = url
    settings.MCP_ACCESS_TOKEN = token
    settings.MCP_TRANSPORT = transport
    settings.MCP_FALLBACK = False
    settings.MCP_TIMEOUT_SECONDS = 2
    get_toolbox.cache_clear()
