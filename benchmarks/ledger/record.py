"""`record()` beside django-auditlog's LogEntry: one row a transaction each, in turns."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from benchmarks.ledger.goals import goal, row, title
from tests.environments import ROOT, Environment

ROUND = 25  # rows of a side before it is the other's turn
FOLDER = Path(__file__).parent
AUDITLOG = Environment(
    "django-auditlog",
    home=ROOT / "var" / "auditlog",
    lock=FOLDER / "requirements-auditlog.txt",
)


def measure(url: str, rows: int) -> bool:
    """Print what a row costs on each side; return whether ours costs no more."""
    title(f"One record a transaction, {rows} a side")
    ours, theirs = [], []
    with auditlog(url) as their_round:
        for number in tqdm(range(rows // ROUND + 2), unit="round", disable=None):
            mine, other = _our_round(), their_round()
            if number > 1:  # both are warm
                ours += mine
                theirs += other
    row("side", "p50", "middle half", "rows/s")
    medians = []
    for name, took in (("record()", ours), ("auditlog LogEntry", theirs)):
        low, middle, high = (1e6 * cut for cut in quantiles(took, n=4, method="inclusive"))
        row(name, f"{middle:.0f} us", f"{low:.0f} to {high:.0f}", f"{1e6 / middle:.0f}")
        medians.append(middle)
    ratio = medians[1] / medians[0]
    return goal(f"at least as fast: {ratio:.2f} x", met=ratio >= 1)


def _our_round() -> list[float]:
    from audit.actions import Action, person
    from audit.services import record

    user, took = uuid4(), []
    for _ in range(ROUND):
        start = time.perf_counter()
        with transaction.atomic():
            record(
                action=Action.MESSAGE_SENT,
                user_id=user,
                actor=person(user),
                at=timezone.now(),
                session_id=user,
                metadata={"step": "provider_search", "intent": "search"},
            )
        took.append(time.perf_counter() - start)
    return took


@contextmanager
def auditlog(url: str) -> Iterator[Callable[[], list[float]]]:
    """Give the function that lets the other side write a round, and returns what each row took."""
    program = [str(AUDITLOG.interpreter()), str(FOLDER / "auditlog_entries.py"), url, str(ROUND)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def round_() -> list[float]:
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            return [float(word) for word in process.stdout.readline().split()]

        yield round_
        process.stdin.close()
