"""People, clocks and clients that every test may ask for."""

import gc
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection
from django.dispatch import receiver
from django.test import override_settings
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.models import User
from audit import acting, opened
from credentials import keyring
from orchestrator.tools.toolbox import get_toolbox
from tests.ledger_flush import let_flush_pass, let_time_travel

with override_settings(AUDIT_SIGNERS=()):  # a web server has none of them, and would say so
    import_module("signupassist.wsgi")  # before any test does, since it says what the process is
acting.process_acts_as(None)  # a test is no web server, though it may talk to one in this process

# on a busy machine an example may take long, and that says nothing about the code
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# Their tests wait for processes and pages: begun first, they leave nobody idle at the end.
LONG = ("tests/scripts/", "tests/worker/", "tests/browser/", "tests/security/", "tests/deploy/")

WHOLLY_ONCE = re.compile(r"^pytestmark = .*\bpytest\.mark\.once\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files in which a run of `-m "not once"` would find nothing.

    They are two thirds of all, and every worker would import them.
    """
    if config.option.markexpr != "not once" or not collection_path.match("test_*.py"):
        return None
    return True if WHOLLY_ONCE.search(collection_path.read_text(encoding="utf-8")) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: next to all of it stays until the end.

    Every worker collects everything, and went through what it had, over and over, for a third of
    the time. What is there then is left out later as well; garbage of the tests is collected.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; otherwise leave the order as it is."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(autouse=True)
def fresh_toolbox() -> Iterator[None]:
    """Let every test have the toolbox that its settings describe."""
    get_toolbox.cache_clear()
    yield
    get_toolbox.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def flushes_empty_the_ledger() -> Iterator[None]:
    """Let transactional tests clean up behind themselves."""
    with let_flush_pass():
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let tests hand any time inward, through requests as well, whose role PostgreSQL holds to now."""
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(let_time_travel(connection))
        yield


@receiver(setting_changed)
def read_the_keys_anew(*, setting: str, **_: Any) -> None:
    """Let a test change the keys as an operator does who starts the processes anew."""
    if setting in {"CRED_SEAL_KEY", "CRED_SEAL_KEY_FILE"}:
        settings.CRED_SEAL_RING = keyring.load(settings.CRED_SEAL_KEY, settings.CRED_SEAL_KEY_FILE)


@pytest.fixture(autouse=True)
def secrets_are_forgotten() -> Iterator[None]:
    """Let no test find what another one opened."""
    with opened.forgetting():
        yield


@pytest.fixture
def noon() -> datetime:
    """One moment, handed inward by every test that needs a time."""
    return datetime(2026, 7, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def parent(db: None) -> User:
    """The person whose signup it is."""
    return User.objects.create_user("pat@example.com", "a long pass phrase")


@pytest.fixture
def stranger(db: None) -> User:
    """Another parent, who must never see anything of the first one's."""
    return User.objects.create_user("sam@example.com", "another pass phrase")


@pytest.fixture
def staff(db: None) -> User:
    """Someone who works in the admin."""
    return User.objects.create_user(
        "alex@example.com", "a staff pass phrase", is_staff=True, is_superuser=True
    )


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """Return an API client that is logged in as the given person."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return make
