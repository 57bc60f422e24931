"""The guards of the ledger stand…"""

from functools import partial
from importlib import import_module

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, models

from audit import guards
from audit.models import MandateAudit
from tests.audit.changing import (
    DATABASE_DEEDS,
    execute,
    only_postgresql,
    only_sqlite,
    refused,
    stands,
)
from tests.audit.conftest import MakeRow
from tests.ledger_flush import lift_guards


def test_after_the_table_was_altered(make_row: MakeRow, transactional_db: None) -> None:
    row = make_row()
    old = MandateAudit._meta.get_field("provider")
    new = models.TextField(null=True, default="none")
    new.set_attributes_from_name("provider")
    new.model = MandateAudit
    if connection.vendor == "sqlite":
        with connection.schema_editor() as editor:
            editor.alter_field(MandateAudit, old, new, strict=True)
        assert guards.missing(connection) == list(guards.TRIGGERS["sqlite"]["mandate_audit"])
    else:
        lift_guards(connection)

    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    assert guards.missing(connection) == []
    for deed in DATABASE_DEEDS.values():
        refused(partial(deed, row))
    assert stands(row)


@pytest.mark.django_db
def test_again_after_migrate() -> None:
    lift_guards(connection)

    call_command("migrate", verbosity=0, skip_checks=False)

    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_however_often_the_guards_are_installed() -> None:
    guards.install(connection)
    guards.install(connection)

    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_or_the_check_says_so() -> None:
    call_command("check", databases=["default"], fail_level="WARNING")

    lift_guards(connection)

    with pytest.raises(SystemCheckError, match=r"audit\.W001"):
        call_command("check", databases=["default"], fail_level="WARNING")


@only_postgresql
def test_or_the_check_says_so_when_a_trigger_is_only_switched_off(make_row: MakeRow) -> None:
    execute("ALTER TABLE mandate_audit DISABLE TRIGGER mandate_audit_no_change")

    assert guards.missing(connection) == ["mandate_audit_no_change"]


@pytest.mark.once
def test_for_good() -> None:
    migration = import_module("audit.migrations.0002_guards").Migration

    assert not any(operation.reversible for operation in migration.operations)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_but_do_not_keep_transactional_tests_from_cleaning_up(make_row: MakeRow, time: int) -> None:
    assert not MandateAudit.objects.exists()  # whichever comes second sees no row of the first
    make_row()
    assert guards.missing(connection) == []


@only_postgresql
@pytest.mark.django_db
def test_or_every_trigger_that_is_off_is_named() -> None:
    for table, names in guards.TRIGGERS["postgresql"].items():
        for name in names:
            execute(f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {name}")
            assert guards.missing(connection) == [name]
            execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")  # which a replica passes by
            assert guards.missing(connection) == [name]
            execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


NEW_TRIGGER = (
    "CREATE OR REPLACE TRIGGER {0} {1}; ALTER TABLE mandate_audit ENABLE ALWAYS TRIGGER {0}"
)
CHANGE, CLOCK, QUEUE = "mandate_audit_no_change", "mandate_audit_clock", "mandate_audit_queue"
REFUSING = {one for names in guards.TRIGGERS["postgresql"].values() for one in names} - {
    CLOCK,
    QUEUE,
}


@only_postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("deed", "hollow"),
    [
        (
            (
                "CREATE OR REPLACE FUNCTION mandate_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN RETURN NEW; END'"
            ),
            REFUSING,
        ),
        ("ALTER FUNCTION mandate_audit_queue() SECURITY INVOKER", {QUEUE}),
        ("ALTER FUNCTION mandate_audit_refuse() RESET search_path", REFUSING),
        ("ALTER FUNCTION mandate_audit_queue() SET search_path = evil", {QUEUE}),
        (
            NEW_TRIGGER.format(
                CHANGE,
                "BEFORE DELETE OR UPDATE ON mandate_audit FOR EACH ROW WHEN (false)"
                " EXECUTE FUNCTION mandate_audit_refuse()",
            ),
            {CHANGE},
        ),
        (
            NEW_TRIGGER.format(
                CHANGE,
                "BEFORE DELETE ON mandate_audit FOR EACH ROW EXECUTE FUNCTION mandate_audit_refuse()",
            ),
            {CHANGE},
        ),
        (
            NEW_TRIGGER.format(
                CLOCK,
                "BEFORE INSERT ON mandate_audit FOR EACH ROW WHEN (false)"
                " EXECUTE FUNCTION mandate_audit_clock()",
            ),
            {CLOCK},
        ),
        (
            NEW_TRIGGER.format(
                CLOCK,
                "BEFORE INSERT ON mandate_audit FOR EACH ROW EXECUTE FUNCTION mandate_audit_refuse()",
            ),
            {CLOCK},
        ),
    ],
)
def test_or_those_that_were_hollowed_out_under_their_name_are_told(
    deed: str, hollow: set[str]
) -> None:
    execute(deed)
    assert set(guards.missing(connection)) == hollow

    guards.install(connection)
    assert guards.missing(connection) == []


@only_postgresql
@pytest.mark.django_db
def test_with_the_clock_that_is_the_products_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert guards._FUNCTIONS[-1].count("clock")
    monkeypatch.setattr(guards, "_FUNCTIONS", guards._FUNCTIONS[:-1])  # the suite's own is last
    assert guards.missing(connection) == [CLOCK]

    guards.install(connection)
    assert guards.missing(connection) == []


@only_sqlite
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("mandate_audit_no_update", "BEFORE UPDATE ON mandate_audit WHEN 0 BEGIN SELECT 1; END"),
        (
            "mandate_audit_no_delete",
            "AFTER INSERT ON mandate_audit BEGIN SELECT RAISE(ABORT, 'is append-only'); END",
        ),
        (QUEUE, "AFTER INSERT ON mandate_audit WHEN 0 BEGIN SELECT 1; END"),
    ],
)
def test_or_what_stands_there_under_the_name_of_one_is_told(name: str, made: str) -> None:
    execute(f"DROP TRIGGER {name}")
    execute(f"CREATE TRIGGER {name} {made}")
    assert guards.missing(connection) == [name]

    guards.install(connection)
    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_alone_or_the_check_names_what_stands_beside_them() -> None:
    assert guards.strange(connection) == []
    if connection.vendor == "postgresql":
        execute(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        execute(
            "CREATE TRIGGER aaa BEFORE INSERT ON mandate_audit FOR EACH ROW EXECUTE FUNCTION swallow()"
        )
        execute("CREATE RULE bbb AS ON INSERT TO audit_pending DO INSTEAD NOTHING")
        execute("CREATE RULE ccc AS ON INSERT TO users DO ALSO NOTHING")  # nothing to us
    else:
        execute("CREATE TEMP TRIGGER aaa BEFORE INSERT ON mandate_audit BEGIN SELECT 1; END")
        execute("CREATE TRIGGER bbb BEFORE INSERT ON Audit_Pending BEGIN SELECT RAISE(IGNORE); END")
        execute("CREATE TRIGGER ccc BEFORE INSERT ON users BEGIN SELECT 1; END")

    assert guards.missing(connection) == []
    assert guards.strange(connection) == ["aaa on mandate_audit", "bbb on audit_pending"]
    with pytest.raises(SystemCheckError, match=r"(?s)audit\.W002.*bbb on audit_pending"):
        call_command("check", databases=["default"], fail_level="WARNING")
    if connection.vendor == "sqlite":
        execute("DROP TRIGGER temp.aaa")  # the test's transaction keeps only what is in the file
