"""PostgreSQL's roles, what each may do, and the policies that keep people's rows apart.

The running service takes `signupassist_app`, `_staff` or `_jobs` for each statement (`audit.acting`);
`signupassist_operator` is for people who look at the database. Each role has policies of its own: one
that said "own rows, or staff" would read the whole table for somebody without rows. They are not forced
on the tables' owner, with whom foreign keys are checked, migrations run and operators work.
"""

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import InsufficientPrivilege

from audit import excess
from audit.acting import Role

logger = logging.getLogger(__name__)

OPERATOR = "signupassist_operator"
ROLES = (*Role, OPERATOR)

ME = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"  # asked once a statement
OWN = f"user_id = {ME}"


@dataclass(frozen=True)
class Protected:
    """A table of people's rows: which are `own`, and which staff see and how they may write those.

    `recorded` rows tell what happened: to the system too, and at log-in before anybody is known.
    `added` is what a new row must be, where that is another thing than to be one's own.
    """

    table: str
    own: str = OWN
    staff: tuple[str, ...] = ()
    of_staff: str = "true"
    is_record: bool = False
    added: str = ""

    def policies(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield name, command, role and condition of each."""
        for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            at_the_doors = f"{ME} IS NULL AND left(action, 5) = 'user_'"
            of_record = f"user_id IS NULL OR {self.own} OR {at_the_doors}"
            added = of_record if self.is_record else self.added or self.own
            which = added if command == "INSERT" else self.own
            yield f"own_{command.lower()}", command, Role.APP, which
        for command in ("SELECT", *self.staff):
            yield f"staff_{command.lower()}", command, Role.STAFF, self.of_staff
        yield "jobs", "ALL", Role.JOBS, "true"
        yield "operator_select", "SELECT", OPERATOR, "true"


# Casts to text, names of what a query gives, quotes, brackets, blanks
_ADDED = re.compile(r"::text|\bas \"?nullif\"?|[\s()\"]")

_protected: dict[str, Protected] = {}


def protect(table: Protected) -> None:
    """Remember a table of people's rows; once more changes nothing."""
    _protected[table.table] = table


def protected() -> list[Protected]:
    """Return the tables that were declared."""
    return list(_protected.values())


protect(Protected("mandate_audit", staff=("INSERT",), is_record=True))
protect(Protected("audit_subject"))
# of the staff, and nobody else's among them
protect(Protected("audit_saved_view", staff=("INSERT", "UPDATE", "DELETE"), of_staff=OWN))

_READ, _ADD, _TAKE_AWAY = ("SELECT",), ("SELECT", "INSERT"), ("SELECT", "DELETE")
_USE = ("SELECT", "INSERT", "UPDATE", "DELETE")
# What app, staff and jobs may do, where it is less than to use a table.
LESS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "mandate_audit": (_ADD, _ADD, _ADD),
    "audit_pending": (_READ, _READ, ("SELECT", "UPDATE", "DELETE")),  # a trigger adds
    "audit_leaf": (_READ, _READ, _ADD),
    "audit_node": (_READ, _READ, _ADD),
    "audit_checkpoint": (_READ, _READ, _ADD),
    "audit_subject": (_READ, _READ, ("SELECT", "INSERT", "UPDATE")),
    "audit_subject_node": (_READ, _READ, ("SELECT", "INSERT", "UPDATE")),
    "audit_tally": ((), _READ, _USE),  # pictures for staff
    "audit_saved_view": (_TAKE_AWAY, _USE, _TAKE_AWAY),  # they go with whoever deletes the account
    "django_migrations": (_READ, _READ, _READ),
    # rights are given by commands; they go with whoever deletes the account. Whether somebody may use
    # the admin, or everything, stands in columns that are not named here: whoever has no leave to
    # change them has none to give
    "users": (
        ("SELECT", "INSERT", "UPDATE (password, last_login, logins_valid_from)", "DELETE"),
        ("SELECT", "UPDATE (is_active, logins_valid_from)"),
        ("SELECT",),
    ),
    "users_groups": (_TAKE_AWAY, _READ, _TAKE_AWAY),
    "users_user_permissions": (_TAKE_AWAY, _READ, _TAKE_AWAY),
    **dict.fromkeys(("auth_group", "auth_group_permissions"), (_READ, _READ, _READ)),
    **dict.fromkeys(("auth_permission", "django_content_type"), (_READ, _READ, _READ)),
}


def rights(table: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each role with what it may do to a table."""
    staff = ("SELECT", *_protected[table].staff) if table in _protected else _USE
    yield from zip(Role, LESS.get(table, (_USE, staff, _USE)), strict=True)
    yield OPERATOR, _READ


def install(connection: BaseDatabaseWrapper, tables: Collection[str]) -> bool:
    """Make the roles, and let them do with these tables what they may; again if need be.

    Return whether all is in place. Where the login may not create roles, somebody else can have made
    them; where nobody has, that is said in the log, and the service goes on without.
    """
    if connection.vendor != "postgresql":
        return False
    missing = _create(connection)
    if missing:
        logger.warning(
            "row-level security is off: this login may not create the role %s", ", ".join(missing)
        )
        return False
    try:
        _take_temporary_tables(connection)
        _grant(connection, tables)
        for table in protected():
            if table.table in tables:
                _keep_apart(connection, table)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        logger.warning("row-level security is off: this login does not own the tables")
        return False
    return True


def _create(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the roles that are not there after all; the others are, and may be taken by us."""
    missing = []
    for role in ROLES:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", [role]
            )
            found = cursor.fetchone()
        if found is None and not _do(connection, _CREATE.format(role)):
            missing.append(role)
        elif found != (True,) and role != OPERATOR:  # else the service has another login
            _do(connection, f"GRANT {role} TO CURRENT_USER")
    return missing


# Roles belong to all databases of a cluster: another one may be making them just now.
_CREATE = """
    DO $$ BEGIN
        CREATE ROLE {} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


def _do(connection: BaseDatabaseWrapper, statement: str) -> bool:
    """Return whether we were allowed to."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        return False
    return True


def _take_temporary_tables(connection: BaseDatabaseWrapper) -> None:
    """Take from everybody but its owner what could stand before our tables: a record would go there.

    Where the database or its schema is somebody else's, nothing changes, and `troubles` says so.
    """
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema()")
        database, schema = map(quote, cursor.fetchone())
    everybody = f"PUBLIC, {', '.join(ROLES)}"
    _do(connection, f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM {everybody}")
    _do(connection, f"REVOKE CREATE ON SCHEMA {schema} FROM {everybody}")


def _grant(connection: BaseDatabaseWrapper, tables: Collection[str]) -> None:
    """Take from everybody what they have, and give each role its rights."""
    quote, everybody = connection.ops.quote_name, ", ".join(ROLES)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = quote(cursor.fetchone()[0])
        statements = [f"GRANT USAGE ON SCHEMA {schema} TO {everybody}"]
        for table in sorted(tables):
            statements.append(f"REVOKE ALL ON {quote(table)} FROM PUBLIC, {everybody}")
            statements += [
                f"GRANT {', '.join(may)} ON {quote(table)} TO {role}"
                for role, may in rights(table)
                if may
            ]
        # a trigger asks nobody's leave; by another trigger nobody shall reach the list
        statements.append("REVOKE ALL ON FUNCTION mandate_audit_queue() FROM PUBLIC")
        cursor.execute("; ".join(statements))


def _keep_apart(connection: BaseDatabaseWrapper, table: Protected) -> None:
    """Put a table's policies in the place of what is there; a table at a time, so that none waits."""
    name = connection.ops.quote_name(table.table)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", [table.table])
        statements = [
            f"DROP POLICY {connection.ops.quote_name(policy)} ON {name}"
            for (policy,) in cursor.fetchall()
        ]
        statements += [
            f"CREATE POLICY {policy} ON {name} FOR {command} TO {role} {_condition(command, which)}"
            for policy, command, role, which in table.policies()
        ]
        statements.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        cursor.execute("; ".join(statements))


def _condition(command: str, which: str) -> str:
    return f"WITH CHECK ({which})" if command == "INSERT" else f"USING ({which})"


def troubles(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what keeps row-level security from holding, each in a few words; none if all is well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles")
        roles = dict(cursor.fetchall())
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = "
            "current_schema()::regnamespace"
        )
        kept_apart = {name for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT tablename, policyname, cmd, roles::text[], permissive, qual, with_check "
            "FROM pg_policies WHERE schemaname = current_schema()"
        )
        policies = {(table, name): tuple(rest) for table, name, *rest in cursor.fetchall()}
    found = [f"no role {role}" for role in ROLES if role not in roles]
    found += excess.found(
        connection, {table: dict(rights(table)) for table in {*LESS, *_protected}}
    )
    found += [f"{role} is above the policies" for role in ROLES if roles.get(role)]
    for table in protected():
        if table.table not in kept_apart:
            found.append(f"{table.table} is open")
        there = {name for (of, name) in policies if of == table.table}
        wanted = {name: (cmd, role, which) for name, cmd, role, which in table.policies()}
        found += [f"{table.table} has a policy {name}" for name in sorted(there - wanted.keys())]
        found += [
            f"{table.table} lacks its policy {name}"
            for name, rest in wanted.items()
            if not _is_as(policies.get((table.table, name)), table.table, rest)
        ]
    return found


def _is_as(there: tuple[Any, ...] | None, table: str, wanted: tuple[str, str, str]) -> bool:
    """Return whether a policy is the one wanted; PostgreSQL writes conditions in its own way."""
    if there is None:
        return False
    command, role, which = wanted
    conditions = (None, which) if command == "INSERT" else (which, None)
    return there[:3] == (command, [str(role)], "PERMISSIVE") and all(
        _bare(now, table) == _bare(condition, table)
        for now, condition in zip(there[3:], conditions, strict=True)
    )


def _bare(condition: str | None, table: str) -> str | None:
    """Return a condition without what PostgreSQL adds to it, or leaves out, when it writes it down.

    The table's own name stands before columns; before a function it is a schema, and a difference.
    """
    if condition is None:
        return None
    return _ADDED.sub("", re.sub(rf"\b{table}\.(?=[a-z_]+\b(?!\())", "", condition.lower()))
