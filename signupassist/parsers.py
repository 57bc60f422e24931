"""Reading request bodies: JSON as RFC 8259 has it, and nothing that would break further in."""

import json
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from audit import opened, redaction

MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """Parse JSON; refuse duplicate keys, NaN, deep nesting, NUL and lone surrogates.

    What people type as their own words and secrets is kept out of the log from here on.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """Return the body's value.

        :raises ParseError: for a body that is not acceptable JSON
        """
        # request.body, unlike the bare stream, enforces DATA_UPLOAD_MAX_MEMORY_SIZE
        body = parser_context["request"]._request.body if parser_context else stream.read()
        try:
            value = json.loads(
                body.decode("utf-8"),
                object_pairs_hook=_unique_keys,
                parse_constant=_no_constants,
            )
            _check(value, MAX_DEPTH)
        except (ValueError, RecursionError):
            raise ParseError("The request body is not acceptable JSON.") from None
        opened.remember_typed(*redaction.secrets_in(value))
        return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, 0)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, str):
        if "\0" in value:
            raise ValueError("NUL")
        value.encode("utf-8")  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number too large")
