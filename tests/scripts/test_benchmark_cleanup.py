"""The benchmark of the clean-up…"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import pgtemp

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
SIDES = ["one DELETE", "batches", "row by row"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_lets_every_side_delete_beside_a_live_session(database: str, tmp_path: Path) -> None:
    if database == "postgresql" and not pgtemp.find_binaries():
        pytest.skip("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    command = [sys.executable, "-m", "benchmarks.cleanup", "--rows", "100"]

    done = subprocess.run(
        [*command, "--database", database, "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode in {0, 1}, done.stderr  # a hundred rows prove nothing about speed
    title, head, *rows = done.stdout.strip().splitlines()
    assert title.lower().startswith(f"{database}, 100 expired sessions")
    assert head.split()[:3] == ["side", "seconds", "x"]
    assert [row[:12].strip() for row in rows[:3]] == SIDES
    assert all(re.search(r" \d+\.\d\d +\d+ .* ms .* MB$", row) for row in rows[:3])
    assert "  met    all 100 deleted" in rows
    assert "  met    no live write failed" in rows
    assert list(tmp_path.iterdir()) == []
