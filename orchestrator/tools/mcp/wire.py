"""Streamable HTTP, as far as its eras agree: a request goes out, one reply comes back.

The reply comes as JSON or in a stream of events, among messages that are none of our business.
`handshake` and `stateless` hold what the eras do not agree on.
"""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolSessionLostError,
    ToolUnavailableError,
    ToolVersionUnsupportedError,
)
from orchestrator.tools.mcp.answers import (
    NEVER_EXECUTED,
    encoded,
    json_value,
    media_type,
    raise_for_status,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.jsonrpc import (
    Request,
    ServerRequest,
    is_reply,
    is_reply_to,
    messages_in,
    result_of,
    server_request_in,
)
from orchestrator.tools.mcp.retrying import persist
from orchestrator.tools.mcp.sse import EventReader
from orchestrator.tools.mcp.transport import HttpStream, Transport

CLIENT_INFO = {"name": "SignupAssist", "version": "1"}
SESSION_ID = "Mcp-Session-Id"
PROTOCOL_VERSION = "MCP-Protocol-Version"
JSON = "application/json"
EVENTS = "text/event-stream"
ANSWERS_LIMIT = 20  # what one call may cost us in answers to the server

_METADATA = re.compile(r'resource_metadata="(https?://[!#-~]{1,500})"')
log = logging.getLogger("orchestrator.tools")


class NoEndpointError(ToolVersionUnsupportedError):
    """Nothing at this address speaks MCP: 404 or 405, and not a word of JSON-RPC."""


@dataclass(frozen=True)
class Question:
    """What we want to know, whatever the era and however often we have to ask.

    `name` is the tool's, for `tools/call`. `once`: it may leave a single time.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


class Wire(ABC):
    """One era of Streamable HTTP to one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._path = "" if transport.has_path else "/mcp"

    def ask(self, question: Question, effort: Effort) -> dict[str, Any]:
        """Return the result; where it is allowed, trouble is met with a new request.

        :raises ToolError: if there is none
        """
        return persist(lambda: self._attempt(question, effort), effort, once=question.once)

    @abstractmethod
    def mirrored(self, schema: object, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers in which this era repeats a tool's arguments.

        :raises InvalidAnnotationError: if the tool must not be used in this era
        """

    @abstractmethod
    def close(self) -> None:
        """Let the server forget us, if it knows us."""

    @abstractmethod
    def _attempt(self, question: Question, effort: Effort) -> dict[str, Any]:
        """Return the result of asking once, in this era's manner."""

    @abstractmethod
    def _resume(
        self, hearing: "Hearing", headers: Mapping[str, str], effort: Effort
    ) -> Mapping[str, object]:
        """Return the reply that the stream broke off before.

        :raises ToolError: if it cannot be had any more
        """

    def _converse(
        self, hearing: "Hearing", headers: Mapping[str, str], effort: Effort, *, fresh: bool = False
    ) -> dict[str, Any]:
        """Return the result of this very request.

        :raises ToolError: if there is none
        """
        try:
            reply = self._post(hearing, headers, effort, fresh=fresh)
        except ToolUnavailableError:
            if not hearing.reader.last_id:
                raise
            reply = None
        return result_of(reply or self._resume(hearing, headers, effort))

    def _post(
        self, hearing: "Hearing", headers: Mapping[str, str], effort: Effort, *, fresh: bool
    ) -> Mapping[str, object] | None:
        told = {"Accept": f"{JSON}, {EVENTS}", "Content-Type": JSON, **headers}
        body = encoded(hearing.request.message())
        with self._transport.open(
            "POST", self._path, effort=effort, body=body, headers=told, fresh=fresh
        ) as stream:
            if stream.status == 404 and SESSION_ID in headers:
                raise ToolSessionLostError
            _raise_for_trouble(stream, hearing.request)
            return hearing.hear(stream)


class Hearing:
    """The wait for one request's reply, over as many streams as it takes."""

    def __init__(
        self,
        request: Request,
        *,
        batches: bool = False,
        answer: Callable[[ServerRequest], None] | None = None,
    ) -> None:
        self.request = request
        self.reader = EventReader()
        self.headers: Mapping[str, str] = {}
        self._batches = batches
        self._answer = answer
        self._answered = 0
        self._strangers = 0

    def hear(self, stream: HttpStream) -> Mapping[str, object] | None:
        """Return the reply, or None if a stream of events ended before it.

        :raises ToolError: if the answer is neither JSON nor events, or JSON without the reply
        """
        self.headers = stream.headers
        kind = media_type(stream.headers)
        if kind == EVENTS:
            self.reader.begin()
            for chunk in stream.chunks():
                for data in self.reader.feed(chunk):
                    if reply := self._reply_in(json_value(data)):
                        return reply
            return None
        reply = self._reply_in(json_value(stream.read())) if kind == JSON else None
        if reply is None or stream.status != 200:
            raise ToolBadResponseError(maybe_sent=True)
        return reply

    def silence(self) -> ToolError:
        """Return what it means that the streams ended without the reply."""
        if self._strangers:
            return ToolBadResponseError(maybe_sent=True)  # somebody else's answer came instead
        return ToolUnavailableError(maybe_sent=True)

    def _reply_in(self, value: object) -> Mapping[str, object] | None:
        found = None
        for message in messages_in(value, batches=self._batches):
            if is_reply_to(self.request, message):
                found = message
            elif is_reply(message):
                self._strangers += 1
            elif (asked := server_request_in(message)) and self._answer:
                self._answered += 1
                if self._answered <= ANSWERS_LIMIT:
                    self._answer(asked)
        return found


def _raise_for_trouble(stream: HttpStream, request: Request) -> None:
    """Return for a 2xx only.

    :raises ToolError: the kind that status and body speak of
    """
    status = stream.status
    if status == 401 and (found := _METADATA.search(stream.headers.get("WWW-Authenticate", ""))):
        log.warning("[MCP] The server wants another token, and says more at %s", found[1])
    if 400 <= status < 500 and status not in {401, 403, 429}:
        reply = json_value(stream.read())
        if isinstance(reply, dict) and is_reply_to(request, reply, loosely=True):
            result_of(reply)
        if status in {404, 405}:
            raise NoEndpointError(maybe_sent=status not in NEVER_EXECUTED)
        if status == 400:
            raise ToolVersionUnsupportedError
    raise_for_status(status, stream.headers)
