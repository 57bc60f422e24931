"""Copies of the product to start for real."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts import checkout

PREPARE = """
import pathlib, django
from django.core.management import call_command
from signupassist import development

development.create_secrets(pathlib.Path.cwd())
django.setup()
call_command("migrate", verbosity=0)
call_command("seed_demo", verbosity=0)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of its own for a test that leaves traces in it."""
    if sys.platform != "linux":
        pytest.skip("processes are found through /proc")
    return checkout.copy_to(tmp_path / "copy")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `var/` that a start leaves behind; nobody starts anything in it."""
    folder = checkout.copy_to(tmp_path_factory.mktemp("used") / "copy")
    python = folder / ".venv" / "bin" / "python"
    env = checkout.environment(folder, DJANGO_SETTINGS_MODULE="signupassist.settings")
    subprocess.run([python, "-c", PREPARE], cwd=folder, env=env, check=True)
    return folder / "var"


@pytest.fixture
def used_copy(copy: Path, used: Path) -> Path:
    """A copy that was started before: nothing has to be migrated."""
    shutil.copytree(used, copy / "var")
    return copy
