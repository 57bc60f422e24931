"""The ledger is append-only…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.utils import timezone

from audit import guards
from audit.models import AppendOnlyError, MandateAudit
from audit.services import AuditUnavailableError
from tests.audit.changing import (
    DATABASE_DEEDS,
    UPSERT,
    execute,
    only_postgresql,
    only_sqlite,
    refused,
    stands,
)
from tests.audit.conftest import MakeRow

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


def _load_again(row: MandateAudit) -> None:
    for item in serializers.deserialize("json", serializers.serialize("json", [row])):
        item.save()


@pytest.mark.parametrize("deed", QUERYSET_DEEDS.values(), ids=QUERYSET_DEEDS)
def test_for_the_orm(make_row: MakeRow, deed: Callable[[MandateAudit], Any]) -> None:
    row = make_row()

    with pytest.raises(AppendOnlyError), transaction.atomic():
        deed(row)

    assert stands(row)


def test_for_a_forged_row_that_pretends_to_be_new(make_row: MakeRow) -> None:
    row = make_row()
    forged = MandateAudit(
        pk=row.pk, actor="forged", action="x", metadata={}, created_at=row.created_at
    )

    refused(forged.save)

    assert stands(row)


@pytest.mark.parametrize("deed", DATABASE_DEEDS.values(), ids=DATABASE_DEEDS)
def test_for_the_database(make_row: MakeRow, deed: Callable[[MandateAudit], Any]) -> None:
    row = make_row()

    refused(lambda: deed(row))

    assert stands(row)


@only_sqlite
@pytest.mark.parametrize(
    "statement",
    [REPLACE, REPLACE_ROWID, "UPDATE OR REPLACE mandate_audit SET id = id", UPSERT],
)
def test_for_what_sqlite_calls_replacing(make_row: MakeRow, statement: str) -> None:
    row = make_row()

    refused(lambda: execute(statement))

    assert stands(row)


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

    refused(lambda: execute(statement))

    assert stands(row)


@pytest.mark.django_db
def test_for_rows_that_are_not_there() -> None:
    with pytest.raises(AppendOnlyError):
        MandateAudit.objects.filter(pk=uuid4()).delete()


def test_and_still_takes_new_rows(make_row: MakeRow) -> None:
    make_row()
    make_row()

    assert MandateAudit.objects.count() == 2


@only_postgresql
def test_and_for_a_runtime_role_each_record_is_of_its_time(
    make_row: MakeRow, noon: datetime
) -> None:
    # the suite lets the clock stand still
    execute(next(one for one in guards._FUNCTIONS if "no record of another time" in one))
    make_row(at=noon)  # the owner may
    execute("CREATE ROLE passer_by NOLOGIN")
    execute("GRANT INSERT, SELECT ON mandate_audit TO passer_by")
    execute("CREATE POLICY passing_by ON mandate_audit TO passer_by USING (true) WITH CHECK (true)")
    execute("SET LOCAL ROLE passer_by")
    now = timezone.now()

    make_row(at=now - timedelta(minutes=4))
    for minutes in (-6, 6, -600_000):
        with pytest.raises(AuditUnavailableError), transaction.atomic():
            make_row(at=now + timedelta(minutes=minutes))
    # names that stand before ours change nothing, should `migrate` not have been let take this right
    execute("RESET ROLE")
    execute(f"GRANT TEMPORARY ON DATABASE {connection.settings_dict['NAME']} TO passer_by")
    execute("SET LOCAL ROLE passer_by")
    execute("CREATE TEMP TABLE pg_class AS SELECT oid, 10 AS relowner FROM pg_catalog.pg_class")
    execute("CREATE TEMP TABLE audit_pending (event_id uuid)")
    with pytest.raises(AuditUnavailableError), transaction.atomic():
        make_row(at=noon)
    make_row(at=now)
    execute("RESET ROLE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.audit_pending")
        assert cursor.fetchone() == (3,)
