"""Make the ledger append-only. There is no way back."""

from typing import Any

from django.db import migrations

from audit import guards


def install(apps: Any, schema_editor: Any) -> None:
    guards.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(install)]
