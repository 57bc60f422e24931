"""What the stateless era says twice: once in the body, once where a gateway can read it."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

ANNOTATION = "x-mcp-header"
PREFIX = "Mcp-Param-"

_PLAIN = re.compile(r"[ -~]*")
_ENCODED = re.compile(r"=\?base64\?.*\?=")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TYPES = frozenset({"string", "integer", "boolean"})

# Where JSON Schema 2020-12 puts schemas inside schemas. `properties` alone leads to a value whose
# place in the arguments is certain; `$ref` is never followed, and data (`const`, …) never read.
_ONE = frozenset(
    {
        "items",
        "contains",
        "unevaluatedItems",
        "additionalProperties",
        "propertyNames",
        "unevaluatedProperties",
        "not",
        "if",
        "then",
        "else",
        "contentSchema",
    }
)
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"patternProperties", "dependentSchemas", "$defs", "definitions"})

Path = tuple[str, ...]


class InvalidAnnotationError(Exception):
    """A tool wants a header that there cannot be; such a tool must not be used."""


def encode(value: str) -> str:
    """Return the value as a header can carry it: as it stands, or `=?base64?…?=`."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def annotations(schema: object) -> dict[Path, str]:
    """Return the header names that an input schema asks for, by the argument's path.

    :raises InvalidAnnotationError: if one of them cannot be
    """
    found: dict[Path, str] = {}
    for path, node in _schemas_in(schema):
        if ANNOTATION not in node:
            continue
        name, kind = node[ANNOTATION], node.get("type")
        if (
            not path
            or not isinstance(name, str)
            or not _TOKEN.fullmatch(name)
            or not isinstance(kind, str)
            or kind not in _TYPES
            or name.lower() in {other.lower() for other in found.values()}
        ):
            raise InvalidAnnotationError
        found[path] = name
    return found


def mirrored(schema: object, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that repeat these arguments; what is absent or null has none.

    :raises InvalidAnnotationError: if the schema asks for a header that cannot be
    """
    headers = {}
    for path, name in annotations(schema).items():
        value = _at(arguments, path)
        if isinstance(value, bool):
            headers[PREFIX + name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            headers[PREFIX + name] = encode(str(value))
    return headers


def _at(arguments: object, path: Path) -> object:
    for key in path:
        if not isinstance(arguments, Mapping):
            return None
        arguments = arguments.get(key)
    return arguments


def _schemas_in(root: object) -> Iterator[tuple[Path | None, dict[str, Any]]]:
    """Yield every schema with the path of the value it describes, None where that is uncertain."""
    waiting: list[tuple[Path | None, object]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield path, node
        for keyword, inner in node.items():
            if keyword == "properties" and isinstance(inner, dict):
                waiting += [
                    (None if path is None else (*path, name), one) for name, one in inner.items()
                ]
            elif keyword in _ONE:
                waiting.append((None, inner))
            elif keyword in _SEVERAL and isinstance(inner, list):
                waiting += [(None, one) for one in inner]
            elif keyword in _NAMED and isinstance(inner, dict):
                waiting += [(None, one) for one in inner.values()]
