"""The process logs in to the database…"""

import sys

import pytest

from signupassist import databases, env

pytestmark = pytest.mark.once

SERVICE = "postgres://web:secret-1@db.example.org/signupassist"
OWNER = "postgres://owner:secret-2@db.example.org/signupassist"


@pytest.fixture(autouse=True)
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A login for the service and one for its owner."""
    monkeypatch.setenv("DATABASE_URL", SERVICE)
    monkeypatch.setenv("DATABASE_OWNER_URL", OWNER)


@pytest.mark.parametrize(
    ("argv", "user"),
    [
        (["manage.py", "migrate"], "owner"),
        (["/srv/app/manage.py", "readiness"], "owner"),
        (["/srv/app/signupassist/serve.py"], "owner"),
        (["/srv/app/manage.py", "qcluster"], "web"),
        (["manage.py", "runserver"], "web"),
        (["/srv/app/signupassist/worker.py"], "web"),
        (["/usr/bin/gunicorn", "signupassist.wsgi"], "web"),
        (["-m"], "web"),
    ],
)
def test_as_the_owner_for_commands_alone(
    argv: list[str], user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", argv)

    assert databases.read("sqlite:///x")["USER"] == user


def test_always_the_same_way_where_there_is_one_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "")
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate"])

    assert databases.read("sqlite:///x")["USER"] == "web"


def test_keeping_no_cursor_on_the_server() -> None:
    assert databases.read("sqlite:///x")["DISABLE_SERVER_SIDE_CURSORS"] is True


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgres://owner:secret-2@db.example.org/another", "names another database"),
        ("mysql://owner:secret-2@db.example.org/signupassist", "must name SQLite or PostgreSQL"),
        ("postgres://owner:secret-2@db.example.org:port/x", "cannot be understood"),
    ],
)
def test_unless_the_owners_url_makes_no_sense(
    url: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", url)

    with pytest.raises(env.SettingsError, match=rf"^DATABASE_OWNER_URL {says}") as told:
        databases.read("sqlite:///x")
    assert "secret-2" not in str(told.value)
