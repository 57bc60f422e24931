"""What somebody can do who writes to the database past its guards, and has no key."""

import json
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, models
from django.utils import timezone

from audit import guards, leaves, merkle
from audit.models import Checkpoint, Leaf, MandateAudit, Node, Pending, Subject, SubjectNode
from tests.ledger_flush import lift_guards

TABLES: tuple[type[models.Model], ...] = (
    MandateAudit,
    Pending,
    Leaf,
    Node,
    Subject,
    SubjectNode,
    Checkpoint,
)

Copy = dict[type[models.Model], list[models.Model]]


def attack(statement: str, *values: Any) -> None:
    """Run a statement as if there were no guards."""
    attack_for_good(statement, *values)
    guards.install(connection)


def attack_for_good(statement: str, *values: Any) -> None:
    """Run a statement with the guards away, which stay so until the test's transaction is undone.

    Whoever puts them back lists what is to be sealed, too.
    """
    lift_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def attack_unchecked(statement: str, *values: Any) -> None:
    """Run a statement on SQLite as if its tables had neither guards nor constraints."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = on")
        attack(statement, *values)
        cursor.execute("PRAGMA ignore_check_constraints = off")


def key(of: UUID) -> Any:
    """Return an id as the database's own statements take it."""
    return of if connection.vendor == "postgresql" else of.hex


def put_in(**said: Any) -> UUID:
    """Insert a record of whatever kind, as the database lets everybody do who may write to it."""
    row: dict[str, Any] = {
        "id": uuid4(),
        "actor": "system",
        "action": "user_login_failed",
        "metadata": {},
        "created_at": timezone.now(),
        "schema_v": 1,
        "content_hash": "x",
    } | said
    plain = {name: key(value) if isinstance(value, UUID) else value for name, value in row.items()}
    plain["metadata"] = json.dumps(row["metadata"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO mandate_audit ({', '.join(plain)})"  # noqa: S608  names of ours
            f" VALUES ({', '.join('%s' for _ in plain)})",
            list(plain.values()),
        )
    made: UUID = row["id"]
    return made


def rewrite(event: MandateAudit, *, leaf: bool = False) -> None:
    """Let the record say another provider with its right hash; its leaf, too, if wanted."""
    event.provider = "somebody-else"
    event.content_hash = event.computed_hash()
    attack(
        "UPDATE mandate_audit SET provider = %s, content_hash = %s WHERE id = %s",
        event.provider,
        event.content_hash,
        key(event.pk),
    )
    if leaf:
        row = Leaf.objects.get(event_id=event.pk)
        made = leaves.event_leaf(
            event_id=event.pk,
            content_hash=event.content_hash,
            log_index=row.log_index,
            subject_tag=leaves.subject_tag(event.user_id),
            subject_seq=row.subject_seq or 0,
        )
        attack(
            "UPDATE audit_leaf SET leaf_hash = %s WHERE log_index = %s",
            merkle.leaf_hash(made),
            row.log_index,
        )


def taken() -> Copy:
    """Return a backup of the ledger and its log."""
    return {table: list(table._default_manager.all()) for table in TABLES}


def put_back(copy: Copy) -> None:
    """Restore a backup."""
    lift_guards(connection)
    for table, rows in copy.items():
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table._meta.db_table}")  # noqa: S608  a name of ours
        table._default_manager.bulk_create(rows)
    guards.install(connection)
