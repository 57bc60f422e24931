"""Whether the answers fit the form, as a careful provider would check."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any


def are_valid(answers: object, fields: list[dict[str, Any]]) -> bool:
    """Return whether every answer belongs to a field and fits it, and none is missing."""
    if not isinstance(answers, Mapping) or set(answers) - {field["name"] for field in fields}:
        return False
    return all(_fits(answers.get(field["name"]), field) for field in fields)


def _fits(answer: object, field: dict[str, Any]) -> bool:
    if answer is None or answer in ("", [], False):
        return not field["required"]
    choices = {option["value"] for option in field.get("options", [])}
    match field["type"]:
        case "checkbox":
            return answer is True
        case "multiselect":
            return isinstance(answer, list) and all(
                isinstance(one, str) and one in choices for one in answer
            )
        case "number":
            return not isinstance(answer, bool) and _is_number(answer)
        case "select":
            return isinstance(answer, str) and answer in choices
        case "date":
            return isinstance(answer, str) and _is_date(answer)
        case "email":
            return isinstance(answer, str) and bool(re.fullmatch(r"[^@\s]+@[^@\s]+", answer))
        case _:
            return isinstance(answer, str) and bool(answer.strip())


def _is_number(answer: object) -> bool:
    if isinstance(answer, str):
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", answer))
    return isinstance(answer, int | float)


def _is_date(answer: str) -> bool:
    try:
        date.fromisoformat(answer)
    except ValueError:
        return False
    return True
