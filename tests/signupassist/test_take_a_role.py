"""PostgreSQL is asked as…"""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from audit import acting, roles
from signupassist import apps

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]

ROLE = re.compile(
    r"^SELECT set_config\('role', 'signupassist_(\w+)', true\), set_config\('app.user_id', '(.*?)'"
)
Asked = list[tuple[str, str]]


def asked(deed: Callable[[], object]) -> Asked:
    """Return as whom a deed asks, once for each that it asks as, in order."""
    with CaptureQueriesContext(connection) as seen:
        deed()
    found: Asked = []
    for query in seen:
        if said := ROLE.match(query["sql"]):
            found += [said.groups()] if said.groups() not in found else []  # type: ignore[list-item]  # two groups
        else:
            assert re.match("SAVEPOINT|RELEASE|ROLLBACK|SET", query["sql"]), query["sql"]
    return found


def test_the_person_of_a_page_once_they_are_known(parent: User) -> None:
    browser = Client()
    browser.force_login(parent)

    assert asked(lambda: browser.get("/mandates-audit")) == [("app", ""), ("app", str(parent.pk))]


def test_the_person_of_a_token(parent: User, client: Client) -> None:
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(parent.pk, at=timezone.now())}")

    assert asked(lambda: api.get("/api/v1/sessions"))[-1] == ("app", str(parent.pk))


def test_nobody_at_the_doors(client: Client) -> None:
    assert asked(lambda: client.get("/auth")) in ([], [("app", "")])


def test_staff_in_the_admin_and_as_a_person_elsewhere(staff: User) -> None:
    browser = Client()
    browser.force_login(staff)

    assert asked(lambda: browser.get("/admin/accounts/user/"))[-1] == ("staff", str(staff.pk))
    assert asked(lambda: browser.get("/mandates-audit"))[-1] == ("app", str(staff.pk))


def test_a_person_where_the_admin_is_not_for_them(parent: User) -> None:
    browser = Client()
    browser.force_login(parent)

    assert ("staff", str(parent.pk)) not in asked(lambda: browser.get("/admin/accounts/user/"))


def test_the_product_itself_by_a_probe(client: Client) -> None:
    assert set(asked(lambda: client.get("/readyz"))) == {("staff", "")}


@pytest.mark.parametrize("role", acting.Role)
def test_what_the_process_is_where_nobody_says_so(
    role: acting.Role, monkeypatch: pytest.MonkeyPatch, parent: User
) -> None:
    monkeypatch.setattr(acting, "_of_process", None)
    acting.process_acts_as(role)

    assert asked(User.objects.first) == [(role.removeprefix("signupassist_"), "")]


@pytest.mark.parametrize(
    ("program", "role"),
    [
        ("import signupassist.wsgi", "signupassist_app"),
        ("import sys, django; sys.argv[1:] = ['qcluster']; django.setup()", "signupassist_jobs"),
        ("import sys, django; sys.argv[1:] = ['migrate']; django.setup()", ""),
    ],
)
def test_the_kind_of_process(program: str, role: str) -> None:
    loaded = f"import gc; gc.disable(); {program}; assert gc.isenabled()"  # as manage.py begins
    told = f"{loaded}; from audit import acting as a; print(a._of_process and a._of_process.role or '')"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == role


def test_before_where_a_role_may_not_be_taken(
    parent: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("_taken", "_said"):
        monkeypatch.setattr(acting, name, set())
    monkeypatch.setattr(acting, "_CAN_TAKE", "SELECT true WHERE '{role}' = '{privilege}'")
    for _ in range(2):
        acting.watch(connection=connection)
        with acting.for_person(parent.pk), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, %s", ["kept"])
            assert cursor.fetchone() == (connection.settings_dict["USER"], "kept")
    acting.watch(connection=connection)

    assert caplog.text.count("row-level security is off") == 1


def test_tables_are_kept_apart_by_migrate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(roles, "install", lambda *args: calls.append(args))

    apps.keep_rows_apart(using="default")  # after a flush
    assert not calls
    apps.keep_rows_apart(using="default", plan=[])
    assert calls
