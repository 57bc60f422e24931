"""The ledger is append-only…"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.core import serializers
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal
from django.db import IntegrityError, connection, models, transaction
from django.db.models import sql
from django.db.models.deletion import Collector

from audit import guards
from audit.models import AppendOnlyError, Ledger, MandateAudit
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
        assert guards.missing(connection) == list(guards.TRIGGERS["sqlite"])
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


@pytest.mark.once
def test_in_every_manager() -> None:
    managers = [MandateAudit._base_manager, *MandateAudit._meta.managers]

    assert all(isinstance(manager.all(), Ledger) for manager in managers)
