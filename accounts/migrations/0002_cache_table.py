"""The table behind Django's database cache, which counts log-in attempts for all processes.

It is made whatever CACHES says today, so that switching to it needs no step that could be forgotten.
"""

from django.core.management import call_command
from django.db import migrations

TABLE = "django_cache"


def create(apps, schema_editor):
    call_command(
        "createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0
    )


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(TABLE)}")


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(create, drop),
    ]
