"""What PostgreSQL's roles may do beyond what `audit.roles` gives them.

Asked of the database in a few questions: what is granted, to whomever, and who belongs to whom.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit import guards
from audit.acting import Role

# Role by role what it may do to a table, a right as GRANT takes it: `UPDATE (password, last_login)`
Rights = Mapping[str, Sequence[str]]

_KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_ON_TABLES = """
    SELECT rolname, relname, kind
    FROM pg_roles, pg_class, unnest(%s::text[]) AS kind
    WHERE rolname = ANY(%s) AND relname = ANY(%s) AND NOT rolsuper
        AND relnamespace = current_schema()::regnamespace
        AND has_table_privilege(pg_roles.oid, pg_class.oid, kind)
"""
_ON_COLUMNS = """
    SELECT coalesce(rolname, 'everybody'), relname, privilege_type, attname
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl)
        LEFT JOIN pg_roles ON pg_roles.oid = grantee
    WHERE (rolname = ANY(%s) OR grantee = 0) AND relname = ANY(%s)
        AND relnamespace = current_schema()::regnamespace
"""
# Whoever looks at the database may also look at how it does.
_MEMBERSHIPS = """
    SELECT member.rolname, granted.rolname
    FROM pg_auth_members
        JOIN pg_roles member ON member.oid = member JOIN pg_roles granted ON granted.oid = roleid
    WHERE member.rolname = ANY(%s)
        AND (member.rolname = ANY(%s) OR granted.rolname !~ '^pg_(monitor|read_all_|stat_)')
"""
_ON_PLACES = """
    SELECT rolname,
        rolname = ANY(%s) AND has_database_privilege(oid, current_database(), 'TEMPORARY'),
        has_schema_privilege(oid, current_schema(), 'CREATE')
            OR has_database_privilege(oid, current_database(), 'CREATE')
    FROM pg_roles WHERE rolname = ANY(%s) AND NOT rolsuper
"""


def found(connection: BaseDatabaseWrapper, rights: Mapping[str, Rights]) -> list[str]:
    """Return in a few words each what the roles may do beyond these rights to tables."""
    roles = sorted({role for of_table in rights.values() for role in of_table})
    with connection.cursor() as cursor:
        cursor.execute(_ON_TABLES, [list(_KINDS), roles, list(rights)])
        tables = cursor.fetchall()
        cursor.execute(_ON_COLUMNS, [roles, list(rights)])
        columns = cursor.fetchall()
        cursor.execute(_MEMBERSHIPS, [roles, list(Role)])
        memberships = cursor.fetchall()
        cursor.execute(_ON_PLACES, [list(Role), roles])
        places = cursor.fetchall()
    said = sorted([*_on_tables(tables, rights), *_on_columns(columns, rights)])
    said += [f"{member} has the rights of {granted}" for member, granted in memberships]
    for role, is_temporary, is_there in places:
        said += [f"{role} may make temporary tables"] * is_temporary
        said += [f"{role} may make tables beside ours"] * is_there
    return list(dict.fromkeys(said))


def _on_tables(there: list[Any], rights: Mapping[str, Rights]) -> Iterator[str]:
    for role, table, kind in there:
        if kind not in rights[table].get(role, ()):
            yield _in_words(role, table, kind)


def _on_columns(there: list[Any], rights: Mapping[str, Rights]) -> Iterator[str]:
    for role, table, kind, column in there:
        may = rights[table].get(role, ())
        some = [one.partition("(")[2].rstrip(")").split(", ") for one in may if f"{kind} (" in one]
        if kind not in may and not any(column in columns for columns in some):
            yield _in_words(role, table, kind, column)


def _in_words(role: str, table: str, kind: str, column: str = "is_staff") -> str:
    if (table, kind) == ("users", "UPDATE") and column in ("is_staff", "is_superuser"):
        return f"{role} may give the rights of staff"
    if table in guards.APPEND_ONLY and kind in ("UPDATE", "DELETE", "TRUNCATE"):
        return f"{role} may change {table}"
    return f"{role} has the right {kind} to {table}"
