"""Looking at what migrations send, before the release that serves has to live with it…"""

import pytest

from tests.upkeep import migrations

pytestmark = pytest.mark.once

# As Django writes them.
BREAKS = {
    "ban-drop-column": 'ALTER TABLE "session_turns" DROP COLUMN "intent" CASCADE',
    "ban-drop-table": 'DROP TABLE "job_runs" CASCADE',
    "ban-truncate-cascade": 'TRUNCATE "job_runs" CASCADE',
    "renaming-column": 'ALTER TABLE "users" RENAME COLUMN "email" TO "address"',
    "renaming-table": 'ALTER TABLE "users" RENAME TO "people"',
    "changing-column-type": 'ALTER TABLE "users" ALTER COLUMN "email" TYPE text',
    "ban-drop-default": 'ALTER TABLE "users" ALTER COLUMN "is_new" DROP DEFAULT',
    "adding-required-field": 'ALTER TABLE "users" ADD COLUMN "is_new" boolean NOT NULL',
    "adding-not-nullable-field": 'ALTER TABLE "users" ALTER COLUMN "since" SET NOT NULL',
    "disallowed-unique-constraint": 'ALTER TABLE "users" ADD CONSTRAINT "one" UNIQUE ("email")',
    "constraint-missing-not-valid": 'ALTER TABLE "users" ADD CONSTRAINT "c" CHECK ("email" > \'\')',
    "require-concurrent-index-creation": 'CREATE INDEX "by_email" ON "users" ("email")',
    "require-concurrent-index-deletion": 'DROP INDEX IF EXISTS "by_email"',
}
BEARS = {
    "a new table": [
        "BEGIN",
        'CREATE TABLE "news" ("id" bigint NOT NULL PRIMARY KEY)',
        'ALTER TABLE "news" ADD COLUMN "user_id" uuid NOT NULL REFERENCES "users"',
        'CREATE INDEX "news_user" ON "news" ("user_id")',
        "COMMIT",
    ],
    "a column that may be empty": ['ALTER TABLE "users" ADD COLUMN "since" date NULL'],
    "a default that the database keeps": [
        'ALTER TABLE "users" ADD COLUMN "is_new" boolean DEFAULT true NOT NULL'
    ],
    "an index beside the traffic": ['CREATE INDEX CONCURRENTLY "by_email" ON "users" ("email")'],
    "a constraint for what comes": [
        'ALTER TABLE "users" ADD CONSTRAINT "c" CHECK ("email" > \'\') NOT VALID'
    ],
}


@pytest.mark.parametrize("rule", BREAKS)
def test_names_migration_and_rule(rule: str) -> None:
    found = migrations.complaints({"accounts.0009_new": [BREAKS[rule]]})

    assert found
    assert all(line.startswith("accounts.0009_new: ") for line in found)
    assert any(f" {rule} " in line for line in found), found


@pytest.mark.parametrize("what", BEARS)
def test_has_nothing_against(what: str) -> None:
    assert migrations.complaints({"accounts.0009_new": BEARS[what]}) == []


def test_lets_pass_what_was_accepted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = {"accounts.0009_new": [BREAKS["ban-drop-table"], BREAKS["ban-drop-column"]]}
    accepted = {"accounts.0009_new": {"ban-drop-table": "the release that serves has none"}}
    monkeypatch.setattr(migrations, "ACCEPTED", accepted)

    (line,) = migrations.complaints(sent)
    assert " ban-drop-column " in line
