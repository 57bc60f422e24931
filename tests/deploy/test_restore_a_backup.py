"""A backup that is restored elsewhere, by the commands of docs/backup.md…"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests import pgtemp
from tests.scripts.checkout import free_port

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
BACKUP, RESTORE, PROVE = re.findall(
    r"```sh\n(.*?)```", (ROOT / "docs/backup.md").read_text().split("## SQLite")[0], re.DOTALL
)


class Drill:
    """Two servers, the old one with a signup on it, and the folder that the backup is put into."""

    def __init__(self, binaries: Path, old: str, elsewhere: str, folder: Path) -> None:
        self.elsewhere, self.folder = elsewhere, folder
        (folder / "manage.py").symlink_to(ROOT / "manage.py")
        (folder / ".venv").symlink_to(sys.prefix)
        self.environment = {
            **os.environ,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "signupassist.settings",
            "DATABASE_URL": old,
            "DATABASE_OWNER_URL": old,
            "ALLOWED_HOSTS": "testserver",
            "NUM_PROXIES": "1",  # whose word for https counts
            "ELSEWHERE_URL": elsewhere,
            "AUDIT_CHECKPOINT_FILE": str(folder / "checkpoints"),
        }

    def run(self, *steps: str) -> subprocess.CompletedProcess[str]:
        """Return how these commands ended, as a shell runs them that stops at the first failure."""
        return subprocess.run(
            ["sh", "-e", "-c", "\n".join(steps)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """What was backed up and restored."""
    binaries = pgtemp.find_binaries()
    if binaries is None or not (binaries / "pg_dump").exists():
        pytest.skip("no pg_dump: apt-get install postgresql, or set PG_BIN")
    with ExitStack() as both:
        old, elsewhere = (
            both.enter_context(pgtemp.server(binaries, port=free_port())) for _ in range(2)
        )
        drill = Drill(binaries, old, elsewhere, tmp_path_factory.mktemp("drill"))
        done = drill.run(f"{sys.executable} -m tests.deploy.one_signup", BACKUP, RESTORE)
        assert done.returncode == 0, done.stdout + done.stderr
        yield drill


def test_is_proven_whole_and_found_out_where_it_was_changed(drill: Drill) -> None:
    done = drill.run(PROVE)
    assert done.returncode == 0, done.stdout + done.stderr

    with psycopg.connect(drill.elsewhere, autocommit=True) as database:
        receipt = "SELECT count(*) FROM registration_submissions WHERE status = 'confirmed'"
        assert database.execute(receipt).fetchone() == (1,)
        database.execute("UPDATE stored_credentials SET provider = 'another'")
        database.execute("ALTER TABLE mandate_audit DISABLE TRIGGER ALL")
        database.execute("UPDATE mandate_audit SET actor = 'system' WHERE action = 'message_sent'")
    given, _, *steps = PROVE.strip().splitlines()
    ended = {step.split()[2]: drill.run(given, step).returncode for step in steps}
    assert ended == {"verify_audit": 1, "verify_credentials": 1, "check": 1}
