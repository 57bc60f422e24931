"""Rows of the ledger, as tests ask for them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from accounts.models import User
from audit.actions import Action, person
from audit.models import MandateAudit
from audit.sealer import Seal, seal
from audit.services import record
from audit.vocabulary import KEYS, TOLD, Kind
from tests.audit.bundles_to_try import Story, told
from tests.rows_of_people import give_rows

MakeRow = Callable[..., MandateAudit]

EXAMPLES: dict[Kind, Any] = {
    Kind.WORD: "form_fill",
    Kind.WORDS: ["provider", "since"],
    Kind.NUMBER: 12,
    Kind.NUMBERS: {"open": 3},
    Kind.FLAG: True,
    Kind.ID: "3d813cbb-47fb-42ba-91df-831e1593ac29",
    Kind.DIGEST: "a1b2c3d4e5f60718",
    Kind.MOMENT: "2026-07-14T12:00:00.123456Z",
    Kind.CODE: "program_full",
    Kind.NAME: "Nordic Kids",
}


def needed(action: str) -> dict[str, Any]:
    """Return an example of what the record of an action has to tell."""
    return {key: EXAMPLES[KEYS[key]] for key in TOLD[Action(action)].needs}


def all_of(action: str) -> dict[str, Any]:
    """Return an example of all that the record of an action may tell."""
    return {key: EXAMPLES[KEYS[key]] for key in TOLD[Action(action)].keys}


@pytest.fixture
def make_row(db: None, noon: datetime) -> MakeRow:
    """Return a writer of rows: by default, a parent chose a provider at noon."""

    def make(user_id: UUID | None = None, **said: Any) -> MandateAudit:
        user_id = user_id or uuid4()
        usual: dict[str, Any] = {
            "action": Action.ACTION_SELECT_PROVIDER,
            "user_id": user_id,
            "actor": person(user_id),
            "at": noon,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
        }
        said = usual | said
        if said["action"] in Action.values:
            said.setdefault("metadata", needed(said["action"]))
        return record(**said)

    return make


@pytest.fixture
def small_log(make_row: MakeRow, noon: datetime) -> list[MandateAudit]:
    """Return five records of two people, in two seals: leaves 0 to 2 and 4 to 5, seals at 3 and 6."""
    one, other = uuid4(), uuid4()
    rows = [
        make_row(user_id, at=noon + timedelta(seconds=second))
        for second, user_id in enumerate((one, other, one))
    ]
    assert sealed(noon + timedelta(seconds=10))
    rows += [
        make_row(user_id, at=noon + timedelta(seconds=20 + second))
        for second, user_id in enumerate((other, one))
    ]
    assert sealed(noon + timedelta(seconds=30))
    return rows


def sealed(at: datetime, **how: Any) -> Seal | None:
    """Return the seal of what is waiting, by the suite's key; the ledger is not told of it."""
    usual: dict[str, Any] = {
        "signers": settings.AUDIT_SIGNERS,
        "origin": settings.AUDIT_ORIGIN,
        "is_told": False,
    }
    return seal(at=at, **usual | how)


@pytest.fixture
def both(parent: User, stranger: User, noon: datetime) -> tuple[UUID, UUID]:
    """Two people with a row in each table."""
    give_rows(parent, noon)
    give_rows(stranger, noon)
    return parent.pk, stranger.pk


@pytest.fixture
def story(db: None, noon: datetime) -> Story:
    return told(noon)


@pytest.fixture
def bundle(story: Story) -> bytes:
    """Our trail: 10 sealed records, and two that are not: the last one, and that it was exported."""
    return story.bundle()
