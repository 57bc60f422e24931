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

from django.db import ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import InsufficientPrivilege

from audit import guards
from audit.acting import Role

logger = logging.getLogger(__name__)

OPERATOR = "signupassist_operator"
ROLES = (*Role, OPERATOR)

ME = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"  # asked once a statement


@dataclass(frozen=True)
class Protected:
    """A table of people's rows: which are `own`, and how staff may write them.

    `recorded` rows tell what happened: to the system too, and at log-in before anybody is known.
    `added` is what a new row must be, where that is another thing than to be one's own.
    """

    table: str
    own: str = f"user_id = {ME}"
    staff: tuple[str, ...] = ()
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
            yield f"staff_{command.lower()}", command, Role.STAFF, "true"
        yield "jobs", "ALL", Role.JOBS, "true"
        yield "operator_select", "SELECT", OPERATOR, "true"


# Casts to text, names of what a query gives and of the tables of columns, quotes, brackets, blanks
_ADDED = re.compile(r"::text|\bas \"?nullif\"?|\b[a-z_]+\.(?=[a-z_]+\b(?!'))|[\s()\"]")

_protected: dict[str, Protected] = {}


def protect(table: Protected) -> None:
    """Remember a table of people's rows; once more changes nothing."""
    _protected[table.table] = table


def protected() -> list[Protected]:
    """Return the tables that were declared."""
    return list(_protected.values())


protect(Protected("mandate_audit", staff=("INSERT",), is_record=True))
protect(Protected("audit_subject"))

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
                f"GRANT {', '.join(may)} ON {quote(table)} TO {role}" for role, may in rights(table)
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
            "SELECT tablename, policyname, cmd, roles::text[], coalesce(qual, with_check) "
            "FROM pg_policies WHERE schemaname = current_schema()"
        )
        policies = {(table, name): tuple(rest) for table, name, *rest in cursor.fetchall()}
    found = [f"no role {role}" for role in ROLES if role not in roles]
    found += [f"{role} may change {table}" for role, table in _may_change(connection)]
    found += [f"{role} may give the rights of staff" for role in _may_give_rights(connection)]
    found += [f"{role} is above the policies" for role in ROLES if roles.get(role)]
    for table in protected():
        if table.table not in kept_apart:
            found.append(f"{table.table} is open")
        there = {name for (of, name) in policies if of == table.table}
        wanted = {name: rest for name, *rest in table.policies()}
        found += [f"{table.table} has a policy {name}" for name in sorted(there - wanted.keys())]
        found += [
            f"{table.table} lacks its policy {name}"
            for name, (command, role, which) in wanted.items()
            if not _is_as(policies.get((table.table, name)), command, role, which)
        ]
    return found


def _may_change(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Return the roles that have more than their rights to a table that only grows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, relname FROM pg_roles, pg_class WHERE rolname = ANY(%s)"
            " AND relname = ANY(%s) AND relnamespace = current_schema()::regnamespace"
            " AND NOT rolsuper"
            " AND (has_table_privilege(pg_roles.oid, pg_class.oid, 'DELETE, TRUNCATE')"
            " OR has_any_column_privilege(pg_roles.oid, pg_class.oid, 'UPDATE'))",
            [list(ROLES), list(guards.APPEND_ONLY)],
        )
        return list(cursor.fetchall())


def _may_give_rights(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the roles that may make somebody staff, which is for commands alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles, pg_class WHERE rolname = ANY(%s) AND relname = 'users'"
            " AND relnamespace = current_schema()::regnamespace AND NOT rolsuper"
            " AND (has_column_privilege(pg_roles.oid, pg_class.oid, 'is_staff', 'UPDATE')"
            " OR has_column_privilege(pg_roles.oid, pg_class.oid, 'is_superuser', 'UPDATE'))",
            [list(ROLES)],
        )
        return [name for (name,) in cursor.fetchall()]


def _is_as(there: tuple[str, list[str], str] | None, command: str, role: str, which: str) -> bool:
    """Return whether a policy is the one wanted; PostgreSQL writes conditions in its own way."""
    if there is None or there[:2] != (command, [str(role)]):
        return False
    return _bare(there[2]) == _bare(which)


def _bare(condition: str) -> str:
    """Return a condition without what PostgreSQL adds to it, or leaves out, when it writes it down."""
    return _ADDED.sub("", condition.lower())
