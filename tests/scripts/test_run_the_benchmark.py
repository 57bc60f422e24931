"""The benchmark…"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.turn import LANGGRAPH
from tests import pgtemp

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
WIRES = ["tools-call", "handshake-json", "handshake-sse", "stateless-json", "stateless-sse"]


def run(name: str, *options: str) -> tuple[str, list[str], str]:
    """Return what a benchmark prints: its head, its rows and its verdict."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in {0, 1}, done.stderr  # so short a run proves nothing about speed
    head, *rows, verdict = done.stdout.splitlines()
    assert verdict.endswith("met" if done.returncode == 0 else "MISSED")
    return head, rows, verdict


def test_of_tool_calls_measures_every_wire_against_both_others() -> None:
    head, rows, _ = run("mcp_call", "--calls", "2")

    assert head.split() == ["wire", "bare", "post", "ours", "SDK", "ours/bare", "ours/SDK"]
    assert [row.split()[0] for row in rows] == WIRES
    assert all(re.search(r" ms .* \d+\.\d\d ", row) for row in rows)


@pytest.mark.skipif(pgtemp.find_binaries() is None, reason="no PostgreSQL to measure on")
def test_of_turns_measures_both_kinds_beside_their_floor() -> None:
    head, rows, verdict = run("turn", "--turns", "2", "--without-checkpointer")

    assert head.split() == ["turn", "side", "median", "middle", "half", "x", "floor"]
    assert [row.split()[:2] for row in rows] == [
        [turn, side] for turn in ("message", "form") for side in ("floor", "ours")
    ]
    assert all(re.search(r" ms .* to .* ms +\d+\.\d\d$", row) for row in rows)
    assert "LangGraph" not in verdict


def test_of_turns_keeps_what_it_compares_with_out_of_the_product() -> None:
    lock = LANGGRAPH.lock.read_text()

    assert "langgraph-checkpoint-postgres==" in lock
    assert lock.count("--hash=sha256:") > 50
    assert "://" not in lock
    assert "langgraph" not in "".join(
        (ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")
    )


def test_of_sealing_measures_every_ring_beside_fernet_and_the_floor() -> None:
    head, rows, _ = run("seal", "--rounds", "2")

    rings = [f"{name}-{size}" for name in ("MultiFernet", "ours") for size in (1, 3, 10)]
    assert head.split() == ["side", "median", "middle", "half", "pairs/s", "x", "Fernet"]
    assert [row.split()[0] for row in rows] == ["Fernet", *rings, "floor", "AESGCM"]
    assert all(re.search(r" us .* to .* us +[\d,]+ +\d+\.\d\d$", row) for row in rows)
