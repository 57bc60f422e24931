"""An error in words: the code it ran through and what it is called, but none of the data in it."""

import traceback
from collections.abc import Iterator

import psycopg
from django.db import Error as AnyDatabaseError

from audit import opened, redaction

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def harmless(text: str) -> str:
    """Return a text as logs and reports may hold it."""
    return redaction.redact_text(opened.scrub(text))


def describe(error: BaseException) -> str:
    """Return an error with all that led to it, as Python prints it, but without secrets.

    PostgreSQL puts the values of whole rows into its messages: of those, only the code is told,
    with the names of table and constraint. SQLite tells no more than such names by itself.
    """
    return "".join(_lines(error))


def _lines(error: BaseException) -> Iterator[str]:
    chain = [(error, "")]
    seen = {id(error)}
    while behind := _behind(chain[-1][0]):
        if id(behind[0]) in seen:
            break
        seen.add(id(behind[0]))
        chain.append(behind)
    for one, leads_to in reversed(chain):
        if one.__traceback__ is not None:
            yield "Traceback (most recent call last):\n"
            yield from traceback.format_tb(one.__traceback__)
        words = harmless(_words(one))
        yield f"{_name(type(one))}{': ' if words else ''}{words}\n{leads_to}"


def _behind(error: BaseException) -> tuple[BaseException, str] | None:
    """Return the error that led to this one, and how."""
    if error.__cause__ is not None:
        return error.__cause__, _CAUSE
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__, _CONTEXT
    return None


def _name(kind: type[BaseException]) -> str:
    own = kind.__module__ == "builtins"
    return kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"


def _words(error: BaseException) -> str:
    said = error.__cause__ if isinstance(error, AnyDatabaseError) else error
    if isinstance(said, psycopg.Error):
        names = [said.sqlstate, said.diag.table_name, said.diag.constraint_name]
        return " ".join(name for name in names if name) or "(without a code)"
    try:
        return str(error)
    except Exception:  # noqa: BLE001  an error that cannot speak must not hide where it happened
        return "(without words)"
