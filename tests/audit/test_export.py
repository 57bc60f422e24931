"""Taking one's own trail home, by the API…"""

import csv
import io
import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from audit import bundles, bundling, exporting, proofs
from audit.actions import SYSTEM, Action, person
from audit.exporting import Wanted, export
from audit.models import Checkpoint, MandateAudit
from audit.serializers import AuditRow
from audit.services import AuditUnavailableError
from tests.audit.bundles_to_try import Story, told, verify

PATH = "/api/v1/audit/export"


@pytest.fixture
def story(parent: User, noon: datetime) -> Story:
    return told(noon, ours=parent.pk)


@pytest.fixture
def ask(parent: User, client_of: Callable[[User], APIClient]) -> Callable[..., Any]:
    """Return a function that asks as the parent and returns the answer."""
    return lambda **query: client_of(parent).get(PATH, query)


def _body(answer: Any) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def _table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_body(answer).decode(), newline="")))


def test_gives_a_bundle_that_holds(story: Story, ask: Callable[..., Any], parent: User) -> None:
    answer = ask(format="jsonl")

    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-2')
    assert answer["Content-Disposition"].endswith('.jsonl"')
    assert answer["Cache-Control"] == "no-store"
    code, said = verify(_body(answer))
    assert (code, f"10 records of the trail of {parent.pk}, complete" in said) == (0, True), said


def test_is_recorded_before_anything_is_sent(
    story: Story, ask: Callable[..., Any], parent: User
) -> None:
    answer = ask(format="csv", provider="skiclubpro")

    row = MandateAudit.objects.get(action=Action.AUDIT_EXPORTED)
    assert (row.user_id, row.actor) == (parent.pk, person(parent.pk))
    told = {name: row.metadata[name] for name in ("format", "scope", "filters")}
    assert told == {"format": "csv", "scope": "trail", "filters": ["provider"]}
    answer.close()


def test_is_not_given_when_it_cannot_be_recorded(
    story: Story, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**said: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(exporting, "record", refuses)
    answer = ask(format="jsonl")
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")


def test_gives_the_columns_of_the_table_newest_first(
    story: Story, ask: Callable[..., Any], parent: User
) -> None:
    rows = _table(ask(format="csv"))

    mine = MandateAudit.objects.filter(user_id=parent.pk).order_by("-created_at", "-id")
    assert [row["id"] for row in rows] == [str(row.id) for row in mine]
    assert tuple(rows[0]) == AuditRow.Meta.fields
    for said, row in zip(rows, AuditRow(mine, many=True).data, strict=True):
        assert json.loads(said.pop("metadata")) == row.pop("metadata")
        assert said == {name: "" if value is None else str(value) for name, value in row.items()}


def test_keeps_to_the_filters(story: Story, ask: Callable[..., Any]) -> None:
    seen = {row["action"] for row in _table(ask(format="csv", action="message_sent"))}
    assert seen == {"message_sent"}
    lines = [
        json.loads(line) for line in _body(ask(format="jsonl", action="message_sent")).splitlines()
    ]
    assert lines[0]["filters"] == {"action": "message_sent"}
    assert {line["event"]["action"] for line in lines[1:-1]} == {"message_sent"}
    assert lines[-1]["events"] == len(lines) - 2


def test_gives_nobody_elses_rows(
    story: Story, ask: Callable[..., Any], stranger: User, client_of: Callable[[User], APIClient]
) -> None:
    answer = client_of(stranger).get(PATH, {"format": "jsonl"})
    lines = [json.loads(line) for line in _body(answer).splitlines()]
    assert [line["event"]["action"] for line in lines[1:-1]] == ["audit_exported"]
    assert str(story.ours) not in json.dumps(lines)


@pytest.mark.once
def test_refuses_what_it_does_not_understand(story: Story, ask: Callable[..., Any]) -> None:
    for query, field in (
        ({}, "format"),
        ({"format": "xml"}, "format"),
        ({"format": "csv", "cursor": "a"}, "cursor"),
        ({"format": "jsonl", "since_size": "0"}, "since_size"),
        ({"format": "jsonl", "since_size": "99"}, "since_size"),
        ({"format": "csv", "since": "yesterday"}, "since"),
    ):
        answer = ask(**query)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), query
    assert not MandateAudit.objects.filter(action=Action.AUDIT_EXPORTED).exists()


@pytest.mark.once
def test_answers_whatever_the_request_accepts(
    story: Story, parent: User, client_of: Callable[[User], APIClient]
) -> None:
    answer = client_of(parent).get(PATH, {"format": "csv"}, headers={"accept": "text/csv"})
    assert answer.status_code == 200
    assert (
        APIClient().get(PATH, {"format": "csv"}, headers={"accept": "text/csv"}).status_code == 401
    )


@pytest.mark.once
def test_gives_no_formula_to_a_spreadsheet() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠A"]
    harmless = ["", "a=1", "Größe ☃", 'say "hi", twice', "two\r\nlines", "'quoted"]

    text = bundles.csv_rows([hostile, harmless]).decode()

    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [[f"'{cell}" for cell in hostile], harmless]
    assert text.endswith("\r\n")


@pytest.mark.once
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_gives_none_to_one_that_parts_cells_elsewhere(sign: str) -> None:
    for start in ("x;", "x\t", "x\n", "x\r\n", "x;y; ", 'x;"', 'x;""', "\t"):
        text = bundles.csv_rows([["a", f"{start}{sign}1;y", "z"]]).decode()

        for separator in ";", "\t", ",":
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
                assert not any(cell.strip(' "').startswith(sign) for cell in row)
            for line in text.splitlines():  # whatever a line is to quotes
                assert not any(cell.strip(' "').startswith(sign) for cell in line.split(separator))


@pytest.mark.once
def test_puts_every_cell_in_quotes() -> None:
    assert bundles.csv_rows([["a", "", "x;y"]]) == b'"a","","x;y"\r\n'


def test_tells_one_state_while_the_sealer_goes_on(story: Story, parent: User) -> None:
    """What is sealed behind the first line is not sealed for this bundle, and stays in it."""
    lines = export(Wanted(parent.pk, "jsonl"), actor=person(parent.pk), at=story.at)
    first = next(lines)
    story.goes_on(7)
    story.is_sealed()

    code, said = verify(first + b"".join(lines))

    assert (code, "10 records" in said) == (0, True), said


def test_takes_the_newer_checkpoint_when_a_seal_comes_while_it_reads(
    story: Story, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Wanted, "asking", staticmethod(nullcontext)
    )  # the sealer is not who exports
    reads = proofs._subject
    seals = iter([True, True])

    def meanwhile(*given: Any) -> Any:
        found = reads(*given)
        if next(seals, False):
            story.goes_on(2)
            story.is_sealed()
        return found

    monkeypatch.setattr(proofs, "_subject", meanwhile)
    code, said = verify(story.bundle())
    assert (code, "complete" in said) == (0, True), said
    assert f"at size {Checkpoint.objects.latest().size}" in said


def test_shows_that_a_record_is_gone_or_changed(story: Story, parent: User) -> None:
    """Whoever owns the database can drop the triggers; the bundle tells."""
    row = MandateAudit.objects.filter(user_id=parent.pk).order_by("created_at")[3]
    with connection.cursor() as cursor:
        _without_triggers(cursor)
        of = row.pk if connection.vendor == "postgresql" else row.pk.hex
        cursor.execute("UPDATE mandate_audit SET org_ref = 'other' WHERE id = %s", [of])
        assert "was changed" in verify(story.bundle())[1]
        assert verify(story.log())[0] == 1
        cursor.execute("DELETE FROM mandate_audit WHERE id = %s", [of])
        assert "is gone" in verify(story.bundle())[1]
        assert verify(story.log())[0] == 1


def _without_triggers(cursor: Any) -> None:
    if connection.vendor == "postgresql":
        cursor.execute("ALTER TABLE mandate_audit DISABLE TRIGGER ALL")
    else:
        for name in ("no_update", "no_delete"):
            cursor.execute(f"DROP TRIGGER mandate_audit_{name}")


def test_exports_any_number_of_rows_in_little_memory(
    story: Story, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (exporting, bundling):
        monkeypatch.setattr(room, "BATCH", 4)
    few = _statements(lambda: story.bundle())
    assert verify(story.bundle())[0] == 0
    assert verify(story.log())[0] == 0
    assert few < 40
    pieces = export(Wanted(None, "jsonl"), actor=SYSTEM, at=story.at)
    assert max(piece.count(b"\n") for piece in pieces) == 4
    pieces = export(Wanted(None, "csv"), actor=SYSTEM, at=story.at)
    assert max(piece.count(b"\n") for piece in pieces) == 4


def _statements(do: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as asked:
        do()
    return len(asked)
