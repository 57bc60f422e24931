"""What an HTTP answer says: JSON or not, trouble or not, the tool's own no."""

import json
import re
from collections.abc import Mapping
from typing import Any

from orchestrator.tools import schema
from orchestrator.tools.errors import (
    REFUSALS,
    ToolAuthError,
    ToolBadResponseError,
    ToolError,
    ToolFailedError,
    ToolMissingError,
    ToolRefusedError,
    ToolUnavailableError,
)

REQUEST_LIMIT = 256 * 1024
WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})
NEVER_EXECUTED = frozenset({400, 401, 403, 405, 406, 411, 413, 415, 421, 429})
UNKNOWN_TOOL = frozenset({"unknown_tool", "tool_not_found"})
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return a request's body.

    :raises ToolFailedError: if it is larger than any server should have to take
    """
    body = json.dumps(value, allow_nan=False).encode()
    if len(body) > REQUEST_LIMIT:
        raise ToolFailedError
    return body


def json_value(text: str | bytes) -> object:
    """Return the JSON value, or None where there is no proper one."""
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None


def json_object(text: str | bytes) -> dict[str, object] | None:
    """Return the JSON object, or None where there is anything else."""
    found = json_value(text)
    return found if isinstance(found, dict) else None


def media_type(headers: Mapping[str, str], *, default: str = "") -> str:
    """Return the answer's content type without its parameters."""
    return headers.get("Content-Type", default).partition(";")[0].strip().lower()


def refusal_in(result: Mapping[str, object] | None, *, status: int = 200) -> ToolError | None:
    """Return the tool's own no, if that is what the result is.

    Where the status alone says that the service is in trouble (401, 403, 429, 5xx), only a code we
    know counts: a gateway's own error page must not pass for the provider's word.
    """
    error = (result or {}).get("error")
    if not isinstance(error, Mapping):
        return None
    code, message = error.get("code"), error.get("message")
    if not isinstance(code, str) or not isinstance(message, str) or not _CODE.fullmatch(code):
        return None
    in_trouble = status in {401, 403, 429} or status >= 500
    if in_trouble and code not in REFUSALS:
        return None
    if code in UNKNOWN_TOOL:
        return ToolMissingError()
    return ToolRefusedError(code, message[: schema.MAX_TEXT])


def raise_for_failure(result: Mapping[str, object]) -> None:
    """Return for a result that does not call itself a failure.

    :raises ToolFailedError: for one that does
    """
    if result.get("error") is not None or result.get("success") is False:
        raise ToolFailedError(maybe_sent=True)


def raise_for_status(status: int, headers: Mapping[str, str]) -> None:
    """Return for a 2xx only.

    :raises ToolError: the kind that the status speaks of
    """
    maybe_sent = status not in NEVER_EXECUTED
    if status in {401, 403}:
        raise ToolAuthError(maybe_sent=maybe_sent)
    if status == 429 or status >= 500:
        raise ToolUnavailableError(
            maybe_sent=maybe_sent,
            passing=status in WORTH_ANOTHER_TRY,
            retry_after=_retry_after(headers),
        )
    if status >= 400:
        raise ToolFailedError(maybe_sent=maybe_sent)
    if status >= 300:
        raise ToolBadResponseError(maybe_sent=maybe_sent)  # we follow nobody with a parent's data


def _retry_after(headers: Mapping[str, str]) -> float | None:
    wish = headers.get("Retry-After", "")
    return float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else None


def _refuse(constant: str) -> object:
    raise ValueError("NaN and the infinities are not JSON")


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
