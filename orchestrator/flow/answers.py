"""Holding what a parent filled in against the fields that the provider described."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from orchestrator.flow import local
from orchestrator.tools.contract import Field

Answer = str | int | float | bool | list[str]

LONGEST = {"text": 200, "textarea": 4000, "email": 254, "tel": 40}
LARGEST = 1e12
PHONE = re.compile(r"\+?[0-9 ()./x-]{5,40}")
TURNS_TEXT = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # UAX #9
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
BIRTHDAY = re.compile(
    r"\b(?:date ?of ?birth|birth ?date|born|dob|fecha ?de ?nacimiento)\b"
    r"|\bbirth ?day\b(?! (?!of\b)\w)",  # and no birthday visit
    re.IGNORECASE,
)
NOT_OF_A_CHILD = re.compile(r"\b(?:party|parties|expected|due)\b", re.IGNORECASE)
FIRST_TO_SEE_A_DAY = timedelta(hours=14)  # ahead of UTC: nowhere is it later
OLDEST = 120  # years


class AnswersError(Exception):
    """Some answers do not fit; `errors` holds the sentences by field name."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("some answers do not fit their fields")
        self.errors = errors


class _WrongError(Exception):
    """One answer does not fit; the text is the sentence for the parent."""


def validate(
    fields: Sequence[Field], answers: Mapping[str, Any], *, at: datetime
) -> dict[str, Answer]:
    """Return the answers in the fields' order, tidied up, without the empty ones.

    `at`: when they were given, for nobody is born later.

    :raises AnswersError: with a sentence for each field that needs another look
    """
    known = {field["name"] for field in fields}
    errors = {name: [_("This form has no such field.")] for name in answers if name not in known}
    tidy: dict[str, Answer] = {}
    for field in fields:
        try:
            answer = _one(field, answers.get(field["name"]))
            if isinstance(answer, str) and _is_birthday(field):
                _must_be_lived(date.fromisoformat(answer), at)
        except _WrongError as wrong:
            errors[field["name"]] = [str(wrong)]
            continue
        if answer is not None:
            tidy[field["name"]] = answer
    if errors:
        raise AnswersError(errors)
    return tidy


def _one(field: Field, given: Any) -> Answer | None:
    """Return one answer, or None where there is none and none is needed."""
    if isinstance(given, str):
        given = given.strip()
    if field["type"] == "checkbox":
        ticked = _checkbox(field, given)
        if field["required"] and not ticked:
            raise _WrongError(_("Please tick this box."))
        return ticked
    if given is None or given in ("", []):
        if field["required"]:
            raise _WrongError(_("This field is required."))
        return None
    return _READERS[field["type"]](field, given)


def _checkbox(field: Field, given: Any) -> bool:
    if given in (None, ""):
        return False
    if not isinstance(given, bool):
        raise _WrongError(_("Please tick this box, or leave it."))
    return given


def _string(field: Field, given: Any) -> str:
    if not isinstance(given, str):
        raise _WrongError(_("Please enter some text."))
    if any(_hides_something(ch, field["type"]) for ch in given):
        raise _WrongError(_("Please use plain letters; a hidden character came along."))
    longest = LONGEST.get(field["type"], LONGEST["text"])
    if len(given) > longest:
        raise _WrongError(_("Please keep it under %(longest)s characters.") % {"longest": longest})
    return given


def _hides_something(ch: str, kind: str) -> bool:
    """Return whether a character could make the confirmation read as something else."""
    if kind == "textarea" and ch in "\n\r\t":
        return False
    return unicodedata.category(ch) == "Cc" or unicodedata.bidirectional(ch) in TURNS_TEXT


def _email(field: Field, given: Any) -> str:
    text = _string(field, given)
    try:
        validate_email(text)
    except ValidationError:
        raise _WrongError(_("Please enter an e-mail address, like name@example.org.")) from None
    return text


def _tel(field: Field, given: Any) -> str:
    text = _string(field, given)
    if not PHONE.fullmatch(text) or sum(ch.isdigit() for ch in text) < 5:
        raise _WrongError(_("Please enter a phone number, like 608-555-0123."))
    return text


def _number(field: Field, given: Any) -> int | float:
    if isinstance(given, str):
        try:
            given = int(given) if given.lstrip("-").isdigit() else float(given)
        except ValueError:
            given = None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise _WrongError(_("Please enter a number."))
    if not abs(given) <= LARGEST:  # written so that NaN does not pass, and no integer overflows
        raise _WrongError(_("That number is too large."))
    return given


def _date(field: Field, given: Any) -> str:
    try:
        if not isinstance(given, str) or not ISO_DATE.fullmatch(given):
            raise ValueError
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise _WrongError(_("Please enter a date, like 2018-05-31.")) from None


def _is_birthday(field: Field) -> bool:
    """Return whether a field asks when somebody was born."""
    if field["type"] != "date":
        return False
    words = f"{field['role'] or ''}\n{field['name']}\n{field['label']}".replace("_", " ")
    return bool(BIRTHDAY.search(words)) and not NOT_OF_A_CHILD.search(words)


def _must_be_lived(born: date, at: datetime) -> None:
    """Refuse a date on which nobody alive can have been born."""
    today = (at.astimezone(UTC) + FIRST_TO_SEE_A_DAY).date()
    if born > today:
        raise _WrongError(_("This date is in the future. Please enter the date of birth."))
    if born.year < today.year - OLDEST:
        raise _WrongError(
            _("This is more than %(years)s years ago. Please check the year.") % {"years": OLDEST}
        )


def _select(field: Field, given: Any) -> str:
    if given not in [option["value"] for option in field["options"]]:
        raise _WrongError(_("Please choose one of the options."))
    return str(given)


def _multiselect(field: Field, given: Any) -> list[str]:
    offered = [option["value"] for option in field["options"]]
    if not isinstance(given, list) or any(one not in offered for one in given):
        raise _WrongError(_("Please choose from the options."))
    return [value for value in offered if value in given]


_READERS: dict[str, Callable[[Field, Any], Answer]] = {
    "text": _string,
    "textarea": _string,
    "email": _email,
    "tel": _tel,
    "number": _number,
    "date": _date,
    "select": _select,
    "multiselect": _multiselect,
}


def participant_of(fields: Sequence[Field], answers: Mapping[str, Any]) -> str | None:
    """Return the name of the child whom these answers sign up, or None where they name none."""
    by_role = [field["name"] for field in fields if field["role"] == "participant"]
    said = (answers.get(name) for name in [*by_role, "child_name"])
    name = next((one for one in said if one), None)
    return " ".join(str(name).split()) if name else None


def as_read(fields: Sequence[Field], answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the answers as a parent reads them: the label of each field, and what it holds."""
    said = []
    for field in fields:
        answer = answers.get(field["name"])
        if answer is None:
            continue
        labels = {option["value"]: option["label"] for option in field["options"]}
        match answer:
            case bool():
                text = _("yes") if answer else _("no")
            case list():
                text = ", ".join(labels.get(str(one), str(one)) for one in answer)
            case str() if field["type"] == "date":
                text = local.day(datetime.fromisoformat(answer))
            case _:
                text = labels.get(str(answer), str(answer))
        said.append((field["label"], text))
    return said
