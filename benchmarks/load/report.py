"""What came of the runs, as docs/reliability.md has it."""

import os
import platform
import re
from pathlib import Path

from benchmarks.load.deeds import Speed
from benchmarks.load.faults import FAULTS
from benchmarks.load.runs import Run
from tests.environments import ROOT

GUIDE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- made by `python -m benchmarks.load --write` -->", "<!-- end of what is made -->"
CHECKS = ("true", "kept", "recorded", "verified", "returned")


def machine(postgres: str) -> str:
    """Return the size of this machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores and {memory:.0f} GB for all of it, parents and provider included;"
        f" Python {platform.python_version()}, PostgreSQL {postgres.split()[0]} that waits for its disk"
    )


def speed_table(floor: Speed, speeds: dict[str, Speed]) -> str:
    """Return how fast each kind of turn was, beside the floor."""
    lines = _head("", "requests", "a second", "p50", "p95", "p99", "p50 × floor")
    for name, speed in {"an empty view: the floor": floor, **speeds}.items():
        times = [f"{1000 * cut:.0f} ms" for cut in (speed.p50, speed.p95, speed.p99)]
        ratio = speed.p50 / floor.p50 if floor.p50 else 0.0
        lines.append(_line(name, speed.count, f"{speed.a_second:.1f}", *times, f"{ratio:.1f}"))
    return "\n".join(lines)


def paragraph(run: Run) -> str:
    """Return in words what else there is to say of the run in which nothing went wrong."""
    memory = ", ".join(
        f"{name} {before:.0f} → {after:.0f} MB" for name, (before, after) in run.memory.items()
    )
    wanted, found = run.records
    return (
        f"{len(run.signups)} signups, {len(run.answers)} requests of parents,"
        f" {sum(not it.is_good for it in run.answers)} errors. Records that follow from what parents"
        f" did: {wanted}; in the ledger: {found}. Resident memory from the end of a first round to the"
        f" end: {memory}."
    )


def fault_table(runs: list[Run], skipped: dict[str, str]) -> str:
    """Return what became of everybody's signups while each thing went wrong, a row each."""
    lines = _head(
        "what goes wrong", "signups", "requests", "failed", "well after", "settled after", *CHECKS
    )
    for run in runs:
        what = FAULTS[run.fault].what if run.fault else "nothing"
        away = f"{run.away:.0f} s" if run.fault else "–"
        counts = [len(run.signups), len(run.answers), len(run.wrong)]
        lines.append(_line(what, *counts, away, f"{run.settled:.0f} s", *map(_said, _found(run))))
    for name, why in skipped.items():
        lines.append(_line(FAULTS[name].what, f"not run: {why}", *[""] * 9))
    return "\n".join(lines)


def _found(run: Run) -> list[list[str]]:
    return [run.findings[check] for check in CHECKS]


def _said(findings: list[str]) -> str:
    return f"**NO** ({len(findings)})" if findings else "yes"


def write(text: str, guide: Path = GUIDE) -> None:
    """Put the text between the guide's marks, in place of what was there.

    :raises ValueError: if the guide has no marks
    """
    page = guide.read_text()
    made, count = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        lambda _: f"{BEGIN}\n{text}\n{END}",
        page,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{guide.name} has {count} places for it, not one")
    guide.write_text(made)


def _head(*cells: str) -> list[str]:
    return [_line(*cells), "|---" + "|---:" * (len(cells) - 1) + "|"]


def _line(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
