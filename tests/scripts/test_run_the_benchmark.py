"""The benchmark of tool calls…"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
WIRES = ["tools-call", "handshake-json", "handshake-sse", "stateless-json", "stateless-sse"]


def test_measures_every_wire_against_both_others() -> None:
    command = [sys.executable, "-m", "benchmarks.mcp_call", "--calls", "2"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode in {0, 1}, done.stderr  # two calls prove nothing about speed
    head, *rows, verdict = done.stdout.splitlines()
    assert head.split() == ["wire", "bare", "post", "ours", "SDK", "ours/bare", "ours/SDK"]
    assert [row.split()[0] for row in rows] == WIRES
    assert all(re.search(r" ms .* \d+\.\d\d ", row) for row in rows)
    assert verdict.endswith("met" if done.returncode == 0 else "MISSED")
