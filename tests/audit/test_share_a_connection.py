"""People who share a connection…"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from accounts.models import User
from audit import acting
from tests import requirements_of_machine
from tests.servers import pgbouncer

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's roles")

OWN = "SELECT current_user, pg_backend_pid(), array_agg(user_id::text) FROM reveal_budgets"


def own(via: BaseDatabaseWrapper) -> tuple[str, int, list[str] | None]:
    """Return as whom we ask, which connection of the server answers, and whose rows there are."""
    with via.cursor() as cursor:
        cursor.execute(OWN)
        role, server, seen = cursor.fetchone()
    return role, server, seen


@pytest.fixture
def pooled(tmp_path: Path) -> Iterator[Callable[[], BaseDatabaseWrapper]]:
    """Return a maker of connections that all come by way of one."""
    requirements_of_machine.need("pgbouncer")
    made: list[BaseDatabaseWrapper] = []
    with pgbouncer.before(connection, tmp_path) as port:

        def connect() -> BaseDatabaseWrapper:
            one = connections.create_connection("default")
            one.settings_dict = {**one.settings_dict, "HOST": "127.0.0.1", "PORT": port}
            made.append(one)
            return one

        yield connect
        for one in made:
            one.close()


@pytest.mark.django_db(transaction=True)
def test_see_their_own_rows_alone_whoever_was_there_before(
    parent: User, stranger: User, pooled: Callable[[], BaseDatabaseWrapper]
) -> None:
    for user in (parent, stranger):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO reveal_budgets VALUES (%s, now(), 0, 0, 0)", [user.pk])
    first, second = pooled(), pooled()
    servers = set()

    def batches(via: BaseDatabaseWrapper, user: User) -> Iterator[list[str] | None]:
        for _ in range(3):
            with acting.for_person(user.pk):
                role, server, seen = own(via)
            servers.add(server)
            assert role == "signupassist_app"
            yield seen

    streams = zip(batches(first, parent), batches(second, stranger), strict=True)
    assert list(streams) == [([str(parent.pk)], [str(stranger.pk)])] * 3

    with acting.for_person(parent.pk), transaction_on(first):
        assert own(first)[2] == [str(parent.pk)]
    with acting.as_jobs():
        assert len(own(second)[2] or []) == 2
    role, server, _ = own(first)
    assert role == connection.settings_dict["USER"], "nobody's role is left"
    assert servers == {server}, "it was one connection all the while"


@contextmanager
def transaction_on(via: BaseDatabaseWrapper) -> Iterator[None]:
    """Run a transaction on a connection that has no name in the settings."""
    connections["pooled"] = via
    try:
        with transaction.atomic(using="pooled"):
            yield
    finally:
        del connections["pooled"]


@pytest.mark.django_db(transaction=True)
def test_never_reach_the_owners_rights_where_the_service_has_a_login_of_its_own() -> None:
    login = f"web_{uuid4().hex[:12]}"
    settings = connection.settings_dict
    name = sql.Identifier(login)
    password = secrets.token_hex(8)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE ROLE {login} LOGIN NOINHERIT PASSWORD '{password}'"
            " IN ROLE signupassist_app, signupassist_staff"
        )
    try:
        place = {key: settings[key.upper()] for key in ("host", "port") if settings[key.upper()]}
        with closing(
            psycopg.connect(
                dbname=settings["NAME"], user=login, password=password, autocommit=True, **place
            )
        ) as web:
            for role in ("signupassist_app", "signupassist_staff"):
                web.execute(f"SET ROLE {role}")
                web.execute("SELECT 1 FROM mandate_audit")
                for back in ("RESET ROLE", "SET ROLE NONE", "RESET ALL"):
                    web.execute(back)
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        web.execute("SELECT 1 FROM mandate_audit")
            web.execute("SET ROLE signupassist_app")
            for rights in ("users_groups", "users_user_permissions", "auth_group_permissions"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    web.execute(f"INSERT INTO {rights} DEFAULT VALUES")
            for forbidden in (settings["USER"], "signupassist_jobs", "signupassist_operator"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    web.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(forbidden)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP ROLE {name.as_string()}")
