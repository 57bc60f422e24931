"""`manage.py createsuperuser`…"""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import MandateAudit

pytestmark = [pytest.mark.once, pytest.mark.django_db]

PASSWORD = "a staff pass phrase"


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator types where they are asked; nothing stands in the environment."""
    for name in ("EMAIL", "PASSWORD"):
        monkeypatch.delenv(f"DJANGO_SUPERUSER_{name}", raising=False)
    monkeypatch.setattr("builtins.input", lambda _: " Alex@Example.com ")
    monkeypatch.setattr("accounts.management.asking.getpass", lambda _: PASSWORD)


def run(**options: Any) -> str:
    out = StringIO()
    try:
        call_command("createsuperuser", stdout=out, stderr=StringIO(), no_color=True, **options)
    except CommandError as error:
        return f"{error} ({error.returncode})"
    return out.getvalue().strip()


@pytest.mark.parametrize("options", [{}, {"email": "alex@example.com"}])
def test_asks_and_records_who_got_every_right(options: dict[str, str]) -> None:
    assert run(**options) == "alex@example.com has an account with every right."

    user = User.objects.get(email="alex@example.com")
    rows = MandateAudit.objects.order_by("created_at", "action").values_list(
        "action", "actor", "user_id"
    )
    assert user.is_staff
    assert user.is_superuser
    assert user.check_password(PASSWORD)
    assert sorted(rows) == [
        ("staff_role_granted", "system", user.pk),
        ("user_signed_up", "system", user.pk),
    ]
    granted = MandateAudit.objects.get(action="staff_role_granted")
    assert granted.metadata["role"] == "superuser"


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_asks_nothing_where_the_environment_says_it_all(
    monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "sky@example.com")
    if password:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)

    assert run(interactive=False) == "sky@example.com has an account with every right."

    user = User.objects.get(email="sky@example.com")
    assert user.has_usable_password() is bool(password)


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("", PASSWORD, "This is no e-mail to log in with. Good: --email you@example.org (1)"),
        ("pat@example.com", PASSWORD, "pat@example.com has an account already. (1)"),
        ("sky@example.com", "short", "DJANGO_SUPERUSER_PASSWORD: This password is too short."),
    ],
)
def test_refuses(
    parent: User, monkeypatch: pytest.MonkeyPatch, email: str, password: str, said: str
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)

    assert run(interactive=False, email=email).startswith(said)
    assert User.objects.count() == 1
    assert not MandateAudit.objects.exists()


def test_does_not_happen_where_it_cannot_be_recorded(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("broken_ledger")

    assert run() == "It could not be recorded, so it was not done. (1)"
    assert not User.objects.exists()
