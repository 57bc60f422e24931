"""Deleting an account while one of its registrations is being confirmed…"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from orchestrator.models import RegistrationSubmission
from orchestrator.services import confirming, leaving
from orchestrator.services.refusals import RefusedError
from orchestrator.submissions import ledger
from tests.orchestrator.chat import Chat

pytestmark = pytest.mark.django_db(transaction=True)


def in_the_middle_of(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> tuple[Event, Event]:
    """Hold a deed right after this call: return what says that it is there, and what lets it go."""
    reached, go_on = Event(), Event()
    original: Callable[..., object] = getattr(module, name)

    def hold(*args: object, **kwargs: object) -> object:
        result = original(*args, **kwargs)
        reached.set()
        assert go_on.wait(30)
        return result

    monkeypatch.setattr(module, name, hold)
    return reached, go_on


def both(
    first: Callable[[], object], second: Callable[[], object], reached: Event, go_on: Event
) -> list[object]:
    """Begin the second deed while the first one is held; return what came of both."""

    def run(deed: Callable[[], object]) -> object:
        try:
            return deed()
        except RefusedError as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(run, first)
        assert reached.wait(30)
        two = pool.submit(run, second)
        go_on.set()
        return [one.result(60), two.result(60)]


def test_waits_for_a_registration_that_is_written_down_just_now(
    chat: Chat, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    reached, go_on = in_the_middle_of(monkeypatch, ledger, "intend")
    monkeypatch.setattr(confirming, "_send", lambda to, *_: to.unknown("mcp_timeout"))

    _, deleted = both(
        lambda: chat.press("confirm_registration", summary=chat.summary),
        lambda: leaving.delete_account(user_id=parent.pk, at=timezone.now()),
        reached,
        go_on,
    )

    assert deleted == "submission_in_progress"
    assert User.objects.filter(pk=parent.pk).exists()
    assert RegistrationSubmission.objects.count() == 1


def test_lets_nobody_register_who_is_being_deleted(
    chat: Chat, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    reached, go_on = in_the_middle_of(monkeypatch, leaving, "record")

    both(
        lambda: leaving.delete_account(user_id=parent.pk, at=timezone.now()),
        lambda: chat.press("confirm_registration", summary=chat.summary),
        reached,
        go_on,
    )

    assert 400 <= chat.status < 500
    assert not User.objects.filter(pk=parent.pk).exists()
    assert not RegistrationSubmission.objects.exists()
    assert not connection.in_atomic_block
