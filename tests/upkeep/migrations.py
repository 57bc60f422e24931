"""`python -m tests.upkeep.migrations` migrates the configured PostgreSQL, and looks at how.

While a migration runs, and until the last process is replaced, the previous release serves
(docs/adr/0026). What would break it, or keep it waiting for a lock, squawk finds in the statements that
were sent (https://squawkhq.com/docs/rules). The exit code is 1 where there is something.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate

# Taste, and what the one who migrates says for the whole run (docs/operations.md, "A new version").
NOT_ASKED = (
    "ban-char-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "require-lock-timeout",
    "require-statement-timeout",
)
# What may be done all the same: a migration (`app.0001_name`), the rules that it breaks, and why each.
ACCEPTED: dict[str, dict[str, str]] = {}
_OF_SCHEMA = re.compile(
    r"\s*(ALTER|CREATE|DROP|REINDEX|TRUNCATE|LOCK|CLUSTER|VACUUM)\b", re.IGNORECASE
)
_MAKES_TABLE = re.compile(r'CREATE TABLE ("\w+")')
_CHANGES_TABLE = re.compile(r'ALTER TABLE ("\w+")')


class Watching(migrate.Command):
    """`migrate`, and the statements about the schema that each migration sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._now = self.sent["before or after"] = []

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool = False
    ) -> None:
        """Note which migration begins or ends here."""
        super().migration_progress_callback(action, migration, fake)
        if action == "apply_start":
            self._now = self.sent[str(migration)] = ["BEGIN"] if migration.atomic else []
        elif action == "apply_success":
            if migration.atomic:
                self._now.append("COMMIT")
            self._now = self.sent["before or after"]

    def note(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Take a statement down on its way (an `execute_wrapper`)."""
        if _OF_SCHEMA.match(sql):
            self._now.append(sql)
        return execute(sql, params, many, context)


def complaints(migrations: Mapping[str, list[str]]) -> list[str]:
    """Return a line for each statement that the release which serves may not bear."""
    return [
        f"{name}: {line}"
        for name, statements in migrations.items()
        for line in _squawk(
            _of_tables_in_use(statements), without=[*NOT_ASKED, *ACCEPTED.get(name, {})]
        )
    ]


def _of_tables_in_use(statements: list[str]) -> list[str]:
    """Leave out what changes a table that the same migration made: nobody knows it yet."""
    made = {table for statement in statements for table in _MAKES_TABLE.findall(statement)}
    return [
        statement
        for statement in statements
        if not ((changed := _CHANGES_TABLE.match(statement)) and changed[1] in made)
    ]


def _squawk(statements: list[str], *, without: list[str]) -> list[str]:
    beside_us = Path(sys.executable).parent
    program = shutil.which("squawk", path=f"{beside_us}{os.pathsep}{os.environ['PATH']}")
    assert program, "squawk comes with requirements-dev.txt"
    done = subprocess.run(
        [program, "--pg-version=15.0", "--reporter=gcc", f"--exclude={','.join(without)}"],
        input="".join(f"{statement};\n" for statement in statements),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout.splitlines()


def main() -> int:
    """Return 0 where nothing was found."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    watching = Watching()
    with connection.execute_wrapper(watching.note):
        call_command(watching, verbosity=0)
    found = complaints(watching.sent)
    print(*(found or ["nothing to say of these migrations"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
