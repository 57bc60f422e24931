"""As whom PostgreSQL is asked: row-level security goes by it (see `audit.roles`).

Before every statement stands the role that asks and the person it asks for, in the same message and for
its transaction alone: nothing of it is left on a connection for whoever comes next, a pool between us
and the server (PgBouncer in transaction mode) changes nothing, and no answer takes longer.

Outside of what is said here nobody's role is taken: commands, migrations and tests have what their
login may. A cursor's `copy()` and `stream()` pass this by; nothing here uses them.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.utils.functional import LazyObject, empty
from psycopg.pq import TransactionStatus

logger = logging.getLogger(__name__)

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]

# These hold for a transaction as such; a failed one takes nothing but its ROLLBACK.
_OF_TRANSACTIONS = re.compile(r"\s*(SAVEPOINT|RELEASE|ROLLBACK|SET)\b", re.IGNORECASE)
_PREFIX = "SELECT set_config('role', '{}', true), set_config('app.user_id', '{}', true); "

# Whether a role is there, may be taken and has its rights, and binds whoever takes it.
_CAN_TAKE = """
    SELECT true FROM pg_roles, pg_class
    WHERE rolname = '{role}' AND pg_class.oid = to_regclass('mandate_audit')
        AND pg_has_role(session_user, pg_roles.oid, '{privilege}')
        AND has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT')
        AND NOT (rolsuper OR rolbypassrls OR pg_has_role(pg_roles.oid, relowner, 'MEMBER'))
"""


class Role(StrEnum):
    """The roles that the running service takes."""

    APP = "signupassist_app"
    STAFF = "signupassist_staff"
    JOBS = "signupassist_jobs"


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks: a role, and for `APP` a person, known from the start or once the request tells."""

    role: Role
    user_id: UUID | None = None
    request: HttpRequest | None = None

    def prefix(self) -> str:
        whom = self.user_id or _person_of(self.request)
        return _PREFIX.format(self.role, whom or "")


_asker: ContextVar[_Asker | None] = ContextVar("asker", default=None)
_of_process: _Asker | None = None
_taken: set[Role] = set()  # what could be taken once in this process


@contextmanager
def as_web(request: HttpRequest) -> Iterator[None]:
    """Ask for whomever the request turns out to be from; until that is known, for nobody."""
    with _asking(_Asker(Role.APP, request=request)):
        yield


def become_staff() -> None:
    """Ask as staff for the rest of the request, the page that is yet to be rendered included.

    Whoever calls this has made sure that the request's person may do what they are about to.
    """
    now = _asker.get()
    if now is not None and now.request is not None:
        _asker.set(_Asker(Role.STAFF, request=now.request))  # as_web() ends it


@contextmanager
def for_person(user_id: UUID) -> Iterator[None]:
    """Ask for this person: where no request says so, as in what is streamed after one."""
    with _asking(_Asker(Role.APP, user_id)):
        yield


@contextmanager
def for_nobody() -> Iterator[None]:
    """Ask for nobody: in what is done for somebody who need not be who is logged in."""
    with _asking(_Asker(Role.APP)):
        yield


@contextmanager
def as_staff() -> Iterator[None]:
    """Ask for staff, who were found to have the right."""
    with _asking(_Asker(Role.STAFF)):
        yield


@contextmanager
def as_jobs() -> Iterator[None]:
    """Ask for the product itself: background jobs, and looks at how it fares."""
    with _asking(_Asker(Role.JOBS)):
        yield


def process_acts_as(role: Role | None) -> None:
    """Let everything in this process be asked with the role, unless somebody says otherwise.

    None is what a process begins with: the login's own rights.
    """
    global _of_process
    _of_process = _Asker(role) if role else None


def watch(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receive `connection_created`."""
    if connection.vendor != "postgresql" or connection.alias != DEFAULT_DB_ALIAS:
        return
    others = [it for it in connection.execute_wrappers if not isinstance(it, _TakesRole)]
    # first: whoever adds a wrapper for a while takes the last one off again
    connection.execute_wrappers[:] = [_TakesRole(), *others]


@contextmanager
def _asking(asker: _Asker) -> Iterator[None]:
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def _person_of(request: HttpRequest | None) -> UUID | None:
    """Return who the request is known to be from; finding that out is not for here."""
    user = request.__dict__.get("user") if request else None
    if isinstance(user, LazyObject):
        user = None if user._wrapped is empty else user._wrapped
    known: UUID | None = getattr(user, "pk", None)
    return known


class _TakesRole:
    """An `execute_wrapper` for one connection."""

    def __init__(self) -> None:
        self._may_have_role = False  # in the transaction under way
        self._refused: set[Role] = set()

    def __call__(
        self,
        execute: Execute,
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        connection = context["connection"]
        if _OF_TRANSACTIONS.match(sql):
            return execute(sql, params, many, context)
        if connection.connection.info.transaction_status == TransactionStatus.IDLE:
            self._may_have_role = False
        asker = _asker.get() or _of_process
        if asker is not None and self._can_take(asker.role, execute, context):
            prefix = asker.prefix()
            self._may_have_role = True
        elif self._may_have_role:
            prefix = _PREFIX.format("none", "")
        else:
            return execute(sql, params, many, context)
        if many:  # which is one message a row
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute("SELECT 1")  # comes by here
                return execute(sql, params, many, context)
        result = execute(prefix + sql, params, many, context)
        context["cursor"].nextset()
        return result

    def _can_take(
        self,
        role: Role,
        execute: Execute,
        context: dict[str, Any],
    ) -> bool:
        """Ask once in a process; as long as the answer is no, once in a connection."""
        if role in _taken:
            return True
        if role in self._refused:
            return False
        privilege = "SET" if context["connection"].pg_version >= 160_000 else "MEMBER"
        execute(_CAN_TAKE.format(role=role, privilege=privilege), None, False, context)
        if context["cursor"].fetchone():
            _taken.add(role)
            return True
        self._refused.add(role)
        _say_that_it_is_off(role)
        return False


_said: set[Role] = set()


def _say_that_it_is_off(role: Role) -> None:
    if role not in _said:
        _said.add(role)
        logger.warning(
            "row-level security is off: the role %s is missing, does not bind, or this login may not"
            " take it; run `manage.py migrate` as an owner who may create roles",
            role,
        )
