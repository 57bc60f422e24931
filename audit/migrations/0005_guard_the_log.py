"""Make the log append-only like the ledger, and put on its list what was recorded before it."""

from typing import Any

from django.db import migrations

from audit import guards


def install(apps: Any, schema_editor: Any) -> None:
    guards.install(schema_editor.connection)


def queue_what_is_there(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(
        "INSERT INTO audit_pending (event_id) SELECT id FROM mandate_audit"
        " WHERE id NOT IN (SELECT event_id FROM audit_pending) ORDER BY created_at, id"
    )


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_the_log")]

    operations = [
        migrations.RunPython(install),  # first: from here on nothing is added unseen
        migrations.RunPython(queue_what_is_there),
    ]
