"""The wall behind the ledger: database triggers that refuse to change or remove its rows.

SQLite loses a table's triggers, silently, whenever a migration rebuilds the table. So they are
installed by a migration, once more after every `migrate`, and looked for by `check --database`.
"""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "mandate_audit"

TRIGGERS: dict[str, tuple[str, ...]] = {
    "postgresql": ("mandate_audit_no_change", "mandate_audit_no_truncate"),
    "sqlite": ("mandate_audit_no_update", "mandate_audit_no_delete", "mandate_audit_no_replace"),
}

# No setting lifts the function, and ALWAYS means also for session_replication_role = replica.
_POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION mandate_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'mandate_audit is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END
    $$
    """,
    """
    CREATE OR REPLACE TRIGGER mandate_audit_no_change BEFORE UPDATE OR DELETE ON mandate_audit
    FOR EACH ROW EXECUTE FUNCTION mandate_audit_refuse()
    """,
    """
    CREATE OR REPLACE TRIGGER mandate_audit_no_truncate BEFORE TRUNCATE ON mandate_audit
    FOR EACH STATEMENT EXECUTE FUNCTION mandate_audit_refuse()
    """,
    "ALTER TABLE mandate_audit ENABLE ALWAYS TRIGGER mandate_audit_no_change",
    "ALTER TABLE mandate_audit ENABLE ALWAYS TRIGGER mandate_audit_no_truncate",
)

_SQLITE = (
    "DROP TRIGGER IF EXISTS mandate_audit_no_update",
    "DROP TRIGGER IF EXISTS mandate_audit_no_delete",
    "DROP TRIGGER IF EXISTS mandate_audit_no_replace",
    """
    CREATE TRIGGER mandate_audit_no_update BEFORE UPDATE ON mandate_audit
    BEGIN SELECT RAISE(ABORT, 'mandate_audit is append-only'); END
    """,
    """
    CREATE TRIGGER mandate_audit_no_delete BEFORE DELETE ON mandate_audit
    BEGIN SELECT RAISE(ABORT, 'mandate_audit is append-only'); END
    """,
    # INSERT OR REPLACE removes the old row without asking the triggers above
    """
    CREATE TRIGGER mandate_audit_no_replace BEFORE INSERT ON mandate_audit
    WHEN EXISTS (SELECT 1 FROM mandate_audit WHERE id = NEW.id OR rowid = NEW.rowid)
    BEGIN SELECT RAISE(ABORT, 'mandate_audit is append-only'); END
    """,
)

_INSTALL: dict[str, Sequence[str]] = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in place, again if need be; a database without the table is left alone."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if TABLE in connection.introspection.table_names(cursor):
            for statement in _INSTALL[connection.vendor]:
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers that are not there, or not always on; none where there is no table."""
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return []
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'A'",
                [TABLE],
            )
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
            )
        found = {name for (name,) in cursor.fetchall()}
    return [name for name in TRIGGERS[connection.vendor] if name not in found]


def install_after_migrate(*, using: str, **kwargs: Any) -> None:
    """Receive `post_migrate`."""
    install(connections[using])


def check_guards(*, databases: Sequence[str] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each database whose ledger could be changed."""
    return [
        # no error: that would stop `migrate`, which is the remedy
        checks.Warning(
            f"The audit ledger in {alias!r} is not guarded: no trigger {', '.join(gone)}.",
            hint="Run: manage.py migrate",
            id="audit.W001",
        )
        for alias in databases or ()
        if (gone := missing(connections[alias]))
    ]
