"""A SQLite that is too old…"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
START = """
import sqlite3, sys
sqlite3.sqlite_version_info, sqlite3.sqlite_version = (3, 34, 1), "3.34.1"
import manage
sys.argv = ["manage.py", "check"]
manage.main()
"""


def test_stops_the_start_in_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "signupassist.settings"}
    env["DATABASE_URL"] = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    command = [sys.executable, "-c", START]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "3.34.1" in line
    assert "Good: DATABASE_URL=postgres://" in line
