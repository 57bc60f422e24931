"""Killing the service again and again while it registers; script/soak calls it.

For each kind of provider: so many parents confirm, and the process that serves them dies by SIGKILL
at a random instant. Another one takes over, the parent looks, and presses Confirm again where the
page offers it. Then `manage.py reconcile_submissions` runs, and is killed now and then itself, until
nothing is unclear; and the provider's books are held against ours. The exit code is 1 where one
registration was doubled or lost, or one thing was said that is not so. On SQLite, or on the server of
TEST_DATABASE_URL.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.db import connection
from tqdm import tqdm

from tests import processes
from tests.servers.web_process import ROOT, environment_on, url_of_tests
from tests.soak.killing import beside, confirm_and_kill, killable, seconds_to_confirm
from tests.soak.provider import Kind, Provider
from tests.soak.report import Report, table
from tests.soak.trial import Trial, forward, nothing_is_unclear

KILLS = 200
MOST_DAWDLING = 0.06  # seconds before a provider books, and again before it answers
SENT_AGAIN = 0.3  # how often the page repeats the request by itself, before anybody looks
LEASE = timedelta(seconds=91)
# By how much the registrations grow older before each reconciliation: together a day and more, with
# every look-up and every new send of the design in between.
OLDER = [timedelta(minutes=minutes) for minutes in (2, 4, 6, 10, 360, 1440)]


def soak(kind: Kind, kills: int, chance: random.Random) -> Report:
    """Return what came of so many kills beside a provider of this kind."""
    report = Report(kind)
    trials: list[Trial] = []
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        Provider(kind, dawdle=lambda: chance.uniform(0.0, MOST_DAWDLING)) as provider,
        killable(url_of_tests(), Path(folder), provider) as web,
    ):
        usual = max(seconds_to_confirm(Trial(web, provider)) for _ in range(3))
        for _ in watched(kind, kills):
            trials.append(Trial(web, provider))
            confirm_and_kill(trials[-1], after=chance.uniform(0.0, usual))
            report.note_the_kill(trials[-1])
            trials[-1].let_the_lease_pass()
            if chance.random() < SENT_AGAIN:
                trials[-1].repeat_by_itself()
            trials[-1].look_and_try_again()
        for older in OLDER:
            if nothing_is_unclear():
                break
            forward(older)
            reconcile(provider, Path(folder), killed_after=chance.uniform(1.0, 4.0))
            forward(LEASE)
            reconcile(provider, Path(folder))
        for trial in trials:
            trial.look_and_try_again()
            report.judge(trial)
    return report


def watched(kind: Kind, kills: int) -> Iterator[int]:
    """Count the kills, with a bar where a person watches, and a line now and then where none does."""
    bar = tqdm(range(kills), desc=kind, unit="kill", disable=None)
    for count in bar:
        yield count
        if bar.disable and (count + 1) % 50 == 0:
            print(f"{kind}: {count + 1} of {kills}", flush=True)


def reconcile(provider: Provider, folder: Path, *, killed_after: float | None = None) -> None:
    """Run the command that settles what is unclear; it may be killed on the way."""
    command = [sys.executable, "manage.py", "reconcile_submissions"]
    env = environment_on(url_of_tests(), **beside(provider))
    told = folder / "reconcile.log"
    with told.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        code = process.wait(killed_after)
    except subprocess.TimeoutExpired:
        pass
    else:
        assert code == 0, told.read_text()
    finally:
        process.kill()
        process.wait()
        provider.wait_until_quiet()


@contextmanager
def empty_database() -> Iterator[None]:
    """Work on a new database, gone afterwards."""
    name = str(connection.settings_dict["NAME"])
    with redirect_stdout(StringIO()):  # it tells of the cache's table, however quiet it is to be
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> int:
    """Return 0 where nothing was doubled, lost or untrue."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="for each kind (default: 200)")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), action="append")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    processes.stop_on_signals()
    print(f"{connection.vendor}, seed {chosen.seed}", flush=True)
    chance = random.Random(chosen.seed)
    reports = []
    for kind in chosen.kind or Kind:
        with empty_database():
            reports.append(soak(kind, chosen.kills, chance))
    print(table(reports))
    for report in reports:
        for detail in report.details:
            print(f"{report.kind}: {detail}", file=sys.stderr)
    return 0 if all(report.is_good for report in reports) else 1
