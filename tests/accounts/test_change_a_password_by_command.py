"""`manage.py changepassword`, for whoever forgot theirs where no mail is sent…"""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from audit.models import MandateAudit

pytestmark = pytest.mark.once

NEW = "skis in the cellar"
Type = Callable[..., None]


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Let the operator type these, one after the other."""

    def these(*words: str) -> None:
        waiting = iter(words)
        monkeypatch.setattr("accounts.management.asking.getpass", lambda _: next(waiting))

    return these


def run(email: str = " Pat@Example.com ") -> tuple[str, str]:
    """Return what the command says at last, and what it said of the words that were typed."""
    out, err = StringIO(), StringIO()
    try:
        call_command("changepassword", email, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return f"{error} ({error.returncode})", err.getvalue()
    return out.getvalue().strip(), err.getvalue()


def test_sets_it_ends_all_log_ins_and_records_who_did(parent: User, types: Type) -> None:
    browser, token = Client(), tokens.issue(parent.pk, at=timezone.now())
    browser.force_login(parent)
    types(NEW, NEW)

    said, _ = run()

    parent.refresh_from_db()
    row = MandateAudit.objects.get()
    bearer = {"authorization": f"Bearer {token}"}
    assert said == "pat@example.com has a new password, and is logged out everywhere."
    assert parent.check_password(NEW)
    assert (row.action, row.user_id, row.actor) == ("user_password_changed", parent.pk, "system")
    assert NEW not in str(row.metadata)
    for answer in (browser.get("/api/v1/me"), Client().get("/api/v1/me", headers=bearer)):
        assert answer.json()["code"] == "session_expired"


def test_asks_again_for_one_that_is_not_good_enough_or_was_mistyped(
    parent: User, types: Type
) -> None:
    types("short", "short", NEW, "a slip", NEW, NEW)

    said, flaws = run()

    assert said.startswith("pat@example.com has a new password")
    assert "too short" in flaws
    assert "They are not the same." in flaws


@pytest.mark.parametrize("ended", ["three tries", "Ctrl-C", "no such person"])
def test_changes_nothing_otherwise(
    parent: User, types: Type, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    types(*["short"] * 6)
    if ended == "Ctrl-C":
        monkeypatch.setattr("accounts.management.asking.getpass", interrupt)

    said, _ = run("nobody@example.com") if ended == "no such person" else run()

    assert (
        said
        == {
            "three tries": "Nothing was changed. (1)",
            "Ctrl-C": "Nothing was changed. (130)",
            "no such person": "Nobody logs in here as nobody@example.com. (1)",
        }[ended]
    )
    before = parent.password
    parent.refresh_from_db()
    assert parent.password == before
    assert not MandateAudit.objects.exists()


def test_does_not_happen_where_it_cannot_be_recorded(
    parent: User, types: Type, broken_ledger: None
) -> None:
    types(NEW, NEW)

    assert run()[0] == "It could not be recorded, so it was not done. (1)"
    parent.refresh_from_db()
    assert not parent.check_password(NEW)
