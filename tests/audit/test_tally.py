"""To tally what was sealed…"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from audit import sealer, tally, tally_gaps, turns
from audit.actions import Action, person
from audit.models import Checkpoint, MandateAudit, Tally
from audit.services import Entry, record_many
from tests.audit.conftest import MakeRow, needed, sealed

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CALL = {"tool": "find_programs", "attempts": 1, "elapsed_ms": 40}


def counted() -> dict[tuple[Any, ...], int]:
    columns = ("day", "action", "provider", "source", "step")
    rows = Tally.objects.exclude(action__startswith=tally_gaps.NOTE).values_list(*columns, "count")
    return {tuple(kind): number for *kind, number in rows}


def recounted() -> dict[tuple[Any, ...], int]:
    """Return what the tallies are when they are made anew from the records."""
    days = MandateAudit.objects.values_list("created_at", flat=True)
    for day in {at.astimezone(UTC).date() for at in days}:
        tally.recount(day)
    return counted()


def anything(random: Random, sessions: list[UUID], at: datetime) -> Entry:
    """Return a record of one of a few signups, of any kind that a tally tells apart."""
    action = random.choice(
        [
            *tally._STEP_OF,
            Action.MESSAGE_SENT,
            Action.CREDENTIALS_ACCESSED,
            Action.TOOL_SUCCEEDED,
            Action.TOOL_FAILED,
            Action.USER_LOGGED_OUT,
        ]
    )
    told = needed(action)
    if "intent" in told:
        told["intent"] = random.choice(["search", "select_provider", "select_program"])
    if "source" in told:
        told["source"] = random.choice(["mcp", "mock", "google", None])
    user_id = uuid4()
    return Entry(
        action=Action(action),
        user_id=user_id,
        actor=person(user_id),
        at=at,
        provider=random.choice(["skiclubpro", "campbright", None]),
        session_id=random.choice([*sessions, None]),
        metadata=told,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_what_a_recount_counts_however_it_was_sealed(noon: datetime, seed: int) -> None:
    random, sessions = Random(seed), [uuid4() for _ in range(6)]
    for round_number in range(6):
        record_many(
            # some are older than what is sealed already: they were committed late
            anything(random, sessions, noon + round_number * DAY - random.random() * 2 * DAY)
            for _ in range(25)
        )
        sealed(noon + round_number * DAY, batch=random.choice([7, 100]))
    before = counted()

    assert recounted() == before
    assert sum(before.values()) == Checkpoint.objects.latest().events_total


def test_tells_kinds_apart_by_what_the_pictures_need(make_row: MakeRow, noon: datetime) -> None:
    for source in ("mcp", "mcp", "mock", None):
        make_row(action=Action.TOOL_SUCCEEDED, metadata={**CALL, "source": source})
    make_row(action=Action.CREDENTIALS_ACCESSED, provider="campbright")
    make_row(action=Action.USER_LOGGED_OUT, at=noon - DAY)
    assert sealed(noon + MINUTE)

    assert counted() == {
        (noon.date(), "tool_succeeded", "", "mcp", ""): 2,
        (noon.date(), "tool_succeeded", "", "mock", ""): 1,
        (noon.date(), "tool_succeeded", "", "", ""): 1,
        (noon.date(), "credentials_accessed", "campbright", "", ""): 1,
        (noon.date() - DAY, "user_logged_out", "", "", ""): 1,
    }


def test_counts_a_step_of_a_signup_once_whether_by_button_or_by_sentence(
    make_row: MakeRow, noon: datetime
) -> None:
    one, other = uuid4(), uuid4()
    for session_id in (one, other):
        make_row(action=Action.SESSION_CREATED, session_id=session_id)
    make_row(session_id=one)
    assert sealed(noon + MINUTE)
    make_row(session_id=one)  # back, and there again
    wants = {"step": "provider_search", "intent": "select_provider"}
    make_row(action=Action.MESSAGE_SENT, session_id=other, metadata=wants)
    make_row(action=Action.MESSAGE_SENT, session_id=one, metadata=wants)
    assert sealed(noon + 2 * MINUTE)

    steps = tally.signups_by_step(since=noon.date())

    assert steps == dict.fromkeys(tally.Step, 0) | {tally.Step.STARTED: 2, tally.Step.PROVIDER: 2}
    assert tally.actions_by_day(since=noon.date())[noon.date()]["action_select_provider"] == 2


def test_stands_or_falls_with_the_seal(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_row()
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", _fails)
        with pytest.raises(OperationalError), transaction.atomic():
            sealed(noon + MINUTE)
        assert counted() == {}

        patch.undo()
        patch.setattr(sealer, "_tell", _fails)  # after the records were counted
        with pytest.raises(OperationalError), transaction.atomic():
            sealed(noon + MINUTE, is_told=True)
        assert counted() == {}
    assert sealed(noon + MINUTE)
    assert list(counted().values()) == [1]


def _fails(*args: Any, **kwargs: Any) -> None:
    raise OperationalError("the disk is full")


def test_counts_nothing_that_waits_or_was_left_out(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    early = make_row(at=noon + DAY)
    assert sealed(noon + MINUTE)
    make_row()

    assert counted() == {(noon.date(), "action_select_provider", "", "", ""): 1}
    assert sealed(noon + DAY)
    assert (early.created_at.date(), "action_select_provider", "", "", "") in counted()


def test_puts_a_day_right_that_somebody_changed(make_row: MakeRow, noon: datetime) -> None:
    make_row(at=noon - DAY)
    make_row()
    assert sealed(noon + MINUTE)
    right = counted()
    Tally.objects.filter(day=noon.date()).update(count=99)
    Tally.objects.filter(day=noon.date() - DAY).delete()

    assert recounted() == right


def test_goes_through_a_day_in_pieces(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "BATCH", 2)
    for action in (Action.ACTION_RESET, Action.MESSAGE_SENT, Action.USER_LOGGED_OUT):
        for _ in range(3):
            make_row(action=action)
    assert sealed(noon + MINUTE)
    right = counted()

    assert len(right) == 3
    assert recounted() == right


def test_counts_a_day_anew_while_others_seal_and_write(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_row(at=noon)
    make_row(at=noon + DAY)
    assert sealed(noon + DAY)
    began, depths, kinds, wait = len(connection.savepoint_ids), [], tally._kinds, turns.wait

    def counts(events: Any) -> Any:
        depths.append(len(connection.savepoint_ids) - began)
        if len(depths) == 1:  # meanwhile
            make_row(at=noon)
            monkeypatch.setattr(tally, "_kinds", kinds)
            assert sealed(noon + DAY + MINUTE)
            monkeypatch.setattr(tally, "_kinds", counts)
        return kinds(events)

    def waits() -> None:
        depths.append(-1)
        wait()

    monkeypatch.setattr(tally, "_kinds", counts)
    monkeypatch.setattr(turns, "wait", waits)

    assert tally.recount(noon.date()) == 2
    assert depths == [0, -1, 1], "what was sealed is read before anybody has to wait"
    assert sum(counted().values()) == 3


def gaps(noon: datetime) -> list[int]:
    """Return which days are known to be incomplete, counted from the first."""
    days = Tally.objects.filter(action=".gap").order_by("day").values_list("day", flat=True)
    return [(day - noon.date()).days for day in days]


def test_knows_the_days_that_somebody_sealed_without_counting(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(7):
        make_row(at=noon + day * DAY)
        with monkeypatch.context() as patch:
            if day in (2, 3):  # a release of before
                patch.setattr(tally, "add", lambda _: None)
                patch.setattr(tally_gaps, "went_on", lambda *_: None)
            assert sealed(noon + day * DAY)
        assert tally_gaps.are_there(since=noon.date()) == (day >= 2), "at once"

    assert gaps(noon) == [1, 2, 3]  # the second day's end, too
    assert not tally_gaps.are_there(since=noon.date() + 4 * DAY)
    for day in (1, 2, 3):
        tally.recount(noon.date() + day * DAY)
    assert not tally_gaps.are_there(since=noon.date())
    assert sum(tally.actions_by_day(since=noon.date())[noon.date() + 2 * DAY].values()) == 1
    assert set(tally.actions_by_day(since=noon.date())[noon.date()]) == {"action_select_provider"}


def test_misses_no_day_on_which_nothing_happened(make_row: MakeRow, noon: datetime) -> None:
    make_row(at=noon)
    assert sealed(noon)
    assert sealed(noon + 5 * DAY)  # without news
    make_row(at=noon + 9 * DAY)
    assert sealed(noon + 9 * DAY)

    assert gaps(noon) == []
    assert not tally_gaps.are_there(since=noon.date() - 9 * DAY)


@pytest.mark.django_db
def test_does_not_stumble_over_metadata_that_nobody_would_write() -> None:
    at = timezone.now()
    strange: list[Any] = [None, [], {"source": {}, "intent": ["x"]}, {"source": "elsewhere"}]
    for metadata in strange:
        event = {"id": uuid4(), "session_id": None, "created_at": at, "provider": None}
        for action in (Action.TOOL_FAILED, Action.MESSAGE_SENT, "x" * 100):
            tally.add([event | {"action": action, "metadata": metadata}])

    assert Counter(counted().values()) == {4: 3}


def test_is_done_again_by_the_command(make_row: MakeRow) -> None:
    now = timezone.now()
    for days in range(3):
        make_row(at=now - days * DAY)
    make_row(at=now - 40 * DAY)  # further back than any picture looks
    assert sealed(now)
    right = counted()
    Tally.objects.filter(day__gte=now.date() - 30 * DAY).delete()

    said = StringIO()
    call_command("seal_audit", "--tally", stdout=said, verbosity=0)

    assert said.getvalue() == "3 sealed records of the last 14 days counted.\n"
    assert counted() == right


def test_answers_the_questions_of_the_pictures(make_row: MakeRow, noon: datetime) -> None:
    for number, provider in enumerate(["skiclubpro", "campbright", "swimdesk"]):
        for _ in range(number + 1):
            make_row(action=Action.CREDENTIALS_ACCESSED, provider=provider)
    make_row(action=Action.CREDENTIALS_ACCESS_FAILED, provider="campbright")
    make_row(action=Action.TOOL_FAILED, metadata={**CALL, "source": "mcp", "error_code": "x"})
    make_row(at=noon - 3 * DAY)
    assert sealed(noon + MINUTE)
    today: date = noon.date()

    openings = tally.openings_by_provider(since=today, most=2)
    assert list(openings) == ["campbright", "swimdesk"]
    assert openings["campbright"]["credentials_access_failed"] == 1
    assert tally.calls_by_source(since=today)["mcp"] == Counter(tool_failed=1, tool_succeeded=0)
    assert set(tally.actions_by_day(since=today)) == {today}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")
@pytest.mark.django_db
def test_is_for_the_sealer_to_write_and_for_staff_to_see() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, array_agg(lower(privilege) ORDER BY privilege)"
            " FROM pg_roles, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege"
            " WHERE rolname LIKE 'signupassist%' AND has_table_privilege(oid, 'audit_tally', privilege)"
            " GROUP BY 1"
        )
        may = dict(cursor.fetchall())

    assert "signupassist_app" not in may
    assert may["signupassist_staff"] == may["signupassist_operator"] == ["select"]
    assert may["signupassist_jobs"] == ["delete", "insert", "select", "update"]
