"""What a turn costs: `take_turn` beside its floor, and beside LangGraph's PostgreSQL checkpointer.

    python -m benchmarks.turn [--turns N] [--without-checkpointer]

starts a PostgreSQL of its own that waits for the disk, and takes turns without a tool there, all
sides in turn and in random order, so that they meet the machine in the same state:

- ours: `take_message` and `take_action`, everything included (plan, screen, sealing, redaction, hash);
- the floor: what a turn must read and write, by hand through psycopg in one transaction: the same
  SELECT, UPDATE, turn row and audit row, with the values of a turn that ours took;
- the checkpointer: a `get` and three super-steps (`put` and `put_writes`) on the same state, in an
  environment of its own, which is made in `var/langgraph` at the first run.

Two turns are measured: a message that is answered with words, and the form (`edit_form` and
`submit_form` by turns), whose answers are opened and sealed. Prints medians, their spread (the middle
half) and ratios; ends with 1 where a goal is missed: at most 5 times the floor, and faster than the
checkpointer.
"""

import argparse
import json
import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

import django
import psycopg
from django.core.management import call_command
from django.db import connection as django_connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from tqdm import tqdm

from tests import pgtemp
from tests.environments import ROOT, Environment, NotInstalledError

WARM_UP = 10
MOST_OF_FLOOR = 5.0
FOLDER = Path(__file__).parent
LANGGRAPH = Environment(
    "LangGraph's checkpointer",
    home=ROOT / "var" / "langgraph",
    lock=FOLDER / "requirements-langgraph.txt",
)
QUESTION = "How does this work?"
TURNS = {"message": "program_selection", "form": "confirmation"}  # and where they are taken


@dataclass
class Side:
    """One way to take one kind of turn, and how long each took."""

    turn: str
    name: str
    take: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    def run(self, *, counts: bool) -> None:
        """Take one turn."""
        seconds = self.take()
        if counts:
            self.seconds.append(seconds)

    @property
    def quartiles(self) -> list[float]:
        """Return the lower quartile, the median and the upper quartile in milliseconds."""
        return [1000 * cut for cut in quantiles(self.seconds, n=4, method="inclusive")]


def timed(deed: Callable[[], object]) -> Callable[[], float]:
    """Return the deed as one that tells how long it took."""

    def take() -> float:
        start = time.perf_counter()
        deed()
        return time.perf_counter() - start

    return take


# --- Ours ----------------------------------------------------------------------------------------


def signup(step: str) -> tuple[UUID, UUID]:
    """Return a person and a session of theirs that stands at this step."""
    from accounts.models import User
    from tests.orchestrator.chat import Chat

    parent = User.objects.create_user(f"{uuid4().hex}@example.com")
    chat = Chat(parent)
    chat.walk_to(step)
    return parent.pk, UUID(chat.id)


def take_ours(turn: str, user_id: UUID, session_id: UUID) -> Callable[[], object]:
    """Return a turn as the doors of the service take it."""
    from orchestrator import services
    from tests.orchestrator.chat import ANSWERS

    who: dict[str, Any] = {"user_id": user_id, "session_id": session_id, "if_match": None}
    buttons: Iterator[tuple[str, dict[str, Any]]] = cycle(
        [("edit_form", {}), ("submit_form", {"answers": ANSWERS})]
    )

    def say() -> object:
        return services.take_message(text=QUESTION, coords=None, at=timezone.now(), **who)

    def press() -> object:
        action, payload = next(buttons)
        return services.take_action(action=action, payload=payload, at=timezone.now(), **who)

    return say if turn == "message" else press


# --- The floor -----------------------------------------------------------------------------------


class Floor:
    """A turn by hand: the statements that no turn can do without, and their values."""

    def __init__(self, connection: psycopg.Connection, copied: UUID, session_id: UUID) -> None:
        """Take the values from the last turn of another session, of the same sizes."""
        self.connection, self.session_id = connection, session_id
        self.session = self._columns(
            "SELECT step, status, provider_id, state FROM agentic_checkout_sessions WHERE id = %s",
            copied,
        )
        self.turn = self._columns(
            "SELECT intent, outcome, body FROM session_turns WHERE session_id = %s"
            " ORDER BY seq DESC LIMIT 1",
            copied,
        )
        self.audit = self._columns(
            "SELECT user_id, actor, action, provider, org_ref, program_ref, metadata, schema_v,"
            " content_hash FROM mandate_audit WHERE session_id = %s"
            " ORDER BY created_at DESC, id DESC LIMIT 1",
            copied,
        )
        self.seq = 1_000_000

    def _columns(self, query: str, about: UUID) -> dict[str, Any]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query, [about]).fetchone()
        assert row is not None
        return {
            name: Jsonb(value) if isinstance(value, dict) else value for name, value in row.items()
        }

    def __call__(self) -> None:
        """Take one turn."""
        now, run = timezone.now(), self.connection.execute
        self.seq += 1
        with self.connection.transaction():
            read = run(
                "SELECT id, user_id, provider_id, step, status, state, version, turn_token,"
                " turn_until, created_at, updated_at, expires_at FROM agentic_checkout_sessions"
                " WHERE id = %s AND user_id = %s",
                [self.session_id, self.audit["user_id"]],
            ).fetchone()
            assert read is not None
            run(
                "UPDATE agentic_checkout_sessions SET step = %(step)s, status = %(status)s,"
                " provider_id = %(provider_id)s, state = %(state)s, version = version + 1,"
                " updated_at = %(now)s WHERE id = %(id)s AND version = %(version)s",
                {**self.session, "now": now, "id": self.session_id, "version": read[6]},
            )
            run(
                "INSERT INTO session_turns"
                " (session_id, seq, token, intent, outcome, body, created_at)"
                " VALUES (%(id)s, %(seq)s, %(token)s, %(intent)s, %(outcome)s, %(body)s, %(now)s)",
                {**self.turn, "now": now, "id": self.session_id, "seq": self.seq}
                | {"token": uuid4()},
            )
            run(
                "INSERT INTO mandate_audit (id, user_id, actor, action, provider, org_ref,"
                " program_ref, session_id, metadata, created_at, schema_v, content_hash)"
                " VALUES (%(id)s, %(user_id)s, %(actor)s, %(action)s, %(provider)s, %(org_ref)s,"
                " %(program_ref)s, %(session)s, %(metadata)s, %(now)s, %(schema_v)s,"
                " %(content_hash)s)",
                {**self.audit, "now": now, "id": uuid4(), "session": self.session_id},
            )


# --- The checkpointer ----------------------------------------------------------------------------


@contextmanager
def checkpointer(url: str, states: dict[str, Any]) -> Iterator[Callable[[str], float]]:
    """Give a function that lets LangGraph take a turn, and returns the seconds that it took.

    :raises NotInstalledError: if it cannot be installed here
    """
    program = [str(LANGGRAPH.interpreter()), str(FOLDER / "langgraph_checkpointer.py"), url]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) as process:
        asks, answers = process.stdin, process.stdout
        assert asks is not None
        assert answers is not None

        def tell(line: str) -> None:
            asks.write(line + "\n")
            asks.flush()

        def take(thread: str) -> float:
            tell(thread)
            return float(answers.readline())

        tell(json.dumps(states))
        try:
            yield take
        finally:
            asks.close()
            process.wait(timeout=10)


# --- Measuring -----------------------------------------------------------------------------------


def sides(stack: ExitStack, *, with_checkpointer: bool) -> list[Side]:
    """Return every way to take each turn."""
    from sessions_store.models import AgenticCheckoutSession

    of = django_connection.settings_dict
    url = make_conninfo(host=of["HOST"], user=of["USER"], dbname=of["NAME"])
    floor = stack.enter_context(psycopg.connect(url))
    found, states = [], {}
    for turn, step in TURNS.items():
        user_id, session_id = signup(step)
        ours = take_ours(turn, user_id, session_id)
        ours()
        ours()
        by_hand = Floor(floor, session_id, copied_session(session_id))
        found += [Side(turn, "floor", timed(by_hand)), Side(turn, "ours", timed(ours))]
        states[turn] = AgenticCheckoutSession.objects.get(pk=session_id).state
    floor.commit()
    if with_checkpointer:
        take = stack.enter_context(checkpointer(url, states))
        found += [Side(turn, "LangGraph", partial(take, turn)) for turn in TURNS]
    return found


def copied_session(session_id: UUID) -> UUID:
    """Return a session like this one."""
    from sessions_store.models import AgenticCheckoutSession

    session = AgenticCheckoutSession.objects.get(pk=session_id)
    session.pk = uuid4()
    session.save(force_insert=True)
    return session.pk


def measure(all_sides: list[Side], turns: int) -> None:
    """Let every side take so many turns, each round in an order of its own."""
    for number in tqdm(range(-WARM_UP, turns), unit="round", disable=None):
        for side in random.sample(all_sides, len(all_sides)):
            side.run(counts=number >= 0)


def report(all_sides: list[Side]) -> bool:
    """Print medians, spread and ratios; return whether the goals are met."""
    print(f"{'turn':<10}{'side':<12}{'median':>10}{'middle half':>20}{'x floor':>10}")
    met = True
    for turn in TURNS:
        medians = {}
        for side in (one for one in all_sides if one.turn == turn):
            low, medians[side.name], high = side.quartiles
            spread = f"{low:.2f} to {high:.2f} ms"
            ratio = medians[side.name] / medians["floor"]
            print(
                f"{turn:<10}{side.name:<12}{medians[side.name]:>7.2f} ms{spread:>20}{ratio:>10.2f}"
            )
        met &= medians["ours"] <= MOST_OF_FLOOR * medians["floor"]
        met &= medians["ours"] < medians.get("LangGraph", float("inf"))
    goals = f"at most {MOST_OF_FLOOR:g} × the floor"
    if any(side.name == "LangGraph" for side in all_sides):
        goals += ", faster than LangGraph"
    print(f"Goals ({goals}): {'met' if met else 'MISSED'}")
    return met


def main() -> int:
    """Return 0 where the goals are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=300, metavar="N", help="turns of each side")
    parser.add_argument(
        "--without-checkpointer", action="store_true", help="neither install nor run LangGraph"
    )
    options = parser.parse_args()
    binaries = pgtemp.find_binaries()
    if binaries is None:
        parser.error("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    with ExitStack() as stack:
        url = stack.enter_context(pgtemp.server(binaries, is_durable=True))
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
        django.setup()
        nowhere = stack.enter_context(Path(os.devnull).open("w"))
        logging.basicConfig(stream=nowhere, level=logging.INFO, force=True)
        call_command("migrate", verbosity=0)
        try:
            all_sides = sides(stack, with_checkpointer=not options.without_checkpointer)
        except NotInstalledError as error:
            parser.error(f"{error}; --without-checkpointer goes on without it")
        measure(all_sides, max(2, options.turns))
        return 0 if report(all_sides) else 1


if __name__ == "__main__":
    sys.exit(main())
