"""Trying to change the ledger, past the code and past the ORM."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import sql
from django.db.models.deletion import Collector

from audit.models import MandateAudit

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

DATABASE_DEEDS: dict[str, Callable[[MandateAudit], Any]] = {
    "UPDATE": lambda _: execute("UPDATE mandate_audit SET actor = 'forged'"),
    "UPDATE to the same": lambda _: execute("UPDATE mandate_audit SET actor = actor"),
    "DELETE": lambda _: execute("DELETE FROM mandate_audit"),
    "DELETE of some": lambda _: execute("DELETE FROM mandate_audit WHERE actor <> ''"),
    "upsert": lambda _: execute(UPSERT),
    "an unguarded queryset's update": lambda _: models.QuerySet(MandateAudit).update(actor="x"),
    "an unguarded queryset's delete": lambda _: models.QuerySet(MandateAudit).delete(),
    "an unguarded queryset's _raw_delete": lambda _: models.QuerySet(MandateAudit)._raw_delete(
        "default"
    ),
    "a collector": lambda row: collect(row),
    "a delete query": lambda row: sql.DeleteQuery(MandateAudit).delete_batch(
        [row.pk.hex], "default"
    ),
    "the same id again": lambda row: MandateAudit(
        **{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    ).save(),
    "the same id in bulk": lambda row: MandateAudit.objects.bulk_create([row]),
}


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def collect(row: MandateAudit) -> None:
    collector = Collector(using="default")
    collector.collect([row])
    collector.delete()


def stands(row: MandateAudit) -> bool:
    stored = MandateAudit.objects.get()
    return stored.pk == row.pk and stored.actor == row.actor


def refused(deed: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        deed()
