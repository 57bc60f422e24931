"""The demo people of a development installation, and records to look at."""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
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

PARENT, STAFF = "parent@example.com", "staff@example.com"

# A signup as it usually goes: what the made-up records tell, over and over
STORY = (
    Action.SESSION_CREATED,
    Action.MESSAGE_SENT,
    Action.TOOL_SUCCEEDED,
    Action.ACTION_SELECT_PROVIDER,
    Action.ACTION_CONNECT_ACCOUNT,
    Action.ACTION_CREDENTIALS_SUBMITTED,
    Action.CREDENTIALS_ACCESSED,
    Action.TOOL_SUCCEEDED,
    Action.ACTION_SELECT_PROGRAM,
    Action.TOOL_FAILED,
    Action.ACTION_RETRY_LAST,
    Action.TOOL_SUCCEEDED,
    Action.ACTION_COMPLETE_PREREQS,
    Action.ACTION_SUBMIT_FORM,
    Action.ACTION_CONFIRM_REGISTRATION,
    Action.REGISTRATION_SUBMITTED,
    Action.REGISTRATION_COMPLETED,
)
ALSO_TOLD: dict[Action, dict[str, object]] = {
    Action.MESSAGE_SENT: {"step": "provider_search", "intent": "search"},
    Action.TOOL_FAILED: {"error_code": "mcp_timeout"},
}
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

    :raises AuditUnavailableError: if the ledger cannot be written
    """
    written = 0
    for _, day in groupby(entries, key=lambda entry: entry.at.date()):
        rows = list(day)
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


def story(user_id: UUID, rows: int, *, until: datetime) -> Iterator[Entry]:
    """Yield made-up records of this person's signups, oldest first, up to a moment."""
    chance = Random(rows)  # noqa: S311  the same rows for the same number
    session_id, credential_id, submission_id = uuid4(), uuid4(), uuid4()
    for index in range(rows):
        place = index % len(STORY)
        if place == 0:
            session_id, submission_id = uuid4(), uuid4()
            provider, org_ref, program_ref = chance.choice(CLUBS)
        at = until - timedelta(seconds=(rows - index) * 11)
        action = STORY[place]
        opened = action is Action.CREDENTIALS_ACCESSED
        told: dict[str, object] = {"sample": True} | ALSO_TOLD.get(action, {})
        if action in (Action.TOOL_SUCCEEDED, Action.TOOL_FAILED):
            told |= {
                "tool": "find_programs",
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
