"""Rows of the ledger, as tests ask for them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from audit.actions import Action, person
from audit.models import MandateAudit
from audit.services import record

MakeRow = Callable[..., MandateAudit]


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
        return record(**usual | said)

    return make
