"""The triggers that keep the ledger append-only and put every record on the list of what is to seal.

They live in the database, since the last wall must hold against raw SQL too. SQLite drops them
silently whenever Django remakes a table, and `ALTER TABLE … DISABLE TRIGGER` is quiet as well. So they
are installed by a migration, once more after every `migrate`, and looked for by `check --database`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "mandate_audit"
# Tables whose rows never change, each with what no two of its rows may share.
APPEND_ONLY: dict[str, tuple[str, ...]] = {
    TABLE: ("id",),
    "audit_leaf": ("log_index", "event_id", "subject, subject_seq"),
    "audit_node": ("place",),
    "audit_checkpoint": ("size",),
}

QUEUE, CLOCK = "mandate_audit_queue", "mandate_audit_clock"
TRIGGERS: dict[str, dict[str, tuple[str, ...]]] = {
    "postgresql": {table: (f"{table}_no_change", f"{table}_no_truncate") for table in APPEND_ONLY},
    "sqlite": {
        table: (f"{table}_no_update", f"{table}_no_delete", f"{table}_no_replace")
        for table in APPEND_ONLY
    },
}
TRIGGERS["postgresql"][TABLE] += (QUEUE, CLOCK)
TRIGGERS["sqlite"][TABLE] += (QUEUE,)

# No setting lifts the functions, and ALWAYS means also for session_replication_role = replica. Where
# they look for names is fixed: else a temporary table, or a schema before it, could stand in for ours.
_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION mandate_audit_refuse() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END
    $$
    """,
    # As the owner: whoever may add a record need not reach the list. Its one statement names the
    # schema, which costs a writer less than setting a path.
    """
    CREATE OR REPLACE FUNCTION mandate_audit_queue() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO {schema}.audit_pending (event_id) SELECT id FROM added;
        RETURN NULL;
    END
    $$
    """,
    # five minutes: so far may clocks differ. Only the owner, who makes demonstrations, may say that
    # something happened at another time.
    """
    CREATE OR REPLACE FUNCTION mandate_audit_clock() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
            RAISE EXCEPTION 'mandate_audit takes no record of another time'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END
    $$
    """,
)
_ON_RECORDS = (
    """
    CREATE OR REPLACE TRIGGER mandate_audit_queue AFTER INSERT ON mandate_audit
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mandate_audit_queue()
    """,
    """
    CREATE OR REPLACE TRIGGER mandate_audit_clock BEFORE INSERT ON mandate_audit FOR EACH ROW
    WHEN (abs(extract(epoch FROM NEW.created_at - clock_timestamp())) > 300)
    EXECUTE FUNCTION mandate_audit_clock()
    """,
    "ALTER TABLE mandate_audit ENABLE ALWAYS TRIGGER mandate_audit_queue",
    "ALTER TABLE mandate_audit ENABLE ALWAYS TRIGGER mandate_audit_clock",
)
_ON_RECORDS_SQLITE = (
    "DROP TRIGGER IF EXISTS mandate_audit_queue",
    """
    CREATE TRIGGER mandate_audit_queue AFTER INSERT ON mandate_audit
    BEGIN INSERT INTO audit_pending (event_id) VALUES (NEW.id); END
    """,
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in place, again if need be; tables that are not there are passed over."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        if connection.vendor == "postgresql" and TABLE in there:
            cursor.execute("SELECT quote_ident(current_schema())")
            (schema,) = cursor.fetchone()
            for statement in _FUNCTIONS:
                cursor.execute(statement.replace("{schema}", schema))
        for table in APPEND_ONLY.keys() & there:
            for statement in _STATEMENTS[connection.vendor](table):
                cursor.execute(statement)
        if {TABLE, "audit_pending"} <= there:
            is_sqlite = connection.vendor == "sqlite"
            for statement in _ON_RECORDS_SQLITE if is_sqlite else _ON_RECORDS:
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers that are not there, or not always on; none where there is no table."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE relnamespace = current_schema()::regnamespace AND tgenabled = 'A'"
            )
        else:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        found = set(cursor.fetchall())
    wanted = TRIGGERS[connection.vendor]
    return [
        name
        for table in wanted
        if table in there
        for name in wanted[table]
        if (table, name) not in found
    ]


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


def _on_postgresql(table: str) -> Iterator[str]:
    for name, when in (("no_change", "UPDATE OR DELETE"), ("no_truncate", "TRUNCATE")):
        each = "STATEMENT" if when == "TRUNCATE" else "ROW"
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_{name} BEFORE {when} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION mandate_audit_refuse()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}"


def _on_sqlite(table: str) -> Iterator[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    # INSERT OR REPLACE removes the old row without asking the triggers on DELETE
    same = " OR ".join(_same(columns) for columns in ("rowid", *APPEND_ONLY[table]))
    for name, when in (
        ("no_update", "UPDATE"),
        ("no_delete", "DELETE"),
        ("no_replace", "INSERT"),
    ):
        overwrites = f"EXISTS (SELECT 1 FROM {table} WHERE {same})" if when == "INSERT" else "true"  # noqa: S608  names of ours
        yield f"DROP TRIGGER IF EXISTS {table}_{name}"
        yield f"CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} WHEN {overwrites} {refuse}"


def _same(columns: str) -> str:
    return "(" + " AND ".join(f"{name} = NEW.{name}" for name in columns.split(", ")) + ")"


_STATEMENTS = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}
