"""One run: parents sign up for so long, something goes wrong meanwhile, and all books are compared."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import requests

from benchmarks.load import deeds, judging
from benchmarks.load.deeds import Answer, Deed, Speed
from benchmarks.load.faults import Fault
from benchmarks.load.judging import Signup
from benchmarks.load.parents import Line, Parent
from benchmarks.load.service import Service
from tests.environments import ROOT

LEAD_IN = 0.25  # of the time, before anything goes wrong
MOST_SECONDS_AWAY = 100.0  # the lease of a process that died ends after 90
MOST_SECONDS_UNSETTLED = 240.0
FLOOR_BODY = {"action": "select_provider", "payload": {"org_ref": "blackhawk-ski"}}

Findings = Mapping[str, list[str]]  # by check; a check holds where nothing was found


@dataclass
class Run:
    """What came of it."""

    fault: str  # a name, or "" where nothing went wrong
    signups: list[Signup]
    log_ins: list[Deed]
    window: tuple[float, float]  # in which parents began signups
    broken: tuple[float, float] | None  # in which something was wrong
    settled: float = 0.0  # seconds until nothing was left to do
    records: tuple[int, int] = (0, 0)  # that follow from what parents did, and that there are
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)  # MB, before and after
    findings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def deeds(self) -> list[Deed]:
        """Everything that parents did."""
        return [*self.log_ins, *(deed for signup in self.signups for deed in signup.deeds)]

    @property
    def answers(self) -> list[Answer]:
        """Everything that came back, or did not."""
        return [answer for deed in self.deeds for answer in deed.answers]

    @property
    def wrong(self) -> list[Answer]:
        """The answers that were none, or a failure of the service, each said to the parent."""
        return [answer for answer in self.answers if answer.is_wrong]

    @property
    def away(self) -> float:
        """Seconds from the fault's end to the last answer that a parent could not go on with."""
        end = self.broken[1] if self.broken else self.window[0]
        return max([0.0, *(answer.at - end for answer in self.answers if not answer.is_good)])

    def speeds(self) -> dict[str, Speed]:
        """Return how fast turns were, by kind and together; those that came within the window."""
        begin, end = self.window
        taken: dict[str, list[float]] = {}
        for deed in self.deeds:
            kind = deeds.kind_of(deed)
            fit = [it.seconds for it in deed.answers if it.is_good and it.at <= end]
            for name in (kind, "all turns") if kind else ():
                taken.setdefault(str(name), []).extend(fit)
        return {
            name: deeds.speed_of(seconds, within=end - begin)
            for name, seconds in sorted(taken.items())
        }


class Crowd:
    """So many parents with accounts, who act at once."""

    def __init__(self, service: Service, size: int) -> None:
        webs = service.stack.webs
        self._enough = threading.Event()
        self._pool = ThreadPoolExecutor(size)
        self.parents = [
            Parent(Line(webs, number), f"parent-{number}", self._enough) for number in range(size)
        ]

    def __enter__(self) -> Self:
        self.all(Parent.make_account)
        return self

    def __exit__(self, *raised: object) -> None:
        self._enough.set()
        self._pool.shutdown(cancel_futures=True)
        for parent in self.parents:
            parent.line.close()

    def all(self, deed: Callable[[Parent], object]) -> None:
        """Let all of them do it at once, and return when the last one has."""
        list(self._pool.map(deed, self.parents))

    def drive(self, service: Service, seconds: float, fault: "Now | None" = None) -> Run:
        """Let them sign up for so long, and finish what they began; return what they did."""
        marks = [len(parent.signups) for parent in self.parents]
        self.all(Parent.log_in)
        begin = time.monotonic()

        def sign_up(parent: Parent) -> None:
            while time.monotonic() < begin + seconds and not self._enough.is_set():
                parent.sign_up()

        under_way = [self._pool.submit(sign_up, parent) for parent in self.parents]
        broken = fault.happen(service, seconds * LEAD_IN) if fault else None
        for parent in under_way:
            parent.result()
        return Run(
            fault.name if fault else "",
            [
                it
                for parent, mark in zip(self.parents, marks, strict=True)
                for it in parent.signups[mark:]
            ],
            [parent.log_in_deed for parent in self.parents],
            (begin, begin + seconds),
            broken,
        )


@dataclass(frozen=True)
class Now:
    """A fault that is to happen."""

    name: str
    fault: Fault
    seconds: float

    def happen(self, service: Service, after: float) -> tuple[float, float]:
        """Let it happen in a while; return when it began and when it was over."""
        time.sleep(after)
        with self.fault.make(service):
            begin = time.monotonic()
            time.sleep(self.seconds)
        return begin, time.monotonic()


def floor(service: Service, clients: int, seconds: float) -> list[float]:
    """Return how long each request to the empty view took, from as many clients."""
    url = f"http://127.0.0.1:{service.floor.environment['PORT']}/"
    until = time.monotonic() + seconds

    def ask(_: int) -> list[float]:
        taken = []
        with requests.Session() as http:
            http.trust_env = False
            while (begun := time.monotonic()) < until:
                http.post(url, json=FLOOR_BODY, timeout=10).raise_for_status()
                taken.append(time.monotonic() - begun)
        return taken

    with ThreadPoolExecutor(clients) as pool:
        return [one for taken in pool.map(ask, range(clients)) for one in taken]


def whole_run(service: Service, crowd: Crowd, seconds: float, fault: Now | None = None) -> Run:
    """Return a run whose books were compared, once everything had settled."""
    before, known = service.records(), set(service.statuses())
    run = crowd.drive(service, seconds, fault)
    run.settled, left = service.settle(MOST_SECONDS_UNSETTLED)
    crowd.all(lambda parent: parent.read_again(run.signups))
    rows = [row for row in service.registrations() if row.session_id not in known]
    made = service.records() - before
    own = {parent.user_id for parent in crowd.parents} | (service.statuses().keys() - known)
    bounds = deeds.bounds_of(run.deeds)
    run.records = (
        sum(least for least, _ in bounds.values()),
        sum(made[where] for where in bounds),
    )
    run.findings = {
        "true": judging.untrue(run.signups, rows, service.statuses()),
        "kept": judging.lost_or_doubled(run.signups, rows, service.provider())
        + judging.unfinished(run.signups),
        "recorded": deeds.disagreements(bounds, {it: n for it, n in made.items() if it[0] in own})
        + judging.other_trails(run.signups, service.trails()),
        "verified": [*filter(None, [service.verify()]), *unverified(service, crowd)],
        "returned": left
        + ([f"{run.away:.0f} s until all was well"] if run.away > MOST_SECONDS_AWAY else []),
    }
    if fault is None:
        run.findings["answered"] = [
            f"{it.status} {it.code}" for it in run.answers if not it.is_good
        ]
    elif fault.fault.is_felt and not run.wrong:
        run.findings["felt"] = ["no parent noticed that anything was wrong: was it?"]
    return run


def unverified(service: Service, crowd: Crowd) -> list[str]:
    """Return what an outsider finds wrong with the trail that each parent takes home."""
    key = service.stack.variables["AUDIT_VERIFY_KEY"]
    with TemporaryDirectory() as folder:

        def look(parent: Parent) -> str | None:
            bundle = Path(folder) / parent.name
            bundle.write_bytes(parent.line.get("/api/v1/audit/export?format=jsonl").content)
            command = [sys.executable, str(ROOT / "verify_trail.py"), str(bundle), "--key", key]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return f"{parent.name}: {done.stdout[-300:]}" if done.returncode else None

        with ThreadPoolExecutor(2) as pool:
            return [said for said in pool.map(look, crowd.parents) if said]
