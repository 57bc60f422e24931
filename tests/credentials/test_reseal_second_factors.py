"""Sealing second factors anew, as logins are…"""

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.services import second_factor
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials import resealing
from credentials.resealing import due_elsewhere, reseal_elsewhere
from credentials.verification import Flaw
from signupassist.second_factor import SECRETS
from tests.accounts.two_steps import App, turn_on
from tests.credentials.conftest import ANOTHER_KEY
from tests.credentials.rotation import key_ids, put_key_first, take_old_keys_away

RESEALED = "user_second_factor_resealed"


@pytest.fixture
def app(parent: User) -> App:
    """The parent's authenticator app."""
    return turn_on(parent)


def is_good(user: User, app: App) -> bool:
    return second_factor.recognise(user.pk, app.code(), at=timezone.now()).method == "totp"


def key_of(user: User) -> str:
    text: str = Authenticator.objects.get(user=user, type="totp").data["secret"]
    return text.split(".")[1]


def run(*words: str) -> tuple[int, list[str], str]:
    """Return the exit code, the lines of stdout, and the last sentence of a failure."""
    out = StringIO()
    try:
        call_command("reseal_credentials", *words, stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue().splitlines(), str(error)
    return 0, out.getvalue().splitlines(), ""


def test_moves_each_to_the_first_key_and_records_it(
    app: App, parent: User, stranger: User, settings: Settings
) -> None:
    other = turn_on(stranger)
    put_key_first(settings)
    new, old = key_ids()

    done = reseal_elsewhere(SECRETS, batch_size=1)

    row = MandateAudit.objects.filter(action=RESEALED).get(user_id=parent.pk)
    assert (done.seen, done.resealed, done.flawed) == (2, 2, {})
    assert (row.actor, row.metadata["from"], row.metadata["to"]) == ("system", old, new)
    take_old_keys_away(settings)
    assert is_good(parent, app)
    assert is_good(stranger, other)
    assert key_of(parent) == key_of(stranger) == new
    assert reseal_elsewhere(SECRETS).seen == due_elsewhere(SECRETS) == 0


def test_keeps_what_else_the_row_says(app: App, parent: User, settings: Settings) -> None:
    good = second_factor.recognise(parent.pk, app.code(), at=timezone.now())
    second_factor.use_up(good, at=timezone.now())
    put_key_first(settings)

    reseal_elsewhere(SECRETS)

    with pytest.raises(second_factor.CodeRefusedError):
        second_factor.recognise(parent.pk, app.code(), at=timezone.now())
    assert second_factor.recognise(parent.pk, app.recovery_codes[0], at=timezone.now())


def test_leaves_alone_what_cannot_be_opened(
    app: App, parent: User, stranger: User, settings: Settings
) -> None:
    turn_on(stranger)
    rows = Authenticator.objects.filter(type="totp")
    theirs = rows.get(user=stranger)
    rows.filter(pk=theirs.pk).update(data=rows.get(user=parent).data)  # of another row
    put_key_first(settings)

    done = reseal_elsewhere(SECRETS)

    assert (done.resealed, done.flawed) == (1, {f"second factor {theirs.pk}": Flaw.UNREADABLE})
    code, _, why = run()
    assert code == 1
    assert "0 second factors sealed with the key" in why
    assert why.endswith("; 1 left alone, as listed.")


def test_changes_nothing_where_it_cannot_be_recorded(
    app: App, parent: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key_of(parent)
    put_key_first(settings)

    def refuse(*_: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(resealing, "record_many", refuse)
    with pytest.raises(AuditUnavailableError):
        reseal_elsewhere(SECRETS)

    assert key_of(parent) == before


def test_is_part_of_the_command(app: App, parent: User, settings: Settings) -> None:
    put_key_first(settings)
    new, old = key_ids()

    code, said, why = run("--check")
    assert (code, why) == (1, "1 older key still needed, 0 missing.")
    assert f"{old}  older    1 in mfa_authenticator.data" in said
    assert f"The key {old} must stay: run reseal_credentials." in said

    assert run("--dry-run")[:2] == (
        0,
        [
            "1 of 1 second factor tried.",
            f"0 logins would be sealed with the key {new}.",
            f"1 second factor would be sealed with the key {new}.",
        ],
    )
    assert key_of(parent) == old

    code, said, _ = run()
    assert (code, said[:3]) == (
        0,
        [
            "1 of 1 second factor looked at.",
            f"0 logins sealed with the key {new}, none left.",
            f"1 second factor sealed with the key {new}, none left.",
        ],
    )
    assert run("--check")[0] == 0
    assert is_good(parent, app)


def test_counts_towards_the_limit(
    app: App, parent: User, stranger: User, settings: Settings
) -> None:
    turn_on(stranger)
    put_key_first(settings)

    code, _, why = run("--limit", "1")

    assert code == 1
    assert "1 not reached, or saved meanwhile: run it again." in why
    assert run("--limit", "1")[0] == 0


def test_tells_of_a_key_that_is_missing(app: App, settings: Settings) -> None:
    [old] = key_ids()
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    _, said, why = run("--check")

    assert f"{old}  missing  1 in mfa_authenticator.data" in said
    assert why == "0 older keys still needed, 1 missing."
