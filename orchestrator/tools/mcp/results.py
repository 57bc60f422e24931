"""What a tool said: the data in a `tools/call` result, or the tool's own no."""

from collections.abc import Mapping
from typing import Any

from orchestrator.tools.errors import ToolBadResponseError, ToolFailedError
from orchestrator.tools.mcp.answers import json_object, raise_for_failure, refusal_in


def data_in(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data, from `structuredContent` or else from the one block of text.

    :raises ToolRefusedError: if the tool says no, and why
    :raises ToolFailedError: if it says no without a code
    :raises ToolBadResponseError: if it says nothing that can be read
    """
    structured, text = _structured(result), _text(result)
    if refusal := refusal_in(structured) or refusal_in(text):
        raise refusal
    if result.get("isError", False) is not False:
        raise ToolFailedError(maybe_sent=True)
    data = structured or text
    if data is None:
        raise ToolBadResponseError(maybe_sent=True)
    raise_for_failure(data)
    return data


def _structured(result: Mapping[str, Any]) -> dict[str, Any] | None:
    found = result.get("structuredContent")
    return found if isinstance(found, dict) else None


def _text(result: Mapping[str, Any]) -> dict[str, Any] | None:
    content = result.get("content")
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        return None
    text = content[0].get("text")
    if content[0].get("type") != "text" or not isinstance(text, str):
        return None
    return json_object(text)
