"""Migrating while the previous release serves (docs/adr/0026)…"""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests import pgtemp
from tests.orchestrator.chat import Chat
from tests.servers.web_process import Api, WebServer, environment_on, token_of

pytestmark = [pytest.mark.once, pytest.mark.timeout(400)]  # six processes, one after the other

ROOT = Path(__file__).resolve().parents[2]
AGREEMENTS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PREVIOUS = AGREEMENTS["tool"]["signupassist"]["previous-release"]


BEGINNING = """
import sys
import django
django.setup()
from django.core.management import call_command
from accounts.models import User
call_command("migrate", verbosity=0)
for pk, email in map(str.split, sys.argv[1:]):
    User.objects.create_user(email, None, pk=pk)
"""


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The code of the release that serves."""
    if git("rev-parse", "--git-dir").returncode:
        pytest.skip("no git checkout to take the previous release from")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        pytest.skip("no history to take the previous release from: git fetch --unshallow")
    assert git("merge-base", "--is-ancestor", PREVIOUS, "HEAD").returncode == 0, (
        f"pyproject.toml names {PREVIOUS} as the previous release, from which HEAD does not come"
    )
    folder = tmp_path / "previous"
    folder.mkdir()
    subprocess.run(["tar", "-x"], cwd=folder, input=git("archive", PREVIOUS).stdout, check=True)
    return folder


@pytest.fixture
def database() -> Iterator[str]:
    """An empty PostgreSQL."""
    binaries = pgtemp.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    with pgtemp.server(binaries) as url:
        yield url


def run(code: Path, database: str, *words: str) -> None:
    """Run Python in the folder of one of the two releases, with an operator's environment."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=code,
        env=environment_on(database, PGOPTIONS="-c lock_timeout=5s"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_keeps_to_the_rules_and_nobody_notices(
    previous: Path, database: str, tmp_path: Path
) -> None:
    parents = [User(email=f"{name}@parents.example") for name in ("pat", "kim")]
    run(previous, database, "-c", BEGINNING, *(f"{one.pk} {one.email}" for one in parents))
    web = WebServer(database, tmp_path, code=previous)
    try:
        web.start()
        on_the_way, new = (
            Chat(parent, cast("APIClient", Api(web, token=token_of(parent)))) for parent in parents
        )
        on_the_way.walk_to("program_selection")

        run(ROOT, database, "-m", "tests.upkeep.migrations")

        on_the_way.walk_to("completed")
        new.walk_to("completed")
        assert "Traceback" not in web.log, web.log
    finally:
        web.close()
    run(previous, database, "manage.py", "seal_audit")
    run(ROOT, database, "manage.py", "verify_audit")
