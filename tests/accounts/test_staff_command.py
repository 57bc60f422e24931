"""`manage.py staff`…"""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services.roles import Role
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.roles import group

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def both_roles(db: None) -> None:
    for role in Role:
        group(role)


def staff_command(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command("staff", *words, stdout=out, no_color=True, **options)
    return out.getvalue()


def test_gives_roles_and_takes_them(parent: User) -> None:
    email = parent.email

    assert staff_command("list") == "Nobody may use the admin yet.\n"
    said = staff_command("grant", email, "support", "auditor")
    assert said == "pat@example.com was given auditor and support.\n"
    assert User.objects.get().is_staff
    assert staff_command("grant", email, "support") == "pat@example.com has support.\n"
    said = staff_command("revoke", email, "support", "auditor")
    assert said == "pat@example.com no longer has auditor and support.\n"
    said = staff_command("revoke", email, "support")
    assert said == "pat@example.com does not have support.\n"
    assert MandateAudit.objects.count() == 4


def test_lists_who_has_which(parent: User, stranger: User, staff: User) -> None:
    staff_command("grant", stranger.email, "auditor")
    stranger.refresh_from_db()
    stranger.is_active = False
    stranger.save()

    assert staff_command("list").splitlines() == [
        "E-mail            Roles                         Account",
        "alex@example.com  superuser                     active",
        "sam@example.com   auditor                       disabled",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grant", "nobody@example.com", "support"], "Nobody logs in here as nobody@example.com"),
        (["revoke", "nobody@example.com", "support"], "Nobody logs in here as nobody@example.com"),
        (["grant", "pat@example.com", "superuser"], "invalid choice: 'superuser'"),
        (["grant", "pat@example.com"], "required: ROLE"),
        ([], "required: grant | revoke | list"),
    ],
)
def test_says_what_is_wrong(parent: User, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said.replace("|", r"\|")):
        staff_command(*words)
    assert MandateAudit.objects.count() == 0


def test_gives_nothing_to_a_disabled_account(parent: User) -> None:
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match="is disabled"):
        staff_command("grant", parent.email, "support")


def test_does_nothing_that_cannot_be_recorded(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr("accounts.services.roles.audit.record", refuse)

    with pytest.raises(CommandError, match="could not be recorded"):
        staff_command("grant", parent.email, "support")
    assert not User.objects.get().is_staff


def test_is_silent_where_that_is_wanted(parent: User) -> None:
    assert staff_command("grant", parent.email, "support", verbosity=0) == ""
