"""Row-level security…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from accounts.models import User
from audit import acting, guards, roles, saved_views
from audit.actions import Action, person
from audit.models import SavedView
from audit.services import AuditUnavailableError, record
from orchestrator.services.leaving import delete_account
from tests.audit.asking import ask, be, change, counts, of, refused
from tests.rows_of_people import TABLES

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has none"),
]
BACK_DOOR = """
    CREATE TEMP TABLE mine (id uuid);
    CREATE TRIGGER it AFTER INSERT ON mine REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION mandate_audit_queue()
"""
LEDGER = {"mandate_audit", "audit_subject"}  # which nobody at a page changes at all
VIEWS = "audit_saved_view"  # of one person of the staff, which no other one sees


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
