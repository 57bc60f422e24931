"""LogEntry rows as django-auditlog makes them, for `benchmarks.ledger`.

    PYTHON benchmarks/ledger/auditlog_entries.py URL ROUND

runs in an environment of its own (`requirements-auditlog.txt`), so it imports nothing of ours. Each
line of input is answered with the seconds that each row of a round took.

The lock: `uv pip compile --universal --python-version 3.11 --generate-hashes --no-header
requirements-auditlog.in -o requirements-auditlog.txt`, in this folder.
"""

import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def configure(url: str) -> None:
    """Set Django up beside the product's tables, in a schema of its own."""
    parts = urlsplit(url)
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "auditlog"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(parts.path.rpartition("/")[2]),
                "USER": parts.username or "",
                "HOST": unquote(parts.hostname or parts.path.rpartition("/")[0]),
                "OPTIONS": {"options": "-c search_path=auditlog_bench"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **{name: value[0] for name, value in parse_qs(parts.query).items()},
    )
    django.setup()


def main() -> None:
    """Answer until the input ends."""
    configure(sys.argv[1])
    from auditlog.models import LogEntry
    from django.contrib.auth.models import User
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS auditlog_bench")
    call_command("migrate", verbosity=0, interactive=False)
    parent = User.objects.create_user("pat")
    changes = {"step": ["provider_search", "login"], "intent": ["None", "search"]}
    for _ in sys.stdin:
        took = []
        for _ in range(int(sys.argv[2])):
            start = time.perf_counter()
            with transaction.atomic():
                LogEntry.objects.log_create(
                    parent, action=LogEntry.Action.UPDATE, changes=changes, actor=parent
                )
            took.append(time.perf_counter() - start)
        print(*took, flush=True)


if __name__ == "__main__":
    main()
