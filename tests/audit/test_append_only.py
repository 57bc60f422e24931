"""The ledger is append-only…"""

# ruff: noqa: S608  every statement is made of names of ours

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal
from django.db import IntegrityError, connection, models, transaction
from django.db.models import sql
from django.db.models.deletion import Collector
from django.utils import timezone

from audit import guards, sealer
from audit.actions import SYSTEM, Action
from audit.models import AppendOnlyError, Checkpoint, Leaf, Ledger, MandateAudit, Node
from audit.services import AuditUnavailableError, Entry, record_many
from tests.audit.conftest import MakeRow
from tests.ledger_flush import lift_guards

only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a statement of SQLite")
only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="a statement of PostgreSQL"
)

UPSERT = """
    INSERT INTO mandate_audit
        (id, actor, action, metadata, created_at, schema_v, content_hash)
    SELECT id, 'forged', action, metadata, created_at, schema_v, content_hash
    FROM mandate_audit WHERE true
    ON CONFLICT (id) DO UPDATE SET actor = 'forged'
"""
REPLACE = """
    INSERT OR REPLACE INTO mandate_audit
        (id, actor, action, metadata, created_at, schema_v, content_hash)
    SELECT id, 'forged', action, metadata, created_at, schema_v, content_hash
    FROM mandate_audit
"""
# SQLite's hidden key replaces just as well, under another id
REPLACE_ROWID = """
    INSERT OR REPLACE INTO mandate_audit
        (rowid, id, actor, action, metadata, created_at, schema_v, content_hash)
    SELECT rowid, hex(randomblob(16)), 'forged', action, metadata, created_at, schema_v, 'x'
    FROM mandate_audit
"""

QUERYSET_DEEDS: dict[str, Callable[[MandateAudit], Any]] = {
    "update": lambda _: MandateAudit.objects.update(actor="forged"),
    "filtered update": lambda row: MandateAudit.objects.filter(pk=row.pk).update(actor="forged"),
    "_update": lambda _: MandateAudit.objects.all()._update([]),
    "delete": lambda _: MandateAudit.objects.all().delete(),
    "_raw_delete": lambda _: MandateAudit.objects.all()._raw_delete("default"),
    "bulk_update": lambda row: MandateAudit.objects.bulk_update([row], ["actor"]),
    "bulk_create that updates": lambda row: MandateAudit.objects.bulk_create(
        [row], update_conflicts=True, update_fields=["actor"], unique_fields=["id"]
    ),
    "bulk_create that ignores": lambda row: MandateAudit.objects.bulk_create(
        [row], ignore_conflicts=True
    ),
    "update_or_create": lambda row: MandateAudit.objects.update_or_create(
        {"actor": "x"}, pk=row.pk
    ),
    "_base_manager": lambda _: MandateAudit._base_manager.all().update(actor="forged"),
    "_default_manager": lambda _: MandateAudit._default_manager.all().delete(),
    "save": lambda row: row.save(),
    "save of fields": lambda row: row.save(update_fields=["actor"]),
    "delete of a row": lambda row: row.delete(),
    "a fixture": lambda row: _load_again(row),
}

DATABASE_DEEDS: dict[str, Callable[[MandateAudit], Any]] = {
    "UPDATE": lambda _: _execute("UPDATE mandate_audit SET actor = 'forged'"),
    "UPDATE to the same": lambda _: _execute("UPDATE mandate_audit SET actor = actor"),
    "DELETE": lambda _: _execute("DELETE FROM mandate_audit"),
    "DELETE of some": lambda _: _execute("DELETE FROM mandate_audit WHERE actor <> ''"),
    "upsert": lambda _: _execute(UPSERT),
    "an unguarded queryset's update": lambda _: models.QuerySet(MandateAudit).update(actor="x"),
    "an unguarded queryset's delete": lambda _: models.QuerySet(MandateAudit).delete(),
    "an unguarded queryset's _raw_delete": lambda _: models.QuerySet(MandateAudit)._raw_delete(
        "default"
    ),
    "a collector": lambda row: _collect(row),
    "a delete query": lambda row: sql.DeleteQuery(MandateAudit).delete_batch(
        [row.pk.hex], "default"
    ),
    "the same id again": lambda row: MandateAudit(
        **{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    ).save(),
    "the same id in bulk": lambda row: MandateAudit.objects.bulk_create([row]),
}


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _load_again(row: MandateAudit) -> None:
    for item in serializers.deserialize("json", serializers.serialize("json", [row])):
        item.save()


def _collect(row: MandateAudit) -> None:
    collector = Collector(using="default")
    collector.collect([row])
    collector.delete()


def _stands(row: MandateAudit) -> bool:
    stored = MandateAudit.objects.get()
    return stored.pk == row.pk and stored.actor == row.actor


def _refused(deed: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        deed()


@pytest.mark.parametrize("deed", QUERYSET_DEEDS.values(), ids=QUERYSET_DEEDS)
def test_for_the_orm(make_row: MakeRow, deed: Callable[[MandateAudit], Any]) -> None:
    row = make_row()

    with pytest.raises(AppendOnlyError), transaction.atomic():
        deed(row)

    assert _stands(row)


def test_for_a_forged_row_that_pretends_to_be_new(make_row: MakeRow) -> None:
    row = make_row()
    forged = MandateAudit(
        pk=row.pk, actor="forged", action="x", metadata={}, created_at=row.created_at
    )

    _refused(forged.save)

    assert _stands(row)


@pytest.mark.parametrize("deed", DATABASE_DEEDS.values(), ids=DATABASE_DEEDS)
def test_for_the_database(make_row: MakeRow, deed: Callable[[MandateAudit], Any]) -> None:
    row = make_row()

    _refused(lambda: deed(row))

    assert _stands(row)


@only_sqlite
@pytest.mark.parametrize(
    "statement",
    [REPLACE, REPLACE_ROWID, "UPDATE OR REPLACE mandate_audit SET id = id", UPSERT],
)
def test_for_what_sqlite_calls_replacing(make_row: MakeRow, statement: str) -> None:
    row = make_row()

    _refused(lambda: _execute(statement))

    assert _stands(row)


@only_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE mandate_audit",
        "TRUNCATE mandate_audit CASCADE",
        "SET LOCAL session_replication_role = replica; DELETE FROM mandate_audit",
        "SET LOCAL session_replication_role = replica; TRUNCATE mandate_audit",
        "MERGE INTO mandate_audit USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM mandate_audit RETURNING 1) SELECT * FROM gone",
    ],
)
def test_for_what_postgresql_calls_emptying(make_row: MakeRow, statement: str) -> None:
    row = make_row()

    _refused(lambda: _execute(statement))

    assert _stands(row)


@pytest.mark.django_db
def test_for_rows_that_are_not_there() -> None:
    with pytest.raises(AppendOnlyError):
        MandateAudit.objects.filter(pk=uuid4()).delete()


def test_and_still_takes_new_rows(make_row: MakeRow) -> None:
    make_row()
    make_row()

    assert MandateAudit.objects.count() == 2


def test_after_its_table_was_altered(make_row: MakeRow, transactional_db: None) -> None:
    row = make_row()
    old = MandateAudit._meta.get_field("provider")
    new = models.TextField(null=True, default="none")
    new.set_attributes_from_name("provider")
    new.model = MandateAudit
    if connection.vendor == "sqlite":
        with connection.schema_editor() as editor:
            editor.alter_field(MandateAudit, old, new, strict=True)
        assert guards.missing(connection) == list(guards.TRIGGERS["sqlite"]["mandate_audit"])
    else:
        lift_guards(connection)

    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    assert guards.missing(connection) == []
    for deed in DATABASE_DEEDS.values():
        _refused(partial(deed, row))
    assert _stands(row)


@pytest.mark.django_db
def test_again_after_migrate() -> None:
    lift_guards(connection)

    call_command("migrate", verbosity=0, skip_checks=False)

    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_however_often_the_guards_are_installed() -> None:
    guards.install(connection)
    guards.install(connection)

    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_or_the_check_says_so() -> None:
    call_command("check", databases=["default"], fail_level="WARNING")

    lift_guards(connection)

    with pytest.raises(SystemCheckError, match=r"audit\.W001"):
        call_command("check", databases=["default"], fail_level="WARNING")


@only_postgresql
def test_or_the_check_says_so_when_a_trigger_is_only_switched_off(make_row: MakeRow) -> None:
    _execute("ALTER TABLE mandate_audit DISABLE TRIGGER mandate_audit_no_change")

    assert guards.missing(connection) == ["mandate_audit_no_change"]


@pytest.mark.once
def test_for_good() -> None:
    migration = import_module("audit.migrations.0002_guards").Migration

    assert not any(operation.reversible for operation in migration.operations)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_but_does_not_keep_transactional_tests_from_cleaning_up(
    make_row: MakeRow, time: int
) -> None:
    assert not MandateAudit.objects.exists()  # whichever comes second sees no row of the first
    make_row()
    assert guards.missing(connection) == []


KEPT = (MandateAudit, Leaf, Node, Checkpoint)
OF_LOG = ("audit_leaf", "audit_node", "audit_checkpoint")


@pytest.mark.once
def test_in_every_manager_of_every_table() -> None:
    assert {model._meta.db_table for model in KEPT} == set(guards.APPEND_ONLY)
    for model in KEPT:
        managers = [model._base_manager, *model._meta.managers]
        assert all(isinstance(manager.all(), Ledger) for manager in managers)


@pytest.fixture
def log(db: None, noon: datetime) -> dict[str, list[Any]]:
    """Return the rows of a log of 256 leaves, by their table."""
    said = Entry(action=Action.USER_LOGGED_OUT, user_id=None, actor=SYSTEM, at=noon)
    record_many([said] * 255)
    assert sealer.seal(at=noon, signers=settings.AUDIT_SIGNERS, origin=settings.AUDIT_ORIGIN)
    return rows_of_log()


def rows_of_log() -> dict[str, list[Any]]:
    with connection.cursor() as cursor:
        made = {}
        for table in OF_LOG:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            made[table] = [tuple(map(_comparable, row)) for row in cursor.fetchall()]
    assert all(made.values())
    return made


def _comparable(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_for_the_log_and_its_orm(log: dict[str, list[Any]]) -> None:
    for model in (Leaf, Node, Checkpoint):
        rows, by_back_door = model._default_manager.all(), model._base_manager.all()
        row = rows.order_by("pk")[0]
        for deed in (
            partial(rows.update, pk=0),
            by_back_door.delete,
            partial(by_back_door._raw_delete, "default"),
            partial(rows.bulk_update, [row], ["pk"]),
            row.save,
            row.delete,
        ):
            with pytest.raises(AppendOnlyError), transaction.atomic():
                deed()

    assert rows_of_log() == log


def deeds_of_log() -> Iterator[str]:
    for table, uniques in guards.APPEND_ONLY.items():
        if table not in OF_LOG:
            continue
        key = uniques[0]
        yield f"UPDATE {table} SET {key} = {key}"
        yield f"DELETE FROM {table}"
        yield (
            f"INSERT INTO {table} SELECT * FROM {table} WHERE true"
            f" ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
        )
        if connection.vendor == "sqlite":
            yield f"UPDATE OR REPLACE {table} SET {key} = {key}"
            yield f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
            yield f"REPLACE INTO {table} SELECT * FROM {table}"
        else:
            yield f"TRUNCATE {table}"
            yield f"SET LOCAL session_replication_role = replica; TRUNCATE {table}"
            yield f"SET LOCAL session_replication_role = replica; DELETE FROM {table}"


# Through each other thing that no two rows share, with a key that is free.
THROUGH_OTHERS = [
    (
        "INSERT OR REPLACE INTO audit_leaf (log_index, leaf_hash, event_id)"
        " SELECT log_index + 1000, leaf_hash, event_id FROM audit_leaf"
    ),
    (
        "INSERT OR REPLACE INTO audit_leaf (log_index, leaf_hash, subject, subject_seq)"
        " SELECT log_index + 1000, leaf_hash, subject, subject_seq FROM audit_leaf"
        " WHERE subject IS NOT NULL"
    ),
    (
        "INSERT OR REPLACE INTO audit_leaf (rowid, log_index, leaf_hash)"
        " SELECT rowid, log_index + 1000, leaf_hash FROM audit_leaf"
    ),
    (
        "INSERT OR REPLACE INTO audit_node (rowid, place, hash)"
        " SELECT rowid, place + 1000, hash FROM audit_node"
    ),
]


def test_for_the_log_and_the_database(log: dict[str, list[Any]]) -> None:
    more = THROUGH_OTHERS if connection.vendor == "sqlite" else []
    for statement in (*deeds_of_log(), *more):
        _refused(partial(_execute, statement))

    assert rows_of_log() == log


def test_for_the_log_after_its_tables_were_altered(transactional_db: None) -> None:
    if connection.vendor == "sqlite":
        for model in (Leaf, Node, Checkpoint):
            field: Any = model._meta.get_field(
                {Leaf: "subject", Node: "hash"}.get(model, "subjects")
            )
            new = field.clone()
            new.set_attributes_from_name(field.name)
            new.model, new.null = model, not field.null
            with connection.schema_editor() as editor:
                editor.alter_field(model, field, new, strict=True)
            assert guards.missing(connection) == list(
                guards.TRIGGERS["sqlite"][model._meta.db_table]
            )
            guards.install(connection)
            with connection.schema_editor() as editor:
                editor.alter_field(model, new, field, strict=True)
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert guards.missing(connection) == []


@only_postgresql
@pytest.mark.django_db
def test_or_every_trigger_that_is_off_is_named() -> None:
    for table, names in guards.TRIGGERS["postgresql"].items():
        for name in names:
            _execute(f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {name}")
            assert guards.missing(connection) == [name]
            _execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")  # which a replica passes by
            assert guards.missing(connection) == [name]
            _execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


@only_postgresql
def test_and_for_a_runtime_role_each_record_is_of_its_time(
    make_row: MakeRow, noon: datetime
) -> None:
    # the suite lets the clock stand still
    _execute(next(one for one in guards._FUNCTIONS if "no record of another time" in one))
    make_row(at=noon)  # the owner may
    _execute("CREATE ROLE passer_by NOLOGIN")
    _execute("GRANT INSERT, SELECT ON mandate_audit TO passer_by")
    _execute(
        "CREATE POLICY passing_by ON mandate_audit TO passer_by USING (true) WITH CHECK (true)"
    )
    _execute("SET LOCAL ROLE passer_by")
    now = timezone.now()

    make_row(at=now - timedelta(minutes=4))
    for minutes in (-6, 6, -600_000):
        with pytest.raises(AuditUnavailableError), transaction.atomic():
            make_row(at=now + timedelta(minutes=minutes))
    # names that stand before ours change nothing
    _execute("CREATE TEMP TABLE pg_class AS SELECT oid, 10 AS relowner FROM pg_catalog.pg_class")
    _execute("CREATE TEMP TABLE audit_pending (event_id uuid)")
    with pytest.raises(AuditUnavailableError), transaction.atomic():
        make_row(at=noon)
    make_row(at=now)
    _execute("RESET ROLE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.audit_pending")
        assert cursor.fetchone() == (3,)
