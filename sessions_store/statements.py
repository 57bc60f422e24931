"""The statements of a turn, by hand.

Every turn runs them, and letting the ORM build them costs several times what running them does
(docs/adr/0011). They are the same on SQLite (from 3.35, for RETURNING) and PostgreSQL; values are
adapted by the models' own fields. Call them inside a transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field, Model

from sessions_store.models import AgenticCheckoutSession, SessionTurn

_READ = """
    SELECT id, user_id, provider_id, step, status, state, version, turn_token, turn_until,
           created_at, updated_at, expires_at
    FROM agentic_checkout_sessions WHERE id = %(id)s AND user_id = %(user_id)s
"""
# Who read the session may go on with it if it is as it was read, live, and idle: the predicates of
# SessionQuerySet. A turn that was added since would have moved the version, so that the number of
# the next one is certain.
_IF_STILL_FREE = """
    WHERE id = %(id)s AND user_id = %(user_id)s
      AND version = %(version)s AND status = %(was)s
      AND (expires_at > %(at)s OR status IN ('submitting', 'outcome_unknown'))
      AND (turn_token IS NULL OR turn_until <= %(at)s)
    RETURNING (SELECT COALESCE(MAX(seq), 0) + 1 FROM session_turns
               WHERE session_id = agentic_checkout_sessions.id)
"""
_TAKE = """
    UPDATE agentic_checkout_sessions
    SET turn_token = %(turn_token)s, turn_until = %(turn_until)s, status = %(status)s,
        version = version + 1
"""
_TAKE_AND_WRITE = """
    UPDATE agentic_checkout_sessions
    SET step = %(step)s, status = %(status)s, provider_id = %(provider_id)s, state = %(state)s,
        turn_token = NULL, turn_until = NULL, updated_at = %(at)s, version = version + 2
"""
_WRITE_BACK = """
    UPDATE agentic_checkout_sessions
    SET step = %(step)s, status = %(status)s, provider_id = %(provider_id)s, state = %(state)s,
        turn_token = NULL, turn_until = NULL, updated_at = %(updated_at)s, version = version + 1
    WHERE id = %(id)s AND turn_token = %(turn_token)s AND version = %(version)s
"""
_ADD_TURN = """
    INSERT INTO session_turns (session_id, seq, token, intent, outcome, body, created_at)
    VALUES (%(session_id)s, %(seq)s, %(token)s, %(intent)s, %(outcome)s, %(body)s, %(created_at)s)
"""
_ANSWER_TURN = """
    UPDATE session_turns SET body = %(body)s, outcome = %(outcome)s WHERE token = %(token)s
"""


def read(*, session_id: UUID, user_id: UUID) -> AgenticCheckoutSession | None:
    """Return this person's session as it stands, or None if they have no such session."""
    whose = _adapted(AgenticCheckoutSession, {"id": session_id, "user_id": user_id})
    return next(iter(AgenticCheckoutSession.objects.raw(_READ, whose)), None)


def take(session: AgenticCheckoutSession, *, at: datetime, **columns: Any) -> int | None:
    """Lease a session that was read; return its next turn's number, or None if it moved on."""
    return _if_still_free(_TAKE, session, at, columns)


def take_and_write(session: AgenticCheckoutSession, *, at: datetime, **columns: Any) -> int | None:
    """Write a whole turn's result, as `take` and `write_back` in one; return as `take` does."""
    return _if_still_free(_TAKE_AND_WRITE, session, at, columns)


def write_back(**columns: Any) -> bool:
    """Write a turn's result and end its lease; return whether the turn still held it."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_BACK, _adapted(AgenticCheckoutSession, columns))
        return bool(cursor.rowcount)


def add_turn(**columns: Any) -> None:
    """Write down a turn."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TURN, _adapted(SessionTurn, columns))


def answer_turn(**columns: Any) -> None:
    """Write down what became of a turn that was added."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER_TURN, _adapted(SessionTurn, columns))


def _if_still_free(
    statement: str, session: AgenticCheckoutSession, at: datetime, columns: Mapping[str, Any]
) -> int | None:
    read = {"id": session.pk, "user_id": session.user_id, "version": session.version}
    values = _adapted(AgenticCheckoutSession, read | {"status": session.status, "updated_at": at})
    values["was"], values["at"] = values["status"], values["updated_at"]
    with connection.cursor() as cursor:
        cursor.execute(
            statement + _IF_STILL_FREE, values | _adapted(AgenticCheckoutSession, columns)
        )
        rows = cursor.fetchall()
    return rows[0][0] if rows else None


def _adapted(model: type[Model], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the database takes them."""
    return {
        name: _FIELDS[model][name].get_db_prep_save(value, connection)
        for name, value in columns.items()
    }


_FIELDS: dict[type[Model], dict[str, Field[Any, Any]]] = {
    model: {field.attname: field for field in model._meta.concrete_fields}
    for model in (AgenticCheckoutSession, SessionTurn)
}
