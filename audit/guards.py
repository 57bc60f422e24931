"""The triggers that keep the ledger append-only and put every record on the list of what is to seal.

They live in the database, since the last wall must hold against raw SQL too. SQLite drops them
silently whenever Django remakes a table, and `ALTER TABLE … DISABLE TRIGGER` is quiet as well. So they
are installed by a migration, once more after every `migrate`, and looked for by `check --database`. A
trigger can be hollowed out under its own name, so what stands there is compared to the word.
"""

import re
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
    SET search_path TO 'pg_catalog', 'pg_temp' AS $$
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
    SET search_path TO 'pg_catalog', 'pg_temp' AS $$
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
        has_log = {TABLE, "audit_pending", "audit_leaf"} <= there
        was_unseen = has_log and QUEUE in missing(connection)
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
        if was_unseen:  # it reads the whole ledger, so not every time
            _queue_what_is_there(cursor)


def _queue_what_is_there(cursor: Any) -> None:
    """Put on the list what was recorded while no trigger did; what is sealed needs none."""
    cursor.execute(
        "INSERT INTO audit_pending (event_id) SELECT id FROM mandate_audit m"
        " WHERE NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.event_id = m.id)"
        " AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.event_id = m.id)"
    )


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers that are not there, not always on or not as `install` makes them.

    None where there is no table.
    """
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        found = _found_on_postgresql(cursor) if is_postgresql else _found_on_sqlite(cursor)
    return [
        name
        for table, names in TRIGGERS[connection.vendor].items()
        if table in there
        for name in names
        if not found.get((table, name), False)
    ]


def strange(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers and rules beside ours, which could swallow a record or hide it."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL[connection.vendor])
        found = cursor.fetchall()
    wanted = TRIGGERS[connection.vendor]
    return sorted(
        f"{name} on {table.lower()}"
        for table, name, can_be_ours in found
        if table.lower() in GUARDED and not (can_be_ours and name in wanted.get(table, ()))
    )


GUARDED = frozenset((*APPEND_ONLY, "audit_pending"))
_ALL = {
    "postgresql": (
        "SELECT relname, tgname, true FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        " UNION ALL"
        " SELECT relname, rulename, false FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class"
        " WHERE relnamespace = current_schema()::regnamespace"
    ),
    "sqlite": (
        "SELECT tbl_name, name, true FROM sqlite_master WHERE type = 'trigger'"
        " UNION ALL SELECT tbl_name, name, false FROM sqlite_temp_master WHERE type = 'trigger'"
    ),
}


def _found_on_postgresql(cursor: Any) -> dict[tuple[str, str], bool]:
    """Return each trigger that is always on, and whether it and its function are what we made."""
    cursor.execute(
        "SELECT quote_ident(current_schema()), relname, tgname, pg_get_triggerdef(pg_trigger.oid, true),"
        " pg_get_functiondef(tgfoid) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND tgenabled = 'A'"
        " AND relname = ANY(%s)",
        [list(APPEND_ONLY)],
    )
    rows = cursor.fetchall()
    schema = rows[0][0] if rows else ""
    # one that takes the place of another has its name
    functions = {
        _name(text, "FUNCTION"): _squeezed(text.replace("{schema}", schema)) for text in _FUNCTIONS
    }
    made = {_name(text, "TRIGGER"): text for text in _made("postgresql")}
    return {
        (table, name): name in made
        and _bare(trigger) == _bare(made[name])
        and _squeezed(function.replace(f"FUNCTION {schema}.", "FUNCTION ", 1))
        == functions[made[name].split("FUNCTION ")[1].partition("(")[0]]
        for _, table, name, trigger, function in rows
    }


def _found_on_sqlite(cursor: Any) -> dict[tuple[str, str], bool]:
    """Return each trigger, and whether it is what we made."""
    cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
    made = {_name(text, "TRIGGER"): _squeezed(text) for text in _made("sqlite")}
    return {(table, name): _squeezed(text) == made.get(name) for table, name, text in cursor}


def _made(vendor: str) -> Iterator[str]:
    """Yield the statements that make our triggers."""
    on_records = _ON_RECORDS if vendor == "postgresql" else _ON_RECORDS_SQLITE
    of_tables = [text for table in APPEND_ONLY for text in _STATEMENTS[vendor](table)]
    yield from (text for text in (*of_tables, *on_records) if text.strip().startswith("CREATE"))


def _name(statement: str, kind: str) -> str:
    return statement.split(f"{kind} ")[1].partition("(")[0].split()[0]


def _squeezed(statement: str) -> str:
    """Return a statement without what databases change when they write it down for us."""
    return re.sub(r'[\s"]', "", statement.replace("$function$", "$$"))


def _bare(trigger: str) -> str:
    """Return PostgreSQL's or our own words for a trigger, without brackets and casts as well."""
    plain = _squeezed(trigger.replace("OR REPLACE ", "")).lower()
    return re.sub(r"::[a-z]+|[()]", "", plain)


def install_after_migrate(*, using: str, **kwargs: Any) -> None:
    """Receive `post_migrate`."""
    install(connections[using])


def check_guards(*, databases: Sequence[str] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each database whose ledger could be changed, or lose records."""
    return [said for alias in databases or () for said in _warnings(alias)]


def _warnings(alias: str) -> Iterator[checks.CheckMessage]:
    # no errors: they would stop `migrate`, which is the remedy
    if gone := missing(connections[alias]):
        yield checks.Warning(
            f"The audit ledger in {alias!r} is not guarded: no trigger {', '.join(gone)} as we make it.",
            hint="Run: manage.py migrate",
            id="audit.W001",
        )
    if others := strange(connections[alias]):
        yield checks.Warning(
            f"The audit ledger in {alias!r} has triggers or rules beside ours: {', '.join(others)}.",
            hint="They can swallow records: drop them.",
            id="audit.W002",
        )


def _on_postgresql(table: str) -> Iterator[str]:
    for name, when in (("no_change", "DELETE OR UPDATE"), ("no_truncate", "TRUNCATE")):
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
