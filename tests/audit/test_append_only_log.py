"""The log over the ledger is append-only…"""

# ruff: noqa: S608  every statement is made of names of ours

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction

from audit import guards, sealer
from audit.actions import SYSTEM, Action
from audit.models import AppendOnlyError, Checkpoint, Leaf, Ledger, MandateAudit, Node
from audit.services import Entry, record_many
from tests.audit.changing import (
    execute,
    refused,
)

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


def test_for_its_orm(log: dict[str, list[Any]]) -> None:
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


def test_for_the_database(log: dict[str, list[Any]]) -> None:
    more = THROUGH_OTHERS if connection.vendor == "sqlite" else []
    for statement in (*deeds_of_log(), *more):
        refused(partial(execute, statement))

    assert rows_of_log() == log


def test_after_its_tables_were_altered(transactional_db: None) -> None:
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
