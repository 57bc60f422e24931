"""Records that are written many at once…"""

from datetime import datetime
from uuid import uuid4

import pytest

from audit.actions import Action, person
from audit.models import MandateAudit
from audit.services import Entry, record_many

AWKWARD = ("", "NULL", "a,b", "{a}", 'a "b"', "a\\b", "a\\", "a\nb\tc", "'; --", "ß 水 🎿", "%s %%")


@pytest.mark.django_db
def test_are_what_was_said_to_the_letter(noon: datetime) -> None:
    user_id = uuid4()
    told = {"credential_alias": "", "was_fp": None}

    record_many(
        Entry(
            action=Action.CREDENTIALS_DELETED,
            user_id=user_id if text else None,
            actor=person(user_id),
            at=noon,
            provider=text,
            credential_id=user_id if text else None,
            metadata=told | {"credential_alias": text},
        )
        for text in AWKWARD
    )

    rows = list(MandateAudit.objects.all())
    assert {row.provider for row in rows} == set(AWKWARD)
    assert all(row.metadata["credential_alias"] == row.provider for row in rows)
    assert all(row.computed_hash() == row.content_hash for row in rows)
    assert {row.created_at for row in rows} == {noon}
