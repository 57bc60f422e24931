"""Row-level security, as it is put in place and looked after…"""

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from audit import acting, guards, roles
from tests.audit.asking import be, change, of
from tests.rows_of_people import TABLES

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has none"),
]
# Says who asks as it likes.
IMPOSTOR = f"""
    CREATE SCHEMA ?table;
    CREATE FUNCTION ?table.current_setting(text, bool) RETURNS text LANGUAGE sql AS 'SELECT null';
    ALTER POLICY own_select ON mandate_audit
    USING (user_id = {roles.ME.replace("current_setting", "?table.current_setting")})
"""
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
