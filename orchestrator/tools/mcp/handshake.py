"""The handshake era (2025-03-26, 2025-06-18, 2025-11-25): one session for all, and what it takes.

A server may forget the session, ask questions in between, and break a stream off to be resumed.
"""

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import sleep
from typing import Any

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolSessionLostError,
    ToolTimeoutError,
    ToolUnavailableError,
    ToolVersionUnsupportedError,
)
from orchestrator.tools.mcp.answers import encoded, media_type, raise_for_status
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.jsonrpc import (
    CAPABILITY_MISSING,
    HEADER_MISMATCH,
    VERSION_UNSUPPORTED,
    Request,
    RpcError,
    ServerRequest,
    answer,
    notification,
)
from orchestrator.tools.mcp.retrying import aside, persist
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mcp.wire import (
    CLIENT_INFO,
    EVENTS,
    JSON,
    PROTOCOL_VERSION,
    SESSION_ID,
    Hearing,
    Question,
    Wire,
)

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")  # the first is what we offer
WITH_BATCHES = VERSION_WITHOUT_HEADER = "2025-03-26"
RESUMPTIONS = 3
ANSWER_SECONDS = 1.0  # a server that asks should listen, too
CANCEL_SECONDS = 0.15  # the caller has waited long enough
GOODBYE_SECONDS = 1.0
STATELESS_NOW = frozenset({HEADER_MISMATCH, CAPABILITY_MISSING, VERSION_UNSUPPORTED})
_VISIBLE = re.compile(r"[!-~]{0,1024}")


@dataclass(frozen=True, eq=False)
class Session:
    """What the handshake agreed on; two sessions are never the same."""

    id: str
    version: str

    @property
    def headers(self) -> dict[str, str]:
        """Return what every request after the handshake carries."""
        headers = {} if self.version == VERSION_WITHOUT_HEADER else {PROTOCOL_VERSION: self.version}
        return headers | ({SESSION_ID: self.id} if self.id else {})


class HandshakeWire(Wire):
    """Requests within a session, which all threads of the process share."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._session: Session | None = None
        self._lock = threading.Lock()

    def connect(self, effort: Effort) -> None:
        """Have a session.

        :raises ToolError: if the server grants none
        """
        self._session_for(effort)

    def mirrored(self, schema: object, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return nothing: this era says everything once."""
        return {}

    def close(self) -> None:
        """Give the session back, if the server hears it."""
        session, self._session = self._session, None
        if session is None or not session.id:
            return
        effort = Effort(seconds=GOODBYE_SECONDS, retries=0)
        with suppress(ToolError):
            self._transport.exchange("DELETE", self._path, effort=effort, headers=session.headers)

    def _attempt(self, question: Question, effort: Effort) -> dict[str, Any]:
        session = self._session_for(effort)
        try:
            return self._ask_in(session, question, effort)
        except ToolSessionLostError:
            pass  # refused before anything was done: even a submission may be sent again
        return self._ask_in(self._session_for(effort, lost=session), question, effort)

    def _ask_in(self, session: Session, question: Question, effort: Effort) -> dict[str, Any]:
        meta = {"traceparent": effort.trace_parent, **question.meta}
        request = Request(question.method, {**question.params, "_meta": meta})
        headers = {**session.headers, **question.headers}
        effort.protocol = session.version

        def say(asked: ServerRequest) -> None:
            little = Effort(seconds=min(ANSWER_SECONDS, effort.left), retries=0)
            with suppress(ToolError):
                self._tell(answer(asked), session.headers, little)

        hearing = Hearing(request, batches=session.version == WITH_BATCHES, answer=say)
        try:
            return self._converse(hearing, headers, effort, fresh=question.once)
        except ToolTimeoutError as error:
            if error.maybe_sent:
                self._cancel(request, session)
            raise
        except RpcError as error:
            if error.number in STATELESS_NOW:
                raise ToolVersionUnsupportedError from None
            raise

    def _session_for(self, effort: Effort, *, lost: Session | None = None) -> Session:
        """Return the session, a new one if there is none or only the `lost` one.

        :raises ToolError: if the server grants none, or another thread asks it for too long
        """
        session = self._session
        if session is not None and session is not lost:
            return session
        if not self._lock.acquire(timeout=effort.left):
            raise ToolTimeoutError
        try:
            session = self._session
            if session is None or session is lost:  # nobody else was quicker
                self._session = None
                with aside(effort):
                    session = persist(lambda: self._initialize(effort), effort)
                self._session = session
            return session
        finally:
            self._lock.release()

    def _initialize(self, effort: Effort) -> Session:
        wish = {"protocolVersion": VERSIONS[0], "capabilities": {}, "clientInfo": CLIENT_INFO}
        hearing = Hearing(Request("initialize", wish))
        try:
            result = self._converse(hearing, {}, effort)
        except RpcError as error:
            if error.number in STATELESS_NOW:
                raise ToolVersionUnsupportedError from None
            raise
        version, name = result.get("protocolVersion"), hearing.headers.get(SESSION_ID, "")
        if version not in VERSIONS:
            raise ToolVersionUnsupportedError
        if not _VISIBLE.fullmatch(name):
            raise ToolBadResponseError
        session = Session(name, version)
        self._tell(notification("notifications/initialized"), session.headers, effort)
        return session

    def _tell(self, message: Mapping[str, Any], headers: Mapping[str, str], effort: Effort) -> None:
        """Send what wants no reply.

        :raises ToolError: if the server did not take it
        """
        told = {"Accept": f"{JSON}, {EVENTS}", "Content-Type": JSON, **headers}
        with self._transport.open(
            "POST", self._path, effort=effort, body=encoded(message), headers=told
        ) as stream:
            raise_for_status(stream.status, stream.headers)

    def _cancel(self, request: Request, session: Session) -> None:
        """Let the server know that nobody waits any more, if it hears it."""
        effort = Effort(seconds=CANCEL_SECONDS, retries=0)
        why = {"requestId": request.id, "reason": "deadline"}
        with suppress(ToolError):
            self._tell(notification("notifications/cancelled", why), session.headers, effort)

    def _resume(
        self, hearing: Hearing, headers: Mapping[str, str], effort: Effort
    ) -> Mapping[str, object]:
        """Return the reply to the request that is still under way: asking for it sends nothing."""
        for _ in range(RESUMPTIONS):
            reader = hearing.reader
            if not reader.last_id or reader.retry_seconds >= effort.left:
                break
            sleep(reader.retry_seconds)
            told = {**headers, "Accept": EVENTS, "Last-Event-ID": reader.last_id}
            try:
                with self._transport.open("GET", self._path, effort=effort, headers=told) as stream:
                    if stream.status != 200 or media_type(stream.headers) != EVENTS:
                        break
                    if reply := hearing.hear(stream):
                        return reply
            except ToolUnavailableError:
                continue
            except ToolTimeoutError:
                raise ToolTimeoutError(maybe_sent=True) from None  # the request itself did leave
        raise hearing.silence()
