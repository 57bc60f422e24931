"""Whoever comes from the old service…"""

import re
from uuid import UUID

import pytest
from django.db import connection, transaction

from accounts.models import User
from audit.roles import OPERATOR
from credentials.models import StoredCredential
from sessions_store.models import AgenticCheckoutSession
from signupassist import env
from tests.deploy.recipes import ROOT
from tests.rows_of_people import give_rows

GUIDE = (ROOT / "docs/migrating.md").read_text()
QUERIES = [
    query.strip()
    for block in re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
    for query in block.split(";")
    if query.strip()
]
OLD = ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY", "cleanup_expired_checkout_sessions()"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the guide's SQL is PostgreSQL's")
@pytest.mark.django_db
@pytest.mark.parametrize("role", ["owner", OPERATOR])
@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_asks_as_before(number: int, role: str, parent: User) -> None:
    give_rows(parent, parent.date_joined)
    with transaction.atomic(), connection.cursor() as cursor:
        if role != "owner":
            cursor.execute(f"SET LOCAL ROLE {OPERATOR}")
        cursor.execute(QUERIES[number])
        found = cursor.fetchall()
        cursor.execute("RESET ROLE")
    own: UUID = parent.pk
    assert len(QUERIES) == 5
    if "WHERE" not in QUERIES[number].replace("FILTER (WHERE", ""):
        assert found, "there is a row of each"
    if "user_id" in QUERIES[number]:
        assert {row[2] for row in found} <= {own}


@pytest.mark.once
def test_reads_the_same_queries_in_both_guides() -> None:
    operations = (ROOT / "docs/operations.md").read_text()
    assert [query for query in QUERIES if f"{query};" not in operations] == []


@pytest.mark.once
@pytest.mark.parametrize("item", [*OLD, "config.toml", "HTTP cron"])
def test_finds_every_item_of_the_old_guide(item: str) -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("|") and item in line]
    assert rows, item
    assert all(len(row.split("|")) == 5 and row.split("|")[2].strip() for row in rows)


@pytest.mark.once
def test_is_told_of_settings_and_tables_that_there_are() -> None:
    ours = {row.split("|")[2] for row in GUIDE.splitlines() if row.startswith("| ")}
    named = {name for cell in ours for name in re.findall(r"`([A-Z][A-Z_]{4,})`", cell)}
    assert named <= env.NAMES
    assert StoredCredential._meta.db_table == "stored_credentials"
    assert AgenticCheckoutSession._meta.db_table == "agentic_checkout_sessions"


@pytest.mark.once
def test_needs_none_of_the_old_keys() -> None:
    assert env.NAMES.isdisjoint(OLD)
