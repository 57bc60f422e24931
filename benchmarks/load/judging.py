"""Do four books agree: what parents did and read, what the database holds, what the provider booked?"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.deeds import Deed

CONFIRMED, OPEN_BOOKS = "confirmed", {"intent", "sent", "outcome_unknown", "needs_operator"}
SUBMIT = "scp.submit_registration"


@dataclass
class Signup:
    """One child of one parent: what was done for it, and what was read when all was over."""

    user_id: str
    child: str
    session_id: str = ""
    credential_id: str = ""
    is_over: bool = False  # the parent was told that the child is registered
    deeds: list[Deed] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)  # what a good answer said that is not so
    read: Mapping[str, Any] = field(default_factory=dict)  # the session, read at the end
    receipts: list[Mapping[str, Any]] = field(default_factory=list)  # of the API, likewise
    trail: Counter[str] = field(default_factory=Counter)  # of the API, likewise

    @property
    def has_begun(self) -> bool:
        """Whether there is a session that the parent knows of."""
        return bool(self.session_id)


@dataclass(frozen=True)
class Row:
    """A registration as the database has it."""

    id: str
    session_id: str
    status: str
    reference: str
    submitted: int  # records that it was sent off
    completed: int  # records that it was confirmed


@dataclass(frozen=True)
class Provider:
    """The provider's own book."""

    bookings: Mapping[str, str]  # its reference of each key that it booked
    children: Mapping[str, str]  # whom each key that came in was for

    @classmethod
    def of(
        cls, bookings: Mapping[str, Mapping[str, Any]], submits: Iterable[Mapping[str, Any]]
    ) -> "Provider":
        """Return the book of a server that tells its bookings and the submissions it was sent."""
        return cls(
            {key: str(booking["confirmation_ref"]) for key, booking in bookings.items()},
            {str(it["idempotency_key"]): str(it["answers"]["child_name"]) for it in submits},
        )


def lost_or_doubled(signups: list[Signup], rows: list[Row], provider: Provider) -> list[str]:
    """Return each registration that one book has, and another one has not, or has twice."""
    found = []
    confirmed = {row.id: row for row in rows if row.status == CONFIRMED}
    children = {signup.child: signup for signup in signups}
    booked = {
        key: child for key, child in provider.children.items()
        if child in children and key in provider.bookings
    }  # fmt: skip
    found += [
        f"lost: {key} is booked, and not confirmed" for key in booked.keys() - confirmed.keys()
    ]
    found += [f"made up: {key} is booked nowhere" for key in confirmed.keys() - booked.keys()]
    twice = {child for child, times in Counter(booked.values()).items() if times > 1}
    found += [f"doubled: {child} has several bookings" for child in twice]
    keys = Counter(child for child in provider.children.values() if child in children)
    found += [f"doubled: {keys[it]} keys came in for {it}" for it in keys if keys[it] > 1]
    for key, row in confirmed.items():
        if key in booked and row.reference != provider.bookings[key]:
            found.append(
                f"untrue: {key} is booked as {provider.bookings[key]}, not {row.reference}"
            )
    for row in rows:
        if row.status in OPEN_BOOKS:
            found.append(f"unsettled: {row.id} is {row.status}")
        if row.submitted != 1 or row.completed != int(row.status == CONFIRMED):
            found.append(
                f"{row.id} has {row.submitted} + {row.completed} records of a {row.status}"
            )
    return sorted(found)


def untrue(signups: list[Signup], rows: list[Row], statuses: Mapping[str, str]) -> list[str]:
    """Return what parents read that is not so; `statuses` are the sessions', by the database."""
    found = [said for signup in signups for said in signup.untrue]
    by_session: dict[str, list[Row]] = {}
    for row in rows:
        by_session.setdefault(row.session_id, []).append(row)
    for signup in signups:
        if not signup.has_begun:
            continue
        said, known = signup.read.get("status"), statuses.get(signup.session_id)
        if said != known:
            found.append(f"{signup.session_id}: the API says {said}, the database {known}")
        own = by_session.get(signup.session_id, [])
        told = {it["id"]: (it["status"], it["confirmation_ref"] or "") for it in signup.receipts}
        if told != {row.id: (row.status, row.reference) for row in own}:
            found.append(f"{signup.session_id}: the API's registrations are not the database's")
        is_booked = any(row.status == CONFIRMED for row in own)
        if is_booked != (said == "completed"):
            found.append(f"{signup.session_id}: it says {said}, with {len(own)} registrations")
        if signup.is_over and not is_booked:
            found.append(f"{signup.session_id}: the parent was told of a registration")
        found += [
            f"{signup.session_id}: the receipt does not show {row.reference}"
            for row in own
            if row.status == CONFIRMED and row.reference not in str(signup.read.get("last_turn"))
        ]
    return found


def unfinished(signups: list[Signup]) -> list[str]:
    """Return the signups that a patient parent did not bring to their end."""
    return [
        f"{signup.session_id or signup.child}: not completed, {signup.read.get('status', 'unread')}"
        for signup in signups
        if signup.read.get("status") != "completed"
    ]


def other_trails(signups: list[Signup], rows: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the sessions whose trail in the API is not what the ledger holds."""
    ledger: dict[str, Counter[str]] = {}
    for (where, action), count in rows.items():
        ledger.setdefault(where, Counter())[action] += count
    return [
        f"{signup.session_id}: the API shows another trail than the ledger's"
        for signup in signups
        if signup.has_begun and signup.trail != ledger.get(signup.session_id, Counter())
    ]
