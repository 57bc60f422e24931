"""The stateless era (2026-07-28): every request says all about itself, and nothing is kept.

No handshake, no session, no questions of the server's, no resumption; ending a stream cancels.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolFailedError,
    ToolInputRequiredError,
    ToolVersionUnsupportedError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.headers import encode, mirrored
from orchestrator.tools.mcp.jsonrpc import (
    CAPABILITY_MISSING,
    HEADER_MISMATCH,
    INVALID_REQUEST,
    VERSION_UNSUPPORTED,
    Request,
    RpcError,
)
from orchestrator.tools.mcp.wire import CLIENT_INFO, PROTOCOL_VERSION, Hearing, Question, Wire

VERSION = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},  # so that nobody asks us for anything
    "io.modelcontextprotocol/clientInfo": CLIENT_INFO,
}
SPOKEN_HERE = frozenset({HEADER_MISMATCH, CAPABILITY_MISSING})  # errors that no other era knows


class StatelessWire(Wire):
    """Requests that stand for themselves."""

    def is_spoken(self, effort: Effort) -> bool:
        """Return whether the server speaks this era.

        :raises ToolError: if it does not say: an outage is no verdict, and neither is a 401
        """
        try:
            said = self.ask(Question("server/discover"), effort)
        except RpcError as error:
            return error.number in SPOKEN_HERE
        except (ToolVersionUnsupportedError, ToolBadResponseError, ToolFailedError):
            return False
        versions = said.get("supportedVersions")
        return isinstance(versions, list) and VERSION in versions

    def mirrored(self, schema: object, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return the `Mcp-Param-*` headers.

        :raises InvalidAnnotationError: if the tool asks for one that cannot be
        """
        return mirrored(schema, arguments)

    def close(self) -> None:
        """Do nothing: the server does not know us."""

    def _attempt(self, question: Question, effort: Effort) -> dict[str, Any]:
        try:
            result = self._send(question, effort)
        except RpcError as error:
            is_ours = error.number == VERSION_UNSUPPORTED and VERSION in error.supported
            if is_ours and not question.once:
                result = None
            elif not is_ours and error.number in {VERSION_UNSUPPORTED, INVALID_REQUEST}:
                raise ToolVersionUnsupportedError from None
            else:
                raise
        if result is None:  # refused, although there is a version that we both know
            result = self._send(question, effort)
        return self._complete(question, result, effort)

    def _send(self, question: Question, effort: Effort) -> dict[str, Any]:
        meta = {"traceparent": effort.trace_parent, **question.meta, **ENVELOPE}
        headers = {PROTOCOL_VERSION: VERSION, "Mcp-Method": question.method, **question.headers}
        if question.name:
            headers["Mcp-Name"] = encode(question.name)
        hearing = Hearing(Request(question.method, {**question.params, "_meta": meta}))
        effort.protocol = VERSION
        return self._converse(hearing, headers, effort, fresh=question.once)

    def _complete(
        self, question: Question, result: dict[str, Any], effort: Effort
    ) -> dict[str, Any]:
        """Return a result that is one.

        :raises ToolInputRequiredError: if the tool has questions first
        """
        match result.get("resultType", "complete"):
            case "complete":
                return result
            case "input_required":
                raise ToolInputRequiredError(maybe_sent=True)
        raise ToolBadResponseError(maybe_sent=True)

    def _resume(self, hearing: Hearing, headers: Mapping[str, str], effort: Effort) -> NoReturn:
        raise hearing.silence()
