"""An attack on the ledger, by somebody who writes to the database and has no key…"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from audit import merkle, notes
from audit.actions import Action, person
from audit.models import Checkpoint, Leaf, MandateAudit, Node, Pending
from audit.models.log import place
from audit.notes import Checkpoint as Published
from audit.services import Entry, record_many
from audit.verification import Finding, Flaw, verify
from tests.audit.attacking import attack, key, put_back, rewrite, taken
from tests.audit.conftest import MakeRow, sealed

pytestmark = pytest.mark.django_db

Rows = list[MandateAudit]


def found(at: datetime, outside: Iterable[Published] = ()) -> list[Finding]:
    """Return what is found a minute later."""
    report = verify(
        known=settings.AUDIT_VERIFIERS,
        origin=settings.AUDIT_ORIGIN,
        at=at + timedelta(minutes=1),
        published=outside,
    )
    return list(report.findings)


def flaws(at: datetime, outside: Iterable[Published] = ()) -> list[Flaw]:
    return [finding.flaw for finding in found(at, outside)]


def outside() -> list[Published]:
    """Return what somebody who keeps checkpoints has now."""
    return [
        notes.read_checkpoint(one.note, settings.AUDIT_VERIFIERS)
        for one in Checkpoint.objects.order_by("size")
    ]


# An edit


def test_that_edits_a_record_is_found(small_log: Rows, noon: datetime) -> None:
    attack("UPDATE mandate_audit SET metadata = %s WHERE id = %s", "{}", key(small_log[1].pk))

    assert found(noon) == [Finding(Flaw.CHANGED, f"record {small_log[1].pk} (#1)")]


def test_that_makes_its_hash_fit_is_found(small_log: Rows, noon: datetime) -> None:
    rewrite(small_log[1])

    assert found(noon) == [Finding(Flaw.NOT_AS_SEALED, f"record {small_log[1].pk} (#1)")]


def test_that_makes_its_leaf_fit_is_found(small_log: Rows, noon: datetime) -> None:
    rewrite(small_log[1], leaf=True)

    assert found(noon) == [Finding(Flaw.OTHER_TREE, "checkpoint 4, over leaves #0 to #3,")]


def test_that_makes_the_nodes_fit_is_found(db: None, noon: datetime) -> None:
    user_id = uuid4()
    entry = Entry(action=Action.ACTION_RESET, user_id=user_id, actor=person(user_id), at=noon)
    record_many([entry] * 260)
    sealed(noon)
    seventh = Leaf.objects.filter(log_index=7).values("event_id")
    rewrite(MandateAudit.objects.get(pk__in=seventh), leaf=True)

    assert flaws(noon) == [Flaw.OTHER_TREE, Flaw.NODE]

    hashes = Leaf.objects.order_by("log_index").values_list("leaf_hash", flat=True)[:256]
    made = merkle.root_of(bytes(one) for one in hashes)
    attack("UPDATE audit_node SET hash = %s WHERE place = %s", made, place(8, 0))
    assert flaws(noon) == [Flaw.OTHER_TREE]

    Node.objects.create(place=place(8, 1), hash=made)
    assert flaws(noon) == [Flaw.OTHER_TREE, Flaw.NODES]

    attack("DELETE FROM audit_node")
    assert Flaw.NODE in flaws(noon)


# A deletion


def test_that_deletes_a_record_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM mandate_audit WHERE id = %s", key(small_log[3].pk))

    assert found(noon) == [Finding(Flaw.GONE, f"record {small_log[3].pk} (#4)")]


def test_that_deletes_its_leaf_too_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM mandate_audit WHERE id = %s", key(small_log[1].pk))
    attack("DELETE FROM audit_leaf WHERE log_index = 1")

    first, *_ = found(noon)
    assert first == Finding(Flaw.NO_LEAF, "leaf #1")


def test_that_deletes_and_closes_the_gap_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM mandate_audit WHERE id = %s", key(small_log[1].pk))
    attack("DELETE FROM audit_leaf WHERE log_index = 1")
    for index in range(2, 7):
        attack("UPDATE audit_leaf SET log_index = %s WHERE log_index = %s", index - 1, index)

    first, *_ = found(noon)
    assert first == Finding(Flaw.NOT_AS_SEALED, f"record {small_log[2].pk} (#1)")


def test_that_deletes_a_whole_trail_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM audit_subject WHERE user_id = %s", key(small_log[1].user_id or uuid4()))

    assert {Flaw.OTHER_TRAIL, Flaw.OTHER_SUBJECTS} <= set(flaws(noon))


def test_that_counts_a_trail_shorter_is_found(small_log: Rows, noon: datetime) -> None:
    attack("UPDATE audit_subject SET sealed = 1")

    assert flaws(noon)[:2] == [Flaw.SUBJECT_CHANGED, Flaw.SUBJECT_CHANGED]


# An insertion


def insert(old: MandateAudit, at: datetime) -> MandateAudit:
    """Return a record of another time, put there past everything."""
    new = MandateAudit(**{name: value for name, value in vars(old).items() if name[0] != "_"})
    new.pk, new.created_at = uuid4(), at
    new.content_hash = new.computed_hash()
    new.save()
    return new


def test_that_inserts_a_record_in_the_past_is_found(small_log: Rows, noon: datetime) -> None:
    new = insert(small_log[0], noon - timedelta(hours=1))
    assert sealed(noon + timedelta(seconds=40))

    assert found(noon) == [Finding(Flaw.BACK_DATED, f"record {new.pk} (#7)")]


def test_that_inserts_it_past_the_sealer_is_found(small_log: Rows, noon: datetime) -> None:
    new = insert(small_log[0], noon - timedelta(hours=1))
    Pending.objects.all().delete()
    assert not sealed(noon + timedelta(seconds=40))

    assert found(noon) == [Finding(Flaw.UNKNOWN_TO_THE_LOG, f"record {new.pk}")]


def test_that_records_at_another_time_is_found(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    make_row(at=noon - timedelta(minutes=20))
    assert sealed(noon + timedelta(seconds=40))

    assert flaws(noon) == [Flaw.BACK_DATED]


# Another order, other people


def test_that_puts_records_in_another_order_is_found(small_log: Rows, noon: datetime) -> None:
    for old, new in ((0, 100), (1, 0), (100, 1)):
        attack("UPDATE audit_leaf SET log_index = %s WHERE log_index = %s", new, old)

    assert flaws(noon)[:2] == [Flaw.NOT_AS_SEALED, Flaw.NOT_AS_SEALED]


def test_that_gives_a_record_to_somebody_else_is_found(small_log: Rows, noon: datetime) -> None:
    event = small_log[1]
    event.user_id = small_log[0].user_id
    attack(
        "UPDATE mandate_audit SET user_id = %s, content_hash = %s WHERE id = %s",
        key(event.user_id or uuid4()),
        event.computed_hash(),
        key(event.pk),
    )
    assert flaws(noon) == [Flaw.NOT_AS_SEALED]


def test_that_counts_a_record_for_somebody_else_is_found(small_log: Rows, noon: datetime) -> None:
    other = Leaf.objects.get(log_index=0).subject
    attack("UPDATE audit_leaf SET subject = %s, subject_seq = 9 WHERE log_index = 1", other)

    assert flaws(noon)[:2] == [Flaw.NOT_AS_SEALED, Flaw.NOT_THE_NEXT]


def test_that_names_another_for_a_trail_is_found(small_log: Rows, noon: datetime) -> None:
    attack("UPDATE audit_subject SET user_id = %s WHERE number = 0", key(uuid4()))

    assert found(noon) == [Finding(Flaw.SUBJECT_CHANGED, "trail 0")]


# The seals


def test_that_says_another_time_of_a_seal_is_found(small_log: Rows, noon: datetime) -> None:
    attack(
        "UPDATE audit_checkpoint SET sealed_at = %s WHERE size = 4", noon + timedelta(seconds=11)
    )

    assert found(noon) == [Finding(Flaw.SEAL_CHANGED, "checkpoint 4")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes nothing but times")
@pytest.mark.parametrize("column", ["sealed_at", "since"])
@pytest.mark.parametrize("said", ["long ago", "2026-13-45 99:00:00", "", 1_784_030_400])
def test_that_says_no_time_at_all_of_a_seal_is_found(
    small_log: Rows, noon: datetime, column: str, said: object
) -> None:
    attack(f"UPDATE audit_checkpoint SET {column} = %s WHERE size = 7", said)  # noqa: S608

    assert found(noon) == [Finding(Flaw.SEAL_CHANGED, "checkpoint 7")]


def test_that_removes_a_checkpoint_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM audit_checkpoint WHERE size = 4")
    assert flaws(noon) == [Flaw.NO_CHECKPOINT, Flaw.MISCOUNTED]


def test_that_removes_the_newest_checkpoint_alone_is_found(small_log: Rows, noon: datetime) -> None:
    attack("DELETE FROM audit_checkpoint WHERE size = 7")
    assert flaws(noon)[0] == Flaw.BEYOND


def test_that_signs_with_a_key_of_its_own_is_found(small_log: Rows, noon: datetime) -> None:
    own = notes.Signer(settings.AUDIT_ORIGIN, bytes(range(32)))
    note = outside()[0].signed_by([own])
    attack("UPDATE audit_checkpoint SET note = %s WHERE size = 4", note)

    assert found(noon) == [Finding(Flaw.NOT_SIGNED, "checkpoint 4")]


def test_that_shows_another_checkpoints_signature_is_found(small_log: Rows, noon: datetime) -> None:
    newest = Checkpoint.objects.get(size=7)
    attack("UPDATE audit_checkpoint SET note = %s WHERE size = 4", newest.note)

    assert found(noon) == [Finding(Flaw.NOT_SIGNED, "checkpoint 4")]


def test_that_copies_the_log_of_another_origin_is_found(small_log: Rows, noon: datetime) -> None:
    [first, _] = outside()
    other = Published("example.org/log", first.size, first.root)
    note = other.signed_by(settings.AUDIT_SIGNERS)
    attack("UPDATE audit_checkpoint SET note = %s WHERE size = 4", note)

    assert flaws(noon) == [Flaw.NOT_SIGNED]


# What a checkpoint kept outside shows, and nothing else


def test_that_cuts_off_the_end_shows_outside_alone(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    earlier = taken()
    make_row(at=noon + timedelta(seconds=40))
    sealed(noon + timedelta(seconds=50))
    kept = outside()
    put_back(earlier)

    assert flaws(noon) == []  # the older checkpoint holds: from inside nobody can tell
    assert found(noon, kept) == [Finding(Flaw.CUT_SHORT, "checkpoint 9")]


def test_that_removes_everything_shows_outside_alone(small_log: Rows, noon: datetime) -> None:
    kept = outside()
    put_back({table: [] for table in taken()})

    assert flaws(noon, kept) == [Flaw.CUT_SHORT, Flaw.CUT_SHORT]


def test_that_puts_a_backup_back_and_goes_on_shows_outside_alone(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    earlier = taken()
    make_row(at=noon + timedelta(seconds=40))
    sealed(noon + timedelta(seconds=50))
    kept = outside()
    put_back(earlier)
    make_row(at=noon + timedelta(seconds=40))
    sealed(noon + timedelta(seconds=50))

    assert flaws(noon) == []
    assert found(noon, kept) == [Finding(Flaw.REWRITTEN, "checkpoint 9")]


def test_that_rewrites_all_with_a_stolen_key_shows_outside_alone(
    small_log: Rows, noon: datetime
) -> None:
    kept = outside()
    for event in small_log:
        event.provider = "somebody-else"
        event.content_hash = event.computed_hash()
    put_back({table: [] for table in taken()})
    for event in small_log:
        insert(event, event.created_at)
    sealed(noon + timedelta(seconds=40))

    assert flaws(noon) == []  # it is signed, and as the thief wants it
    assert flaws(noon, kept) == [Flaw.REWRITTEN, Flaw.CUT_SHORT]


def test_that_leaves_the_log_alone_shows_nothing(small_log: Rows, noon: datetime) -> None:
    assert found(noon, outside()) == []


# Before the seal


def test_that_edits_before_the_seal_with_its_hash_does_not_show(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    rewrite(make_row(at=noon + timedelta(seconds=40)))  # so the time until the seal is short
    sealed(noon + timedelta(seconds=50))

    assert found(noon, outside()) == []


def test_that_edits_before_the_seal_is_left_out_and_found(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    event = make_row(at=noon + timedelta(seconds=40))
    attack("UPDATE mandate_audit SET provider = 'x' WHERE id = %s", key(event.pk))
    assert found(noon) == [Finding(Flaw.WAITS_CHANGED, f"record {event.pk}")]

    sealed(noon + timedelta(seconds=50))
    assert found(noon) == [Finding(Flaw.WAITS_CHANGED, f"record {event.pk}")]


def test_that_deletes_before_the_seal_is_found(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    event = make_row(at=noon + timedelta(seconds=40))
    attack("DELETE FROM mandate_audit WHERE id = %s", key(event.pk))

    assert found(noon) == [Finding(Flaw.WAITS_FOR_NOTHING, f"record {event.pk}")]


def test_that_takes_a_record_off_the_list_is_found(
    small_log: Rows, make_row: MakeRow, noon: datetime
) -> None:
    event = make_row(at=noon + timedelta(seconds=40))
    Pending.objects.all().delete()

    assert found(noon) == [Finding(Flaw.UNKNOWN_TO_THE_LOG, f"record {event.pk}")]


def test_that_puts_a_sealed_record_on_the_list_is_found(small_log: Rows, noon: datetime) -> None:
    attack("INSERT INTO audit_pending (event_id) VALUES (%s)", key(small_log[0].pk))

    assert found(noon) == [Finding(Flaw.WAITS_SEALED, f"record {small_log[0].pk}")]
