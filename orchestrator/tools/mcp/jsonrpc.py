"""JSON-RPC 2.0, as far as a client needs it: requests out, and what comes back told apart."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.tools.errors import ToolBadResponseError

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
CAPABILITY_MISSING = -32021
VERSION_UNSUPPORTED = -32022
NEVER_EXECUTED = frozenset(
    {
        INVALID_REQUEST,
        METHOD_NOT_FOUND,
        INVALID_PARAMS,
        HEADER_MISMATCH,
        CAPABILITY_MISSING,
        VERSION_UNSUPPORTED,
    }
)
NOBODYS_IDS = (None, "server-error")  # what servers put where they did not get as far as our id


@dataclass(frozen=True)
class Request:
    """One question, under an id that was never used before."""

    method: str
    params: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def message(self) -> dict[str, Any]:
        """Return what goes over the wire."""
        return {
            "jsonrpc": "2.0",
            "id": self.id,
            "method": self.method,
            "params": dict(self.params),
        }


@dataclass(frozen=True)
class ServerRequest:
    """A question of the server's to us, under its own id."""

    id: str | int
    method: str


class RpcError(ToolBadResponseError):
    """The server answered with a JSON-RPC error; of its words only numbers and versions are kept.

    `supported` holds the revisions that it names with VERSION_UNSUPPORTED.
    """

    def __init__(self, number: int, supported: frozenset[str] = frozenset()) -> None:
        super().__init__(maybe_sent=number not in NEVER_EXECUTED)
        self.number = number
        self.supported = supported


def notification(method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a message that wants no answer."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    return message if params is None else message | {"params": dict(params)}


def answer(asked: ServerRequest) -> dict[str, Any]:
    """Return our answer to a server: we are here, and can do nothing else for it."""
    said: dict[str, Any] = {"result": {}}
    if asked.method != "ping":
        said = {"error": {"code": METHOD_NOT_FOUND, "message": "Method not found"}}
    return {"jsonrpc": "2.0", "id": asked.id, **said}


def messages_in(value: object, *, batches: bool) -> Iterator[Mapping[str, object]]:
    """Yield the JSON-RPC messages that a JSON value holds.

    :raises ToolBadResponseError: if it is none, or a batch where there are no `batches`
    """
    for one in value if batches and isinstance(value, list) else [value]:
        if not isinstance(one, dict) or one.get("jsonrpc") != "2.0":
            raise ToolBadResponseError(maybe_sent=True)
        yield one


def server_request_in(message: Mapping[str, object]) -> ServerRequest | None:
    """Return the question that the server asks, if the message is one."""
    method, number = message.get("method"), message.get("id")
    if not isinstance(method, str) or isinstance(number, bool):
        return None
    return ServerRequest(number, method) if isinstance(number, str | int) else None


def is_reply(message: Mapping[str, object]) -> bool:
    """Return whether the message answers a request, ours or another."""
    return "method" not in message and ("result" in message or "error" in message)


def is_reply_to(request: Request, message: Mapping[str, object], *, loosely: bool = False) -> bool:
    """Return whether the message answers this request.

    `loosely`: an error that names nobody's request is ours, too, as under a 4xx.
    """
    if not is_reply(message):
        return False
    if loosely and "error" in message and message.get("id") in NOBODYS_IDS:
        return True
    return message.get("id") == request.id


def result_of(reply: Mapping[str, object]) -> dict[str, Any]:
    """Return a reply's result.

    :raises RpcError: if the reply is an error
    :raises ToolBadResponseError: if it is neither
    """
    if "error" in reply:
        raise _error(reply["error"])
    result = reply.get("result")
    if not isinstance(result, dict):
        raise ToolBadResponseError(maybe_sent=True)
    return result


def _error(error: object) -> ToolBadResponseError:
    number = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(error, Mapping) or not isinstance(number, int):
        return ToolBadResponseError(maybe_sent=True)
    data = error.get("data")
    named = data.get("supported") if isinstance(data, Mapping) else None
    known = named if isinstance(named, list) else []
    return RpcError(number, frozenset(one for one in known if isinstance(one, str)))
