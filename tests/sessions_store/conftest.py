"""What the tests of sessions share: sessions, and the product's commands on the test's database."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import User
from audit.models import MandateAudit
from sessions_store import services
from sessions_store.models import AgenticCheckoutSession

ROOT = Path(__file__).resolve().parents[2]

MakeSession = Callable[..., AgenticCheckoutSession]


@pytest.fixture
def make_session(parent: User, noon: datetime) -> MakeSession:
    """Return a function that begins a session: the parent's at noon, unless told otherwise."""

    def make(user: User | None = None, *, at: datetime = noon, **held: Any) -> Any:
        session = services.new(user_id=(user or parent).pk, step="provider_search", state={}, at=at)
        for name, value in held.items():
            setattr(session, name, value)
        services.begin(session, body="", at=at)
        return session

    return make


def left() -> set[UUID]:
    """Return the ids of the sessions that are still there."""
    return set(AgenticCheckoutSession.objects.values_list("pk", flat=True))


def batches() -> list[dict[str, Any]]:
    """Return what was recorded of each batch of the clean-up, oldest first."""
    rows = MandateAudit.objects.filter(action="sessions_expired").order_by("created_at", "id")
    return [row.metadata for row in rows]


def command(*words: str) -> tuple[list[str], dict[str, str]]:
    """Return a command of manage.py and an environment in which it works on the test's database.

    The test's rows must be committed (`transaction=True`): it runs in a process of its own.
    """
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{of['NAME']}"
    elif of["HOST"].startswith("/"):  # a socket's folder
        url = f"postgres://{of['USER']}@/{of['HOST']}/{of['NAME']}"
    else:
        url = f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "signupassist.settings", "DATABASE_URL": url}
    return [sys.executable, str(ROOT / "manage.py"), *words], env


def manage(*words: str) -> "subprocess.CompletedProcess[str]":
    """Return what a command of manage.py printed, and its exit code."""
    full, env = command(*words)
    return subprocess.run(
        full, env=env, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
    )
