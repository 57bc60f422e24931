"""Full signups by many parents at once, on the service as production runs it.

Starts all of compose.yaml on loopback, by its own commands: gunicorn, the workers, PgBouncer, Redis,
a PostgreSQL that waits for its disk; and a provider by the official MCP SDK. Parents sign up over
HTTP for so long, and then four books are compared: what parents did and read, what the API and the
database say, the ledger, and the provider's own. With --faults the same once more for each thing that
can go wrong. Ends with 1 where a check did not hold.
"""

import argparse
import sys
from contextlib import ExitStack

from benchmarks.load import report, runs
from benchmarks.load.deeds import Speed, speed_of
from benchmarks.load.faults import FAULTS
from benchmarks.load.runs import Crowd, Now, Run
from benchmarks.load.service import Service, running
from tests import pgtemp, processes
from tests.servers import pgbouncer, redis_server

FLOOR_SECONDS = 5.0  # before, and again after
WARM_UP = 2.0
MOST_GROWTH = 1.05  # of resident memory, over the run


def main() -> int:
    """Return 0 where every check held."""
    options = _options()
    binaries = pgtemp.find_binaries()
    if binaries is None or not pgbouncer.program() or not redis_server.program():
        print("this needs PostgreSQL, PgBouncer and Redis: apt-get install them", file=sys.stderr)
        return 1
    processes.stop_on_signals()
    try:
        with (
            running(binaries, processes=options.processes) as service,
            Crowd(service, options.parents) as crowd,
        ):
            _say("the service is up")
            all_runs, text = _all(service, crowd, options)
    except pgtemp.NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(text)
    held = [_holds(run) for run in all_runs]
    if options.write and all(held):
        report.write(f"\n{text}\n")
    return 0 if all(held) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parents", type=int, default=16, help="who act at once (16)")
    parser.add_argument("--seconds", type=float, default=30, help="of each run (30)")
    parser.add_argument("--processes", type=int, default=2, help="of each of two web services (2)")
    parser.add_argument(
        "--faults",
        nargs="*",
        choices=FAULTS,
        metavar="FAULT",
        help=f"let these go wrong, one a run: {' '.join(FAULTS)} (named none: all)",
    )
    parser.add_argument("--fault-seconds", type=float, default=10, help="of each fault (10)")
    parser.add_argument(
        "--write", action="store_true", help="into docs/reliability.md, too, where every check held"
    )
    options = parser.parse_args()
    options.faults = list(FAULTS) if options.faults == [] else options.faults or []
    if options.write and set(options.faults) != set(FAULTS):
        parser.error("the table is of all faults: --faults --write")
    return options


def _all(service: Service, crowd: Crowd, options: argparse.Namespace) -> tuple[list[Run], str]:
    """Return all runs, the one without a fault first, and what there is to tell of them."""
    [(postgres,)] = service.stack.rows("SHOW server_version")
    length = f"{options.seconds:g} seconds a run"
    if options.faults:
        length += f", {options.fault_seconds:g} of them with a fault"
    title = f"{options.parents} parents at once, {length}. {report.machine(postgres)}."
    run, bare = _quiet(service, crowd, options)
    parts = [title, report.speed_table(bare, run.speeds()), report.paragraph(run)]
    skipped = {name: why for name in options.faults if (why := FAULTS[name].why_not())}
    wanted = [name for name in options.faults if name not in skipped]
    all_runs = [run, *(_faulty(service, crowd, options, name) for name in wanted)]
    if options.faults:
        parts.append(report.fault_table(all_runs, skipped))
    return all_runs, "\n\n".join(parts)


def _quiet(service: Service, crowd: Crowd, options: argparse.Namespace) -> tuple[Run, Speed]:
    """Return a run in which nothing goes wrong, and how fast the floor was before and after it."""
    crowd.drive(service, WARM_UP)
    floor = runs.floor(service, options.parents, FLOOR_SECONDS)
    before = service.memory()
    run = runs.whole_run(service, crowd, options.seconds)
    after = service.memory()
    floor += runs.floor(service, options.parents, FLOOR_SECONDS)
    run.memory = {name: (before[name], after[name]) for name in before}
    run.findings["grown"] = [
        f"{name}: {first:.0f} MB became {last:.0f}"
        for name, (first, last) in run.memory.items()
        if last > MOST_GROWTH * first
    ]
    _say(f"{len(run.signups)} signups with nothing wrong")
    return run, speed_of(floor, within=2 * FLOOR_SECONDS)


def _faulty(service: Service, crowd: Crowd, options: argparse.Namespace, name: str) -> Run:
    with ExitStack() as stack:
        stack.enter_context(FAULTS[name].ground(service))
        now = Now(name, FAULTS[name], options.fault_seconds)
        run = runs.whole_run(service, crowd, options.seconds, now)
    _say(f"{len(run.signups)} signups while {FAULTS[name].what}")
    return run


def _holds(run: Run) -> bool:
    """Return whether nothing was found against a run; print it where there is something."""
    for check, findings in run.findings.items():
        for said in findings[:20]:
            print(f"{run.fault or 'nothing wrong'}: not {check}: {said}", file=sys.stderr)
    return not any(run.findings.values())


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
