"""A parent, and what tests may do to the world around them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from tests.orchestrator.chat import Chat
from tests.orchestrator.conftest import use
from tests.servers import scripted_mcp
from tests.servers.scripted_mcp import ScriptedMcp
from tests.servers.tools_call_server import ToolsCallServer

API = "/api/v1"


@dataclass(frozen=True)
class World:
    """A parent, and what tests may do to the world around them."""

    chat: Chat
    settings: Settings
    patch: pytest.MonkeyPatch
    request: pytest.FixtureRequest

    @property
    def server(self) -> ToolsCallServer:
        """Return the real tool server; from the first look on it is in use."""
        running: ToolsCallServer = self.request.getfixturevalue("server")
        return running

    def mcp(self, era: str, **how: Any) -> ScriptedMcp:
        """Return an MCP server of that era; from now on it is in use, instead of any other."""
        running = ScriptedMcp(eras={era}, **how)
        running.__enter__()
        self.request.addfinalizer(lambda: running.__exit__(None, None, None))
        use(self.settings, running.url, scripted_mcp.TOKEN, transport="streamable-http")
        return running

    def get(self, path: str, client: Any = None, **headers: str) -> Any:
        """Return the answer to a GET below /api/v1."""
        return (client or self.chat.client).get(API + path, headers=headers)

    def say(self) -> Any:
        """Return the answer to a search."""
        self.chat.say("Blackhawk Ski Club in Middleton")
        return self.chat.response

    def press(self, action: str, **payload: Any) -> Any:
        """Return the answer to a button."""
        self.chat.press(action, **payload)
        return self.chat.response

    def confirm(self) -> Any:
        """Return the answer to the Confirm button of the last Turn."""
        return self.press("confirm_registration", summary=self.chat.summary)


Mishap = Callable[[World], Any]
