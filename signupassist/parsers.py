"""Reading request bodies: JSON as RFC 8259 has it, and nothing that would break further in."""

import json
import math
from collections.abc import Iterable
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser

from audit import opened, redaction

MAX_DEPTH = 32  # lists and objects inside one another
MOST_KEYS = 200  # of one object
LONGEST_KEY = 200
MOST_VALUES = 10_000  # of the whole body
WHOLE_NUMBERS = range(-(2**63), 2**63)
NOT_JSON = gettext_lazy("This is no JSON in UTF-8.")
TOO_DEEP = gettext_lazy("It is nested more than %(max_depth)s deep.")
TOO_LARGE = gettext_lazy("A number is too large.")


class UnacceptableError(ValueError):
    """The body cannot be taken; the text is a sentence for whoever wrote the program."""


class StrictJSONParser(BaseParser):
    """Parse JSON; refuse what others would read otherwise, and what would break further in.

    What people type as their own words and secrets is kept out of the log from here on.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """Return the body's value.

        :raises ValidationError: for a body that is not acceptable JSON; it says why
        """
        # request.body, unlike the bare stream, enforces DATA_UPLOAD_MAX_MEMORY_SIZE
        body = parser_context["request"]._request.body if parser_context else stream.read()
        try:
            value = read(body)
        except UnacceptableError as error:
            raise ValidationError({"body": [str(error)]}) from None
        opened.remember_typed(*redaction.secrets_in(value))
        return value


def read(body: bytes) -> Any:
    """Return what the JSON says.

    :raises UnacceptableError: if it is none, ambiguous, or more than anybody needs
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_whole_number,
        )
    except UnacceptableError:
        raise
    except RecursionError:
        raise UnacceptableError(TOO_DEEP % {"max_depth": MAX_DEPTH}) from None
    except ValueError:
        raise UnacceptableError(NOT_JSON) from None
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise UnacceptableError(
            _("An object has more than %(most_keys)s keys.") % {"most_keys": MOST_KEYS}
        )
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnacceptableError(_("A key stands twice in the same object."))
    return found


def _no_constant(name: str) -> Any:
    raise UnacceptableError(_("%(name)s is not JSON.") % {"name": name})


def _whole_number(text: str) -> int:
    if len(text) > len(str(WHOLE_NUMBERS[0])) or int(text) not in WHOLE_NUMBERS:
        raise UnacceptableError(TOO_LARGE)
    return int(text)


def _check(body: Any) -> None:
    """Walk level by level, so that depth costs no stack."""
    level, seen = [body], 0
    for depth in range(MAX_DEPTH + 1):
        seen += len(level)
        if seen > MOST_VALUES:
            raise UnacceptableError(
                _("There are more than %(most_values)s values.") % {"most_values": MOST_VALUES}
            )
        below: list[Any] = []
        for value in level:
            if depth == MAX_DEPTH and isinstance(value, dict | list):
                raise UnacceptableError(TOO_DEEP % {"max_depth": MAX_DEPTH})
            below += _inside(value)
        level = below


def _inside(value: Any) -> Iterable[Any]:
    """Return what a value holds, after a look at what it is itself."""
    match value:
        case dict():
            for key in value:
                _check_key(key)
            return value.values()
        case list():
            return value
        case str():
            _check_text(value)
        case float() if not math.isfinite(value):
            raise UnacceptableError(TOO_LARGE)
    return ()


def _check_key(key: str) -> None:
    if len(key) > LONGEST_KEY:
        raise UnacceptableError(
            _("A key is longer than %(longest_key)s characters.") % {"longest_key": LONGEST_KEY}
        )
    _check_text(key)


def _check_text(text: str) -> None:
    if "\0" in text:  # PostgreSQL keeps none
        raise UnacceptableError(_("There is a NUL character."))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UnacceptableError(_("There is half of a surrogate pair.")) from None
