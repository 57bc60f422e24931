"""Copies of the product to start for real."""

import sys
from pathlib import Path

import pytest

from tests.scripts import checkout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of its own for a test that leaves traces in it."""
    if sys.platform != "linux":
        pytest.skip("processes are found through /proc")
    return checkout.copy_to(tmp_path / "copy")
