"""`remove_second_factor`, for whoever lost phone and recovery codes…"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services import second_factor
from audit.models import MandateAudit
from tests.accounts.two_steps import turn_on


def run(email: str) -> str:
    """Return what the command says at last."""
    out = StringIO()
    try:
        call_command("remove_second_factor", email, stdout=out)
    except CommandError as error:
        return f"{error} ({error.returncode})"
    return out.getvalue().strip()


def test_turns_it_off_for_one_person_and_records_who_did(parent: User, stranger: User) -> None:
    turn_on(parent)
    turn_on(stranger)

    said = run(" Pat@Example.com ")

    row = MandateAudit.objects.latest("created_at")
    assert said.endswith("logs in with the password alone now. They can turn it on again.")
    assert not second_factor.is_on(parent.pk)
    assert second_factor.is_on(stranger.pk)
    assert (row.action, row.user_id) == ("user_second_factor_removed", parent.pk)
    assert row.actor == "system"


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("pat@example.com", "pat@example.com logs in with a password alone already."),
        ("nobody@example.com", "Nobody logs in here as nobody@example.com."),
    ],
)
def test_fails_where_there_is_nothing_to_turn_off(parent: User, email: str, said: str) -> None:
    assert run(email) == f"{said} (1)"
    assert not MandateAudit.objects.filter(action="user_second_factor_removed").exists()


def test_does_not_happen_where_it_cannot_be_recorded(
    parent: User, request: pytest.FixtureRequest
) -> None:
    turn_on(parent)
    request.getfixturevalue("broken_ledger")

    assert run("pat@example.com") == "It could not be recorded, so it was not done. (1)"
    assert second_factor.is_on(parent.pk)
