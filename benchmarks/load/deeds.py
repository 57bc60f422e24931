"""What a parent did, what came back, and which records there have to be of it: pure book-keeping."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

NOT_SO = "BOOKED-BY-NOBODY"  # a confirmation that a spoiled answer claims
SOURCE = "mcp"
ASKED_LATER = 202

# What the records of a deed that went well are, besides its own.
OPENED = "credentials_accessed"
USED = "tool_succeeded"
WITH_TOOL: Mapping[str, tuple[str, ...]] = {
    "message_sent": (USED,),
    "action_credentials_submitted": (OPENED, USED),
    "action_select_program": (OPENED, USED),
    "action_complete_prereqs": (OPENED, USED),
    "action_confirm_registration": (
        OPENED,
        USED,
        "registration_submitted",
        "registration_completed",
    ),
}
WITHOUT_TOOL = {"action_select_provider", "action_connect_account", "action_submit_form"}
AROUND = {"session_created", "credentials_submitted", "user_logged_in"}
AGAIN = {"action_retry_last", "action_retry_programs", "action_retry_prereqs"}
OWN = {*WITH_TOOL, *WITHOUT_TOOL, *AROUND, *AGAIN}  # what a parent does, and nobody else

# Codes of answers to a turn that had begun, and so is on record; and to one that never did. Where a
# record could not be written it may have been the first one of the turn, or a later one.
BEGUN = {"mcp_bad_response", "mcp_timeout", "mcp_unavailable", "submission_not_sent"}
NEVER_BEGUN = {
    "action_not_available",
    "idempotency_key_in_progress",
    "rate_limited",
    "turn_in_progress",
}

Where = tuple[str, str]  # a session's id, or a person's, and an action of the ledger
Bounds = dict[Where, tuple[int, int]]


@dataclass(frozen=True)
class Answer:
    """What came back of one request; no status where nothing did."""

    status: int | None
    code: str = ""
    is_replay: bool = False
    seconds: float = 0.0
    at: float = 0.0  # when it came, by the clock of the run

    @property
    def is_good(self) -> bool:
        """Whether it is a success."""
        return self.status is not None and self.status < 300

    @property
    def is_wrong(self) -> bool:
        """Whether the service itself failed: it said nothing, or 5xx, or what should not be heard."""
        return self.status is None or self.status >= 500

    @property
    def records(self) -> tuple[int, int]:
        """At least and at most how many records of its own deed this request has made."""
        if self.is_replay or self.code in NEVER_BEGUN:
            return 0, 0
        if self.is_good or self.code in BEGUN:
            return 1, 1
        return 0, 1


@dataclass
class Deed:
    """One thing that a parent did, under one key, asked for as often as it took."""

    action: str  # its record
    where: str
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether the parent knows that it was done."""
        return any(answer.is_good for answer in self.answers)

    @property
    def is_settled(self) -> bool:
        """Whether an answer told the outcome: after a 202 the worker goes on."""
        return any(answer.is_good and answer.status != ASKED_LATER for answer in self.answers)

    @property
    def bounds(self) -> tuple[int, int]:
        """At least and at most how many records there must be of it."""
        least, most = (sum(ends) for ends in zip(*(it.records for it in self.answers), strict=True))
        return max(least, int(self.is_done)), most


def bounds_of(deeds: Iterable[Deed]) -> Bounds:
    """Return how many records of each action there must be, at least and at most.

    Where a deed that asks tools needed one request alone, its tools' records are just as many.
    """
    least: Counter[Where] = Counter()
    most: Counter[Where] = Counter()
    loose: set[Where] = set()  # a worker or a repetition may have added to these
    for deed in deeds:
        own_least, own_most = deed.bounds
        least[deed.where, deed.action] += own_least
        most[deed.where, deed.action] += own_most
        again = deed.action in AGAIN
        for action in WITH_TOOL.get(deed.action, (OPENED, USED) if again else ()):
            least[deed.where, action] += int(deed.is_settled and not again)
            most[deed.where, action] += int(deed.is_settled)
            if own_least != own_most or not deed.is_settled or again:
                loose.add((deed.where, action))
    return {key: (least[key], 10**9 if key in loose else most[key]) for key in {*least, *most}}


def disagreements(bounds: Bounds, rows: Mapping[Where, int]) -> list[str]:
    """Return where the ledger holds more or less than was done: an empty list where it is exact.

    A record of a deed that no parent did is one too many, too.
    """
    found = []
    for where, (least, most) in sorted(bounds.items()):
        if not least <= rows.get(where, 0) <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            found.append(f"{where[1]} of {where[0]}: {rows.get(where, 0)} records, not {expected}")
    for where, count in sorted(rows.items()):
        if where[1] in OWN and where not in bounds:
            found.append(f"{where[1]} of {where[0]}: {count} records of what nobody did")
    return found


# --- Figures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speed:
    """How long many requests took, in seconds."""

    count: int
    a_second: float
    p50: float
    p95: float
    p99: float


def speed_of(seconds: list[float], *, within: float) -> Speed:
    """Return the figures of requests that took so long each, made within so many seconds together."""
    if not seconds:
        return Speed(0, 0.0, 0.0, 0.0, 0.0)
    cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    return Speed(len(seconds), len(seconds) / within, cuts[49], cuts[94], cuts[98])


def kind_of(deed: Deed) -> str | None:
    """Return under which heading a deed's time is counted, or None where it is no turn."""
    if deed.action == "action_confirm_registration":
        return "confirm"
    if deed.action in WITH_TOOL:
        return "turn with a tool"
    return "turn without a tool" if deed.action in WITHOUT_TOOL else None


# --- What is true of an answer --------------------------------------------------------------------


def untruth(turn: Mapping[str, Any], session_id: str, action: str) -> str | None:
    """Return what a good answer to a turn says that cannot be so, or None."""
    session, source = turn["session"], turn["meta"]["source"]
    if session["id"] != session_id:
        return f"an answer to {session_id} is about {session['id']}"
    if NOT_SO in str(turn):
        return f"{action}: it passes a spoiled answer on"
    if turn["meta"]["degraded"] or source not in {SOURCE, None}:
        return f"{action}: its data come from {source}"
    asked = action in WITH_TOOL and turn["meta"]["code"] is None
    if asked and source != SOURCE and session["status"] == "open":
        return f"{action}: it needed a tool, and names no source"
    return None
