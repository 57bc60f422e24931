"""Comparing the books after a load…"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import judging, report
from benchmarks.load.deeds import (
    NOT_SO,
    WITH_TOOL,
    WITHOUT_TOOL,
    Answer,
    Deed,
    bounds_of,
    disagreements,
    speed_of,
    untruth,
)
from benchmarks.load.judging import Provider, Row, Signup
from benchmarks.load.runs import Run
from benchmarks.load.wire import Wire

pytestmark = pytest.mark.once

GOOD, LOST = Answer(200), Answer(None)
REPLAYED = Answer(200, is_replay=True)
REF = "SDK-12345678"
ROW = Row("key-1", "session-1", "confirmed", REF, 1, 1)
PROVIDER = Provider({"key-1": REF}, {"key-1": "Emma"})


def deed(action: str, *answers: Answer) -> Deed:
    return Deed(action, "session-1", list(answers))


def signup(**changes: Any) -> Signup:
    read = {"status": "completed", "last_turn": {"cards": [REF]}}
    receipts = [{"id": "key-1", "status": "confirmed", "confirmation_ref": REF}]
    known: dict[str, Any] = {"session_id": "session-1", "read": read, "receipts": receipts}
    return Signup("user-1", "Emma", **(known | changes))


def rows_of(deeds: list[Deed]) -> Counter[tuple[str, str]]:
    """Return the records of deeds that went well at once."""
    found: Counter[tuple[str, str]] = Counter()
    for one in deeds:
        for action in (one.action, *WITH_TOOL.get(one.action, ())):
            found[one.where, action] += 1
    return found


def test_holds_the_ledger_to_exactly_what_was_done() -> None:
    deeds = [deed(action, GOOD) for action in [*WITH_TOOL, *sorted(WITHOUT_TOOL)]]
    rows = rows_of(deeds)
    assert disagreements(bounds_of(deeds), rows) == []
    for where in rows:
        fewer, more = rows - Counter([where]), rows + Counter([where])
        assert len(disagreements(bounds_of(deeds), fewer)) == 1, where
        assert len(disagreements(bounds_of(deeds), more)) == 1, where


def test_finds_a_record_of_what_nobody_did() -> None:
    [said] = disagreements({}, {("session-1", "action_confirm_registration"): 1})
    assert "nobody did" in said
    assert disagreements({}, {("session-1", "session_resumed"): 1}) == []


@pytest.mark.parametrize(
    ("answers", "bounds"),
    [
        ([LOST], (0, 1)),
        ([LOST, GOOD], (1, 2)),
        ([LOST, REPLAYED], (1, 1)),
        ([LOST, LOST, REPLAYED], (1, 2)),
        ([Answer(503, "audit_unavailable"), GOOD], (1, 2)),
        ([Answer(409, "turn_in_progress"), GOOD], (1, 1)),
        ([Answer(504, "mcp_timeout")], (1, 1)),
        ([Answer(500, "internal_error")], (0, 1)),
    ],
)
def test_allows_as_many_records_as_the_answers_leave_open(
    answers: list[Answer], bounds: tuple[int, int]
) -> None:
    assert deed("action_select_program", *answers).bounds == bounds


def test_lets_only_unclear_deeds_have_more_records_of_tools() -> None:
    used = ("session-1", "tool_succeeded")
    assert bounds_of([deed("message_sent", GOOD)])[used] == (1, 1)
    assert bounds_of([deed("message_sent", LOST, REPLAYED)])[used] == (1, 1)
    least, most = bounds_of([deed("action_confirm_registration", Answer(202))])[used]
    assert (least, most > 1) == (0, True)
    least, most = bounds_of([deed("message_sent", LOST, GOOD)])[used]
    assert (least, most > 1) == (1, True)


def test_agrees_where_all_say_the_same() -> None:
    signups = [signup(is_over=True)]
    assert judging.lost_or_doubled(signups, [ROW], PROVIDER) == []
    assert judging.untrue(signups, [ROW], {"session-1": "completed"}) == []
    assert judging.unfinished(signups) == []


@pytest.mark.parametrize(
    ("said", "rows", "provider"),
    [
        ("lost", [], PROVIDER),
        ("lost", [replace(ROW, status="not_created", completed=0)], PROVIDER),
        ("made up", [ROW], Provider({}, {})),
        ("untrue", [replace(ROW, reference="SDK-0")], PROVIDER),
        ("unsettled", [ROW, replace(ROW, id="key-2", status="sent", completed=0)], PROVIDER),
        ("2 + 1 records", [replace(ROW, submitted=2)], PROVIDER),
        ("several bookings", [ROW, replace(ROW, id="key-2")],
         Provider({"key-1": REF, "key-2": REF}, {"key-1": "Emma", "key-2": "Emma"})),
        ("2 keys", [ROW], Provider({"key-1": REF}, {"key-1": "Emma", "key-2": "Emma"})),
    ],
)  # fmt: skip
def test_finds_what_was_lost_doubled_or_made_up(
    said: str, rows: list[Row], provider: Provider
) -> None:
    assert said in str(judging.lost_or_doubled([signup()], rows, provider))


@pytest.mark.parametrize(
    ("said", "changes", "rows"),
    [
        ("the API says open", {"read": {"status": "open"}}, []),
        ("registrations are not", {"receipts": []}, [ROW]),
        ("with 0 registrations", {"receipts": []}, []),
        ("does not show", {"read": {"status": "completed", "last_turn": {}}}, [ROW]),
        ("was told", {"is_over": True, "receipts": []}, []),
        ("spoiled", {"untrue": ["it passes a spoiled answer on"]}, [ROW]),
    ],
)
def test_finds_what_is_not_so(said: str, changes: dict[str, Any], rows: list[Row]) -> None:
    found = judging.untrue([signup(**changes)], rows, {"session-1": "completed"})
    assert said in str(found)


def test_finds_a_signup_that_came_to_nothing_and_a_trail_that_differs() -> None:
    begun = signup(read={"status": "open"}, trail=Counter(["message_sent"]))
    assert judging.unfinished([begun])
    assert judging.other_trails([begun], {("session-1", "message_sent"): 1}) == []
    assert judging.other_trails([begun], {("session-1", "message_sent"): 2})


def turn(**meta: Any) -> dict[str, Any]:
    known = {"source": "mcp", "degraded": False, "code": None, **meta}
    return {"session": {"id": "session-1", "status": "open"}, "meta": known, "message": ""}


def test_doubts_a_good_answer_that_cannot_be_so() -> None:
    assert untruth(turn(), "session-1", "message_sent") is None
    assert untruth(turn(source=None), "session-1", "action_connect_account") is None
    assert untruth(turn(), "session-2", "message_sent")
    assert untruth(turn(source="mock"), "session-1", "message_sent")
    assert untruth(turn(source=None), "session-1", "message_sent")
    assert untruth(turn() | {"message": NOT_SO}, "session-1", "message_sent")


def test_counts_time_from_the_fastest_to_the_slowest() -> None:
    speed = speed_of([n / 100 for n in range(101)], within=2)
    assert (speed.count, speed.a_second) == (101, 50.5)
    assert (round(speed.p50, 2), round(speed.p95, 2), round(speed.p99, 2)) == (0.5, 0.95, 0.99)
    assert speed_of([], within=1).count == 0
    assert speed_of([0.5], within=1).p99 == 0.5


def test_shows_each_check_that_did_not_hold(tmp_path: Path) -> None:
    findings: dict[str, list[str]] = {check: [] for check in report.CHECKS}
    run = Run("web", [signup()], [], (0, 30), (5, 15), findings=findings)
    assert "NO" not in report.fault_table([run], {})
    run.findings["kept"] = ["lost: key-1", "lost: key-2"]
    table = report.fault_table([run], {"disk": "only root can"})
    assert "| yes | **NO** (2) | yes |" in table
    assert "not run: only root can" in table

    guide = tmp_path / "guide.md"
    guide.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(table, guide)
    assert guide.read_text() == f"before\n{report.BEGIN}\n{table}\n{report.END}\nafter\n"
    guide.write_text("no marks")
    with pytest.raises(ValueError, match="0 places"):
        report.write(table, guide)


def test_has_a_place_in_the_guide() -> None:
    page = report.GUIDE.read_text()
    assert page.count(report.BEGIN) == page.count(report.END) == 1


@pytest.mark.parametrize(
    ("mode", "is_so"),
    [
        ("honest", lambda came: came == b"HELLO"),
        ("garbage", lambda came: came and b"HELLO" not in came),
        ("drip", lambda came: came == b"H"),  # and no more of it for now
        ("hang", lambda came: came == b""),
    ],
)
def test_spoils_what_is_answered_and_lets_what_is_asked_be_done(
    mode: str, is_so: Callable[[bytes], bool]
) -> None:
    done: list[bytes] = []
    carried: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done.append(await reader.read(5))
        writer.write(done[-1].upper())
        await reader.read()
        writer.close()

    async def ask() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        wire = Wire(*server.sockets[0].getsockname())
        wire.become(mode)
        door = await asyncio.start_server(
            lambda *ends: carried.append(asyncio.ensure_future(wire.carry(*ends))), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*door.sockets[0].getsockname())
        writer.write(b"hello")
        came = b"" if mode == "hang" else await reader.read(5)
        if mode in {"hang", "drip"}:
            while not wire.spoiled:
                await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(5), 0.1)
        assert wire.spoiled == (mode != "honest")
        writer.close()
        await asyncio.gather(*carried)
        door.close()
        server.close()
        return came

    came = asyncio.run(ask())
    assert done == [b"hello"]
    assert is_so(came)
