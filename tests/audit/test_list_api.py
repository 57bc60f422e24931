"""GET /api/v1/audit…"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import include, path
from rest_framework.test import APIClient

from accounts.models import User
from audit import canonical
from audit.actions import SYSTEM, Action
from audit.models import MandateAudit
from audit.urls import api_urlpatterns
from tests.audit.conftest import MakeRow

urlpatterns = [path("api/v1/", include(api_urlpatterns))]  # for the description of ours alone

ClientOf = Callable[[User], APIClient]


@pytest.fixture
def ask(parent: User, client_of: ClientOf) -> Callable[..., Any]:
    """Return a function that asks as the parent and returns the answer."""

    def get(**query: str) -> Any:
        return client_of(parent).get("/api/v1/audit", query)

    return get


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_answers_the_columns_of_the_table(
    make_row: MakeRow, parent: User, ask: Callable[..., Any]
) -> None:
    session_id = uuid4()
    row = make_row(parent.pk, session_id=session_id, metadata={"step": "login"})

    answer = ask().json()

    assert answer == {
        "results": [
            {
                "id": str(row.id),
                "user_id": str(parent.pk),
                "actor": f"user:{parent.pk}",
                "action": "action_select_provider",
                "provider": "skiclubpro",
                "org_ref": "blackhawk-ski",
                "program_ref": None,
                "credential_id": None,
                "session_id": str(session_id),
                "metadata": row.metadata,
                "created_at": "2026-07-14T12:00:00.000000Z",
                "schema_v": 1,
                "content_hash": row.content_hash,
            }
        ],
        "next": None,
    }
    columns = {field.column for field in MandateAudit._meta.concrete_fields}
    assert answer["results"][0].keys() == columns


def test_lets_anyone_compute_the_hash_from_the_answer(
    make_row: MakeRow, parent: User, ask: Callable[..., Any]
) -> None:
    told = {"credential_alias": "é"}
    make_row(parent.pk, session_id=uuid4(), action=Action.CREDENTIALS_DELETED, metadata=told)

    [row] = ask().json()["results"]

    stored_hash = row.pop("content_hash")
    assert canonical.content_hash(row) == stored_hash


def test_shows_nobody_elses_rows(
    make_row: MakeRow, parent: User, stranger: User, ask: Callable[..., Any]
) -> None:
    own = make_row(parent.pk)
    make_row(stranger.pk)
    make_row(action=Action.SESSIONS_EXPIRED, actor=SYSTEM)

    assert _ids(ask()) == [str(own.id)]


def test_shows_staff_their_own_rows_only(
    make_row: MakeRow, parent: User, staff: User, client_of: ClientOf
) -> None:
    make_row(parent.pk)
    own = make_row(staff.pk)

    assert _ids(client_of(staff).get("/api/v1/audit")) == [str(own.id)]


@pytest.mark.django_db
def test_wants_a_login() -> None:
    assert APIClient().get("/api/v1/audit").status_code == 401


def test_pages_newest_first(
    make_row: MakeRow, parent: User, noon: datetime, ask: Callable[..., Any]
) -> None:
    made = [make_row(parent.pk, at=noon + timedelta(seconds=number)) for number in range(51)]

    first = ask()
    second = ask(cursor=first.json()["next"])

    assert _ids(first) + _ids(second) == [str(row.id) for row in reversed(made)]
    assert len(_ids(second)) == 1
    assert second.json()["next"] is None


def test_filters_by_action_provider_and_session(
    make_row: MakeRow, parent: User, ask: Callable[..., Any]
) -> None:
    session_id = uuid4()
    message = make_row(parent.pk, action=Action.MESSAGE_SENT)
    other = make_row(parent.pk, provider="campminder")
    in_session = make_row(parent.pk, session_id=session_id, action=Action.ACTION_RESET)

    assert _ids(ask(action="message_sent")) == [str(message.id)]
    assert _ids(ask(provider="campminder")) == [str(other.id)]
    assert _ids(ask(session_id=str(session_id))) == [str(in_session.id)]
    assert _ids(ask(session_id=str(session_id), action="message_sent")) == []


def test_takes_since_inclusive_and_until_exclusive(
    make_row: MakeRow, parent: User, noon: datetime, ask: Callable[..., Any]
) -> None:
    early, late = make_row(parent.pk, at=noon), make_row(parent.pk, at=noon + timedelta(hours=1))

    assert _ids(ask(since="2026-07-14T12:00:00Z")) == [str(late.id), str(early.id)]
    assert _ids(ask(since="2026-07-14T12:00:00.000001Z")) == [str(late.id)]
    assert _ids(ask(until="2026-07-14T13:00:00Z")) == [str(early.id)]
    assert _ids(ask(since="2026-07-14T14:00:00+02:00", until="2026-07-14T08:00:00-05:00")) == [
        str(early.id)
    ]


def test_takes_a_name_without_a_value_for_no_filter(
    make_row: MakeRow, parent: User, ask: Callable[..., Any]
) -> None:
    row = make_row(parent.pk)

    nothing = dict.fromkeys(["action", "provider", "session_id", "since", "until", "cursor"], "")
    assert _ids(ask(**nothing)) == [str(row.id)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("action", "no_such_action"),
        ("session_id", "42"),
        ("since", "yesterday"),
        ("until", "2026-13-01T00:00:00Z"),
        ("since", "0001-01-01T00:00:00+14:00"),
        ("cursor", "garbage"),
        ("cursor", "A" * 10_000),
        ("provider", "x" * 129),
        ("page", "2"),
        ("user_id", "3d813cbb-47fb-42ba-91df-831e1593ac29"),
        ("metadata__icontains", "x"),
    ],
)
def test_refuses_what_it_does_not_understand(
    ask: Callable[..., Any], name: str, value: str
) -> None:
    answer = ask(**{name: value})

    assert answer.status_code == 400
    assert name in answer.content.decode()


def test_refuses_a_parameter_given_twice(parent: User, client_of: ClientOf) -> None:
    answer = client_of(parent).get("/api/v1/audit?action=message_sent&action=action_reset")

    assert answer.status_code == 400


def test_cannot_be_written(parent: User, client_of: ClientOf) -> None:
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client_of(parent), method)("/api/v1/audit", {})
        assert answer.status_code == 405


def test_costs_one_query(
    make_row: MakeRow,
    parent: User,
    ask: Callable[..., Any],
    django_assert_num_queries: Any,
) -> None:
    make_row(parent.pk)
    make_row(parent.pk)

    with django_assert_num_queries(1):
        ask(action="action_select_provider")


@pytest.mark.once
def test_is_described_in_openapi_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"

    call_command(
        "spectacular",
        urlconf=__name__,
        file=str(file),
        format="openapi-json",
        validate=True,
        fail_on_warn=True,
    )

    schema = json.loads(file.read_text())
    operation = schema["paths"]["/api/v1/audit"]["get"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "action", "provider", "session_id", "since", "until", "cursor",
    }  # fmt: skip
    assert schema["components"]["schemas"]["AuditRow"]["properties"]["metadata"] == {
        "type": "object",
        "additionalProperties": {},
    }
