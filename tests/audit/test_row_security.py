"""Row-level security…"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import User
from audit import acting, guards, roles, saved_views
from audit.actions import Action, person
from audit.models import MandateAudit, SavedView
from audit.services import AuditUnavailableError, record
from orchestrator.services.leaving import delete_account
from tests.rows_of_people import TABLES, give_rows

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has none"),
]

BACK_DOOR = """
    CREATE TEMP TABLE mine (id uuid);
    CREATE TRIGGER it AFTER INSERT ON mine REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION mandate_audit_queue()
"""
# Says who asks as it likes.
IMPOSTOR = f"""
    CREATE SCHEMA ?table;
    CREATE FUNCTION ?table.current_setting(text, bool) RETURNS text LANGUAGE sql AS 'SELECT null';
    ALTER POLICY own_select ON mandate_audit
    USING (user_id = {roles.ME.replace("current_setting", "?table.current_setting")})
"""
LEDGER = {"mandate_audit", "audit_subject"}  # which nobody at a page changes at all
VIEWS = "audit_saved_view"  # of one person of the staff, which no other one sees
# Tables that name a person and are open to the roles, each for a reason.
OPEN = {
    "account_emailaddress": "not used: log-in goes by users",
    "django_admin_log": "what staff did, shown to staff alone",
    "external_identities": "looked up to find out who it is",
    "mfa_authenticator": "looked up while somebody logs in",
    "users": "looked up to find out who it is",
    "users_groups": "looked up to find out what somebody may",
    "users_user_permissions": "looked up to find out what somebody may",
}


@pytest.fixture
def both(parent: User, stranger: User, noon: datetime) -> tuple[UUID, UUID]:
    """Two people with a row in each table."""
    give_rows(parent, noon)
    give_rows(stranger, noon)
    return parent.pk, stranger.pk


def ask(
    statement: str, *values: Any, via: BaseDatabaseWrapper = connection
) -> list[tuple[Any, ...]]:
    """Return what a statement answers."""
    with via.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def change(statement: str, *values: Any) -> int:
    """Return how many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def of(table: str, statement: str, key: str = "") -> str:
    """Return a statement about this table and its key."""
    return statement.replace("?table", table).replace("?key", key)


def counts() -> dict[str, int]:
    """Return how many rows of each table can be seen."""
    each = [of(table, "SELECT '?table', count(*) FROM ?table") for table in TABLES]
    return dict(ask(" UNION ALL ".join(each)))


def whom(via: BaseDatabaseWrapper = connection) -> tuple[str, str]:
    """Return as whom the database is asked."""
    [(role, user_id)] = ask("SELECT current_user, current_setting('app.user_id', true)", via=via)
    return role, user_id or ""


def be(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask with this role until the test ends, whatever the product says."""
    monkeypatch.setattr(connections["default"], "execute_wrappers", [])
    ask("SELECT set_config('role', %s, true)", role)


@contextmanager
def refused() -> Iterator[None]:
    """Expect a refusal for want of a right, and go on after it."""
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner|security policy"),
        transaction.atomic(),
    ):
        yield


# --- What each role sees and may do ---------------------------------------------------------------


def test_shows_each_person_their_own_rows(both: tuple[UUID, UUID]) -> None:
    for user_id in both:
        with acting.for_person(user_id):
            assert counts() == dict.fromkeys(TABLES, 1)
            assert ask("SELECT DISTINCT user_id FROM stored_credentials") == [(user_id,)]
    assert counts() == dict.fromkeys(TABLES, 2), "the owner is not bound"


def test_shows_nobody_anything_until_it_is_known_who_asks(both: tuple[UUID, UUID]) -> None:
    with acting._asking(acting._Asker(acting.Role.APP)):
        assert counts() == dict.fromkeys(TABLES, 0)
        assert change("DELETE FROM stored_credentials") == 0


@pytest.mark.parametrize("table", [name for name in TABLES if name not in {*LEDGER, VIEWS}])
def test_lets_nobody_change_or_take_what_is_not_theirs(both: tuple[UUID, UUID], table: str) -> None:
    [(key,)] = ask(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid"
        " AND attnum = indkey[0] WHERE indisprimary AND indrelid = %s::regclass",
        table,
    )
    with acting.for_person(both[0]):
        ours = ask(of(table, "SELECT ?key FROM ?table", key))[0][0]
        assert change(of(table, "UPDATE ?table SET ?key = ?key", key)) == 1
        assert change(of(table, "DELETE FROM ?table WHERE ?key <> %s", key), ours) == 0
    if table != "session_turns":
        with acting.for_person(both[0]), refused():
            change(of(table, "UPDATE ?table SET user_id = %s"), both[1])


def test_lets_nobody_add_what_would_be_somebody_elses(
    both: tuple[UUID, UUID], noon: datetime
) -> None:
    ours, theirs = both
    entry: dict[str, Any] = {"action": Action.USER_LOGGED_OUT, "actor": person(ours), "at": noon}
    with acting.for_person(ours):
        record(user_id=ours, **entry)
        record(user_id=None, **entry)
        with pytest.raises(AuditUnavailableError), transaction.atomic():
            record(user_id=theirs, **entry)
        with refused():
            change("INSERT INTO reveal_budgets SELECT %s, now(), 0, 0, 0", uuid4())
    with acting.for_nobody():
        record(user_id=theirs, **entry)  # who logs in is not known yet
        with pytest.raises(AuditUnavailableError), transaction.atomic():
            record(user_id=theirs, **entry | {"action": Action.SESSION_RESUMED})


@pytest.mark.parametrize("role", [acting.as_staff, acting.as_jobs])
def test_shows_everything_to(role: object, both: tuple[UUID, UUID]) -> None:
    assert callable(role)
    own = {VIEWS: 0} if role is acting.as_staff else {}
    with role():
        assert counts() == dict.fromkeys(TABLES, 2) | own


def test_keeps_the_views_of_each_of_the_staff_to_themselves(both: tuple[UUID, UUID]) -> None:
    ours, theirs = both
    with acting._asking(acting._Asker(acting.Role.STAFF, ours)):
        assert [view.query for view in saved_views.of(ours)] == ["kind=failed"]
        assert saved_views.of(theirs) == []
        saved_views.keep(ours, name="Ours", query="kind=booked")
        saved_views.keep(ours, name="Another", query="kind=booked")
        saved_views.forget(ours, name="Another")
        assert change(of(VIEWS, "UPDATE ?table SET query = '' WHERE user_id <> %s"), ours) == 0
        assert change(of(VIEWS, "DELETE FROM ?table WHERE user_id <> %s"), ours) == 0
        for deed in (
            "INSERT INTO ?table (user_id, name, query) SELECT %s, 'x', ''",
            "UPDATE ?table SET user_id = %s",
        ):
            with refused():
                change(of(VIEWS, deed), theirs)
    assert ask(of(VIEWS, "SELECT user_id, query FROM ?table ORDER BY query")) == [
        (ours, "kind=booked"),
        (theirs, "kind=failed"),
    ]


def test_takes_the_views_along_of_who_leaves(both: tuple[UUID, UUID], noon: datetime) -> None:
    with acting.for_person(both[0]):
        for deed in ("UPDATE ?table SET query = ''", "INSERT INTO ?table TABLE ?table"):
            with refused():
                change(of(VIEWS, deed))
        assert SavedView.objects.get().user_id == both[0]
        delete_account(user_id=both[0], at=noon)
    assert ask(of(VIEWS, "SELECT user_id FROM ?table")) == [(both[1],)]


def test_lets_staff_write_what_the_admin_is_for(both: tuple[UUID, UUID]) -> None:
    with acting.as_staff():
        assert change("UPDATE agentic_checkout_sessions SET step = step") == 2
        assert change("UPDATE registration_submissions SET message = message") == 2
        for table in ("stored_credentials", "session_turns", "mandate_audit"):
            with refused():
                change(of(table, "DELETE FROM ?table"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mandate_audit SET actor = 'forged'",
        "DELETE FROM mandate_audit",
        "TRUNCATE mandate_audit",
        "ALTER TABLE mandate_audit DISABLE TRIGGER ALL",
        "ALTER TABLE mandate_audit DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_select ON mandate_audit",
        "INSERT INTO mandate_audit TABLE mandate_audit ON CONFLICT (id) DO UPDATE SET actor = ''",
        "SELECT set_config('session_replication_role', 'replica', true)",
        "INSERT INTO audit_pending SELECT gen_random_uuid()",
        BACK_DOOR,
        "INSERT INTO audit_leaf SELECT 0, ''",
        "UPDATE audit_checkpoint SET note = ''",
        "DELETE FROM django_migrations",
        "CREATE TEMP TABLE mandate_audit (LIKE public.mandate_audit)",  # it would take the records
        "CREATE TABLE beside (id uuid)",
        "CREATE SCHEMA beside",
    ],
)
def test_goes_with_rights_that_leave_the_ledger_alone(
    both: tuple[UUID, UUID], statement: str
) -> None:
    with acting.for_person(both[0]), refused():
        change(statement)
    with acting.as_staff(), refused():
        change(statement)


def test_lets_the_sealer_work(both: tuple[UUID, UUID]) -> None:
    with acting.as_jobs():
        assert change("DELETE FROM audit_pending") == 2
        with refused():
            change("DELETE FROM audit_leaf")


@pytest.mark.parametrize("role", ["owner", roles.OPERATOR])
def test_lets_operators_ask_as_in_their_guide(
    both: tuple[UUID, UUID], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if role != "owner":
        be(role, monkeypatch)
    assert len(ask("SELECT * FROM mandate_audit ORDER BY created_at DESC LIMIT 50")) == 2
    assert ask("SELECT action, COUNT(*) FROM mandate_audit GROUP BY action") == [
        ("user_logged_out", 2)
    ]
    opened = (
        "SELECT * FROM mandate_audit WHERE action = 'credentials_accessed'"
        " ORDER BY created_at DESC;"
    )
    assert ask(opened) == []
    active = (
        "SELECT id, provider_id, user_id, created_at, expires_at FROM agentic_checkout_sessions"
        " WHERE expires_at > now();"
    )
    of_all = """
SELECT COUNT(*) as total, COUNT(*) FILTER (WHERE expires_at > now()) as active,
       COUNT(*) FILTER (WHERE expires_at <= now()) as expired FROM agentic_checkout_sessions;
"""
    [(total, now_active, expired)] = ask(of_all)
    assert (total, now_active + expired, len(ask(active))) == (2, 2, now_active)
    if role != "owner":
        for deed in ("DELETE FROM stored_credentials", "UPDATE users SET is_staff = true"):
            with refused():
                change(deed)


def test_takes_no_record_of_another_time_from_the_service(
    parent: User, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_FUNCTIONS", guards._FUNCTIONS[:-1])  # the suite's own is last
    guards.install(connection)
    long_ago: dict[str, Any] = {
        "action": Action.USER_LOGGED_OUT,
        "user_id": parent.pk,
        "actor": person(parent.pk),
    }

    record(at=noon - timedelta(days=1), **long_ago)  # the owner's demonstration
    with (
        acting.for_person(parent.pk),
        pytest.raises(AuditUnavailableError) as told,
        transaction.atomic(),
    ):
        record(at=noon - timedelta(days=1), **long_ago)
    assert "another time" in str(told.value.__cause__)


def test_reads_no_more_than_ones_own(both: tuple[UUID, UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of a table as small as this one
    with acting.for_person(both[0]):
        plan = "\n".join(line for (line,) in ask("EXPLAIN SELECT * FROM mandate_audit"))
        turns = "\n".join(
            line
            for (line,) in ask("EXPLAIN SELECT * FROM session_turns WHERE session_id = %s", uuid4())
        )
    assert "audit_of_user" in plan
    assert "Index Cond: (user_id = $0)" in plan
    assert "Seq Scan" not in turns


# --- As whom it is asked --------------------------------------------------------------------------


def test_forgets_who_asked_with_each_statement_of_a_kept_connection() -> None:
    first, second = uuid4(), uuid4()
    kept = connections.create_connection("default")
    try:
        login = whom(kept)
        for user_id in (first, second, first):
            with acting.for_person(user_id):
                assert whom(kept) == ("signupassist_app", str(user_id))
            assert whom(kept) == login
    finally:
        kept.close()


def test_goes_by_who_asks_in_a_transaction_too() -> None:
    login, first, second = whom(), uuid4(), uuid4()
    with transaction.atomic():
        for user_id in (first, second):
            with acting.for_person(user_id):
                assert whom() == ("signupassist_app", str(user_id))
        with acting.as_jobs():
            assert whom() == ("signupassist_jobs", "")
        assert whom() == login


def test_is_not_undone_with_a_savepoint(both: tuple[UUID, UUID]) -> None:
    login = whom()
    with acting.for_person(both[0]):
        with refused():
            change("DELETE FROM audit_leaf")
        assert whom() == ("signupassist_app", str(both[0]))
    with acting.for_person(both[1]):
        whom()
        sid = transaction.savepoint()
    assert whom() == login
    transaction.savepoint_rollback(sid)  # back to where the role was taken
    assert whom() == login


def test_is_held_to_where_one_statement_has_many_values(both: tuple[UUID, UUID]) -> None:
    [(theirs,)] = ask("SELECT id FROM stored_credentials WHERE user_id = %s", both[1])
    with acting.for_person(both[0]):
        [(ours,)] = ask("SELECT id FROM stored_credentials")
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM stored_credentials WHERE id = %s", [[ours], [theirs]])
    assert ask("SELECT id FROM stored_credentials") == [(theirs,)]


def test_is_what_a_stream_asks_for_batch_by_batch(both: tuple[UUID, UUID]) -> None:
    def rows(*, for_each: bool) -> Iterator[int]:
        for _ in range(2):
            if for_each:
                with acting.for_person(both[0]):
                    seen = MandateAudit.objects.count()
            else:
                seen = MandateAudit.objects.count()
            yield seen

    server: AbstractContextManager[None] = acting._asking(acting._Asker(acting.Role.APP))
    with server:  # what a web process is when no request is served any more
        assert list(rows(for_each=True)) == [1, 1]
        assert list(rows(for_each=False)) == [0, 0]


# --- Whether it is there --------------------------------------------------------------------------


def test_is_found_in_place() -> None:
    assert roles.troubles(connection) == []


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        ("ALTER TABLE stored_credentials DISABLE ROW LEVEL SECURITY", "stored_credentials is open"),
        ("DROP POLICY jobs ON mandate_audit", "mandate_audit lacks its policy jobs"),
        (
            "ALTER POLICY own_select ON mandate_audit USING (true)",
            "mandate_audit lacks its policy own_select",
        ),
        (
            f"ALTER POLICY own_select ON stored_credentials USING (user_id = {roles.ME} OR true)",
            "stored_credentials lacks its policy own_select",
        ),
        (
            "GRANT UPDATE (metadata) ON mandate_audit TO signupassist_app",
            "signupassist_app may change mandate_audit",
        ),
        ("CREATE POLICY x ON session_turns USING (true)", "session_turns has a policy x"),
        ("ALTER ROLE signupassist_app BYPASSRLS", "signupassist_app is above the policies"),
        (
            "GRANT DELETE ON mandate_audit TO signupassist_app",
            "signupassist_app may change mandate_audit",
        ),
        (
            "GRANT INSERT ON audit_leaf TO PUBLIC",
            [
                f"signupassist_{who} has the right INSERT to audit_leaf"
                for who in ("app", "operator", "staff")
            ],
        ),
        (
            "GRANT DELETE ON audit_pending TO signupassist_app",
            "signupassist_app has the right DELETE to audit_pending",
        ),
        (
            "GRANT INSERT (note) ON audit_checkpoint TO signupassist_staff",
            "signupassist_staff has the right INSERT to audit_checkpoint",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO signupassist_app",
            "signupassist_app may make tables beside ours",
        ),
        (
            "GRANT signupassist_operator TO signupassist_app",
            [
                "signupassist_app has the right SELECT to audit_tally",
                "signupassist_app has the rights of signupassist_operator",
            ],
        ),
        (
            "GRANT pg_write_all_data TO signupassist_operator",
            "has the rights of pg_write_all_data",
        ),
        (
            "ALTER POLICY own_update ON stored_credentials WITH CHECK (true)",
            "stored_credentials lacks its policy own_update",
        ),
        (
            of("evil", IMPOSTOR),
            "mandate_audit lacks its policy own_select",
        ),
        (
            of("mandate_audit", IMPOSTOR),  # which could pass for the table
            "mandate_audit lacks its policy own_select",
        ),
    ],
)
def test_is_missed_where_something_is_changed(deed: str, found: str | list[str]) -> None:
    change(deed)

    seen = roles.troubles(connection)
    if "pg_write" in deed:  # with all that it brings
        assert any(str(found) in one for one in seen)
    else:
        assert seen == ([found] if isinstance(found, str) else found)

    if not deed.startswith(("ALTER ROLE", "GRANT signupassist_", "GRANT pg_")):
        assert roles.install(connection, {*guards.APPEND_ONLY, "audit_pending", *TABLES})
        assert roles.troubles(connection) == []


def test_is_missed_where_a_temporary_table_could_take_the_records() -> None:
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    change(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")

    every = [f"{role} may make temporary tables" for role in acting.Role]
    assert sorted(roles.troubles(connection)) == sorted(every)

    assert roles.install(connection, [])
    assert roles.troubles(connection) == []


def test_lets_operators_look_at_how_the_database_does() -> None:
    change("GRANT pg_monitor, pg_read_all_data TO signupassist_operator")

    assert roles.troubles(connection) == []


def test_is_off_where_roles_may_not_be_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(roles, "ROLES", ("signupassist_nobody",))
    be(roles.OPERATOR, monkeypatch)

    assert not roles.install(connection, [])

    assert "may not create the role signupassist_nobody" in caplog.text


def test_covers_every_table_that_names_a_person() -> None:
    models = apps.get_models(include_auto_created=True)
    naming = {
        model._meta.db_table
        for model in models
        if any(
            field.name == "user_id" or field.related_model is User
            for field in model._meta.concrete_fields
        )
    }

    # people are to be found, and have a policy for what is added
    assert {table.table for table in roles.protected()} == {*TABLES, "users"}
    assert naming | {"users"} == set(TABLES) - {"session_turns"} | OPEN.keys()
    of_ledger = {it._meta.db_table for it in models if it._meta.app_label == "audit"}
    assert of_ledger <= roles.LESS.keys(), "say what each role may do to it"
