"""The stock admin of django-auditlog over the ledger's own rows, for `benchmarks.console`.

    PYTHON benchmarks/console_auditlog.py URL

runs in an environment of its own (`ledger/requirements-auditlog.txt`), so it imports nothing of ours.
It copies the rows of `mandate_audit` to LogEntry and says so; then each line of input is an address,
and is answered with the seconds that the whole request took.
"""

import secrets
import sys
import time
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command

COPY = """
INSERT INTO auditlog_logentry (object_pk, object_repr, action, changes, changes_text, timestamp,
    content_type_id, actor_id)
SELECT coalesce(session_id, id), coalesce(provider, ''), abs(hashtext(action)) %% 3, metadata, '',
    created_at, %s, %s
FROM public.mandate_audit ORDER BY created_at
"""


def configure(url: str) -> None:
    """Set Django up beside the product's tables, in a schema of its own."""
    parts = urlsplit(url)
    settings.configure(
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "auditlog",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(parts.path.rpartition("/")[2]),
                "USER": parts.username or "",
                "HOST": unquote(parts.hostname or parts.path.rpartition("/")[0]),
                "OPTIONS": {"options": "-c search_path=auditlog_bench"},
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **{name: value[0] for name, value in parse_qs(parts.query).items()},
    )
    django.setup()


def main() -> None:
    """Answer until the input ends."""
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection
    from django.test import Client

    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS auditlog_bench")
    call_command("migrate", verbosity=0, interactive=False)
    staff: Any = User.objects.create_superuser("alex")  # of that world's model, not of ours
    kind = ContentType.objects.get_for_model(User)
    with connection.cursor() as cursor:
        cursor.execute(COPY, [kind.pk, staff.pk])
        cursor.execute("VACUUM ANALYZE auditlog_logentry")
    client = Client()
    client.force_login(staff)
    print("ready", flush=True)
    for address in sys.stdin:
        start = time.perf_counter()
        answer = client.get(address.strip())
        took = time.perf_counter() - start
        if answer.status_code != 200:
            raise SystemExit(f"{address.strip()}: {answer.status_code}")
        print(took, flush=True)


if __name__ == "__main__":
    configure(sys.argv[1])
    from django.contrib import admin
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls)]
    main()
