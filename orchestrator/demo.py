"""The demo people of a development installation, and records to look at."""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from random import Random
from typing import TypedDict
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import User
from accounts.services import roles
from audit import sealer, sealing_run, turns
from audit.actions import Action, person
from audit.services import Entry, record_many
from audit.vocabulary import TOLD

PARENT, STAFF = "parent@example.com", "staff@example.com"

# A signup as it usually goes: what the made-up records tell, over and over
STORY = (
    (Action.SESSION_CREATED, "provider_search"),
    (Action.MESSAGE_SENT, "provider_search"),
    (Action.TOOL_SUCCEEDED, "provider_search"),
    (Action.ACTION_SELECT_PROVIDER, "provider_search"),
    (Action.ACTION_CONNECT_ACCOUNT, "login"),
    (Action.ACTION_CREDENTIALS_SUBMITTED, "login"),
    (Action.CREDENTIALS_ACCESSED, "login"),
    (Action.TOOL_SUCCEEDED, "login"),
    (Action.ACTION_SELECT_PROGRAM, "program_selection"),
    (Action.TOOL_FAILED, "prerequisite_check"),
    (Action.ACTION_RETRY_LAST, "prerequisite_check"),
    (Action.TOOL_SUCCEEDED, "prerequisite_check"),
    (Action.ACTION_COMPLETE_PREREQS, "prerequisite_check"),
    (Action.ACTION_SUBMIT_FORM, "form_fill"),
    (Action.ACTION_CONFIRM_REGISTRATION, "confirmation"),
    (Action.REGISTRATION_SUBMITTED, "confirmation"),
    (Action.REGISTRATION_COMPLETED, "confirmation"),
)
TOOLS = {
    "provider_search": "find_provider",
    "login": "find_programs",
    "prerequisite_check": "check_prerequisites",
}
ALSO_TOLD: dict[Action, dict[str, object]] = {
    Action.MESSAGE_SENT: {"intent": "search"},
    Action.TOOL_FAILED: {"error_code": "mcp_timeout"},
}
LONGEST = timedelta(seconds=10 * len(STORY) + 10)  # that a made-up signup takes
SEALED_AT_ONCE = 20_000  # rows
CLUBS = (
    ("skiclubpro", "blackhawk-ski", "alpine-saturday"),
    ("campbright", "lakeside-camp", "week-1"),
    ("swimdesk", "harbor-swim", "starfish"),
)


class DemoPerson(TypedDict):
    """How to log in as one of them."""

    email: str
    password: str


def passwords(file: Path) -> dict[str, DemoPerson]:
    """Return the demo log-ins, made up once and kept in a file that only its owner can read."""
    if file.is_file():
        known: dict[str, DemoPerson] = json.loads(file.read_text())
        return known
    people: dict[str, DemoPerson] = {
        "parent": {"email": PARENT, "password": secrets.token_urlsafe(12)},
        "staff": {"email": STAFF, "password": secrets.token_urlsafe(12)},
    }
    file.parent.mkdir(mode=0o700, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(people, out)
    draft.rename(file)  # whole or not at all
    return people


def ensure_people(people: dict[str, DemoPerson], *, at: datetime) -> User:
    """Make sure that both can log in with these passwords; return the parent.

    The one of the staff has every role, and is no superuser: it shows what the roles allow.
    """
    for one in people.values():
        known = User.objects.filter(email=one["email"], is_local=True)
        user = known.first() or User(email=one["email"])
        user.is_active = True
        user.is_superuser = False
        if not user.check_password(one["password"]):
            user.set_password(one["password"])
        user.save()
    roles.grant(email=people["staff"]["email"], roles=list(roles.Role), at=at)
    return User.objects.get(email=people["parent"]["email"], is_local=True)


def write(entries: Iterable[Entry], log: sealing_run.Log) -> int:
    """Return how many records were written: sealed day by day, as if it were then.

    A busy day is sealed several times, so millions of rows need little memory, too.

    :raises AuditUnavailableError: if the ledger cannot be written
    """
    written = 0
    for _, day in groupby(entries, key=lambda entry: entry.at.date()):
        while rows := list(islice(day, SEALED_AT_ONCE)):
            with transaction.atomic():
                turns.wait()  # another one would seal them as what they are: slipped in
                written += record_many(rows)
                _seal(log, at=rows[-1].at)
    return written


def _seal(log: sealing_run.Log, *, at: datetime) -> None:
    is_drained = not log.signers
    while not is_drained:
        made = sealer.seal(
            at=at, signers=log.signers, known=log.known, origin=log.origin, is_told=False
        )
        is_drained = made is None or made.is_drained


def story(
    user_id: UUID,
    rows: int,
    *,
    until: datetime,
    over: timedelta = timedelta(),
    leaving: float = 0.0,
) -> Iterator[Entry]:
    """Yield made-up records of this person's signups, oldest first, up to a moment.

    :param over: how long a time they are spread over, at least; else one comes after the other
    :param leaving: how many of the signups are left on the way, of 1
    """
    chance = Random(rows)  # noqa: S311  the same rows for the same number
    lengths = list(_lengths(rows, leaving, chance))
    apart = max(LONGEST, over / max(1, len(lengths)))
    begin = until - apart * len(lengths)
    for number, length in enumerate(lengths):
        yield from _signup(user_id, length, at=begin + apart * number, chance=chance)


def _lengths(rows: int, leaving: float, chance: Random) -> Iterator[int]:
    """Yield how many records each signup has."""
    while rows:
        leaves = chance.random() < leaving
        length = min(rows, chance.randint(2, len(STORY) - 1) if leaves else len(STORY))
        yield length
        rows -= length


def _signup(user_id: UUID, length: int, *, at: datetime, chance: Random) -> Iterator[Entry]:
    session_id, credential_id, submission_id = uuid4(), uuid4(), uuid4()
    provider, org_ref, program_ref = chance.choice(CLUBS)
    for place, (action, step) in enumerate(STORY[:length]):
        at += timedelta(seconds=chance.randint(2, 10))
        opened = action is Action.CREDENTIALS_ACCESSED
        told: dict[str, object] = {"sample": True} | ALSO_TOLD.get(action, {})
        if "step" in TOLD[action].keys:
            told["step"] = step
        if action in (Action.TOOL_SUCCEEDED, Action.TOOL_FAILED):
            told |= {
                "tool": TOOLS[step],
                "source": "mock",
                "attempts": 1,
                "elapsed_ms": chance.randint(20, 900),
            }
        if opened:
            told |= {
                "credential_alias": "Demo login",
                "purpose": "find_programs",
                "accessed_at": at.isoformat().replace("+00:00", "Z"),
            }
        if action in (Action.REGISTRATION_SUBMITTED, Action.REGISTRATION_COMPLETED):
            told |= {"submission_id": str(submission_id), "is_real": False}
        yield Entry(
            action=action,
            user_id=user_id,
            actor=person(user_id),
            at=at,
            provider=provider if place > 2 else None,
            org_ref=org_ref if place > 2 else None,
            program_ref=program_ref if place > 7 else None,
            credential_id=credential_id if opened else None,
            session_id=session_id,
            metadata=told,
        )
