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
from tests.audit.changing import DATABASE_DEEDS, execute, only_postgresql, refused, stands
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
