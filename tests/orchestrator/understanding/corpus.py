"""What parents type, what was meant by it, and how much of it a reader understands.

The sentences lie in two files, one JSON object a line. The one named `work` is for whoever works on
a reader to look at; the one named `judge` tells whether that helped with sentences that nobody had
in mind, so it is best left unread. A line has

- `plan`: where the signup stands, by its name in `plans`
- `text`: what the parent typed
- `meant`: the name of the intent, or a list of names where a fair human would accept each of them
- `payload`: what an intent that can be made out here must carry: `org_ref` or `program_ref`; for a
  search `query_has` ("a|b": either of them), `query_lacks` (whole words) and `location` (null: none
  was named; a list: each of them is right). What is not mentioned is not looked at.

Case, accents and punctuation never matter.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding.intents import Intent
from tests.orchestrator.understanding.plans import PLANS

SENTENCES = Path(__file__).parent / "sentences"
PARTS = ("work", "judge")
STEPS = [step for step in Step if step is not Step.COMPLETED]  # a finished signup takes no messages

Understand = Callable[[Plan, str], Intent]


@dataclass(frozen=True)
class Sentence:
    """One sentence of one parent, and what was meant by it."""

    plan_name: str
    text: str
    meant: tuple[str, ...]
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """Return the signup it was said in."""
        return PLANS[self.plan_name]

    @property
    def step(self) -> Step:
        """Return the step it was said at."""
        return self.plan.step

    def is_met_by(self, intent: Intent) -> bool:
        """Return whether that is what was meant."""
        if intent.name not in self.meant:
            return False
        if intent.name == "search":
            return _is_search_met(self.payload, intent.payload)
        wanted = {name: self.payload[name] for name in _CARRIED.get(intent.name, ())}
        return all(intent.payload.get(name) == value for name, value in wanted.items())


@dataclass(frozen=True)
class Reading:
    """A sentence and what a reader made of it."""

    sentence: Sentence
    understood: Intent

    @property
    def is_right(self) -> bool:
        """Return whether it was understood."""
        return self.sentence.is_met_by(self.understood)

    def __str__(self) -> str:
        """Return a line for somebody who looks at it."""
        said, got = self.sentence, self.understood
        meant = " or ".join(said.meant) + (f" {dict(said.payload)}" if said.payload else "")
        made = got.name + (f" {dict(got.payload)}" if got.payload else "")
        return f"{said.plan_name}: “{said.text}”\n    meant {meant}\n    understood {made}"


@dataclass(frozen=True)
class Score:
    """So many right of so many."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """Return the share that is right, from 0 to 1."""
        return self.right / self.total if self.total else 0.0

    def __str__(self) -> str:
        """Return it as a cell of the table."""
        return f"{self.right:3}/{self.total:<3} {self.share:6.1%}"


def sentences(part: str) -> list[Sentence]:
    """Return the sentences of a part.

    :raises FileNotFoundError: if its file is not there
    """
    text = (SENTENCES / f"{part}.jsonl").read_text(encoding="utf-8")
    return [_sentence(json.loads(line)) for line in text.splitlines()]


def readings(said: Iterable[Sentence], understand: Understand) -> list[Reading]:
    """Return what the reader made of each sentence."""
    return [Reading(one, understand(one.plan, one.text)) for one in said]


def scores(read: Sequence[Reading]) -> dict[str, Score]:
    """Return how many are right at each step, and in all of them (`whole`)."""
    by_step = {str(step): [one for one in read if one.sentence.step is step] for step in STEPS}
    return {name: _score(these) for name, these in (by_step | {"whole": list(read)}).items()}


def table(columns: Mapping[str, Mapping[str, Score]]) -> str:
    """Return the scores of some parts as lines for people."""
    return "\n".join(_table(columns))


def plain(text: str) -> str:
    """Return only the words: no case, no accents, no punctuation."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(c for c in apart if not unicodedata.combining(c))))


_CARRIED = {"select_provider": ["org_ref"], "select_program": ["program_ref"]}


def _sentence(line: Mapping[str, Any]) -> Sentence:
    meant = line["meant"]
    names = (meant,) if isinstance(meant, str) else tuple(meant)
    return Sentence(line["plan"], line["text"], names, line.get("payload", {}))


def _is_search_met(wanted: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    query = plain(str(payload.get("query") or ""))
    has = all(
        any(plain(word) in query for word in either.split("|"))
        for either in wanted.get("query_has", [])
    )
    lacks = not any(f" {plain(word)} " in f" {query} " for word in wanted.get("query_lacks", []))
    return has and lacks and _is_location_met(wanted, payload.get("location"))


def _is_location_met(wanted: Mapping[str, Any], location: object) -> bool:
    if "location" not in wanted:
        return True
    told = wanted["location"]
    right = told if isinstance(told, list) else [told]
    return plain(str(location or "")) in [plain(one or "") for one in right]


def _score(read: Sequence[Reading]) -> Score:
    return Score(sum(one.is_right for one in read), len(read))


def _table(columns: Mapping[str, Mapping[str, Score]]) -> Iterator[str]:
    yield " " * 20 + "".join(f"{part:<17}" for part in columns).rstrip()
    for row in [*map(str, STEPS), "whole"]:
        yield f"{row:<20}" + "   ".join(str(scored[row]) for scored in columns.values())
