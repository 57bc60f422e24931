"""Recording…"""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import canonical
from audit.actions import ANONYMOUS, SYSTEM, Action, person, staff
from audit.canonical import ProfileError
from audit.context import serving
from audit.models import MandateAudit
from audit.services import AuditUnavailableError, Entry, record_many
from tests.audit.conftest import MakeRow, all_of
from tests.audit.test_canonical import KEYS, VALUES


def test_returns_the_row_that_stands_in_the_table(make_row: MakeRow, noon: datetime) -> None:
    user_id, session_id, credential_id = uuid4(), uuid4(), uuid4()

    row = make_row(
        user_id,
        program_ref="juniors",
        session_id=session_id,
        credential_id=credential_id,
        metadata={"step": "login"},
    )

    stored = MandateAudit.objects.get()
    assert stored == row
    assert (stored.user_id, stored.actor) == (user_id, f"user:{user_id}")
    assert (stored.action, stored.created_at) == ("action_select_provider", noon)
    assert (stored.provider, stored.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert (stored.program_ref, stored.schema_v) == ("juniors", 1)
    assert (stored.session_id, stored.credential_id) == (session_id, credential_id)
    assert stored.metadata == {
        "step": "login",
        "sessionId": str(session_id),
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "request_id": None,
    }


def test_says_what_is_not_known_yet_as_null(make_row: MakeRow) -> None:
    row = make_row(provider=None, org_ref=None)

    assert row.metadata == {
        "sessionId": None,
        "provider": None,
        "org_ref": None,
        "request_id": None,
    }


def test_names_the_request(make_row: MakeRow) -> None:
    with serving("request-12345678"):
        row = make_row()

    assert row.metadata["request_id"] == "request-12345678"


def test_does_not_let_metadata_contradict_the_columns(make_row: MakeRow) -> None:
    for name in ("sessionId", "provider", "org_ref", "request_id"):
        with pytest.raises(ValueError, match="does not tell"):
            make_row(metadata={name: "another"})

    assert not MandateAudit.objects.exists()


def test_hashes_what_is_read_back(make_row: MakeRow, noon: datetime) -> None:
    elsewhere = noon.astimezone(timezone(timedelta(hours=9))) + timedelta(microseconds=10)
    make_row(
        at=elsewhere,
        session_id=uuid4(),
        action=Action.REGISTRATION_RESOLVED,
        metadata=all_of("registration_resolved") | {"explanation": "é\n\u2028\x7f𝄞"},
    )

    stored = MandateAudit.objects.get()

    assert stored.computed_hash() == stored.content_hash
    assert len(stored.content_hash) == 64


@given(metadata=st.dictionaries(KEYS, VALUES, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_hashes_what_is_read_back_whatever_was_told(
    make_row: MakeRow, metadata: dict[str, Any]
) -> None:
    with mock.patch("audit.vocabulary.check"):
        row = make_row(metadata=metadata)

    stored = MandateAudit.objects.get(pk=row.pk)

    assert stored.computed_hash() == stored.content_hash == row.content_hash


@pytest.mark.once
def test_hashes_every_column_but_the_hash() -> None:
    columns = {field.column for field in MandateAudit._meta.concrete_fields}

    assert set(canonical.COLUMNS_OF[canonical.SCHEMA_V]) == columns - {"content_hash"}


def test_keeps_secrets_and_personal_details_out_of_the_columns(make_row: MakeRow) -> None:
    with serving("canary@example.com"):
        make_row(org_ref="canary-8@example.com")

    stored = MandateAudit.objects.get()

    assert "canary" not in json.dumps([stored.metadata, stored.org_ref])
    assert stored.computed_hash() == stored.content_hash


def test_happens_with_the_deed_or_not_at_all(make_row: MakeRow) -> None:
    def undone_deed() -> None:
        with transaction.atomic():
            make_row()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone_deed()

    assert not MandateAudit.objects.exists()


def test_says_so_when_the_database_refuses(make_row: MakeRow) -> None:
    broken = mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone"))

    with broken, pytest.raises(AuditUnavailableError) as caught:
        make_row()

    assert isinstance(caught.value.__cause__, OperationalError)


def test_takes_the_deed_down_with_it_even_if_the_error_is_swallowed(make_row: MakeRow) -> None:
    def deed_that_goes_on_regardless() -> None:
        with transaction.atomic():
            make_row()
            with pytest.raises(AuditUnavailableError):
                make_row()  # the same id
            MandateAudit.objects.count()

    same = mock.patch("audit.services.uuid4", return_value=uuid4())
    with same, pytest.raises(transaction.TransactionManagementError):
        deed_that_goes_on_regardless()

    assert not MandateAudit.objects.exists()


@pytest.mark.parametrize(
    "actor", [SYSTEM, ANONYMOUS, person(UUID(int=5)), staff(UUID(int=5))], ids=str
)
def test_knows_four_kinds_of_actors(make_row: MakeRow, actor: str) -> None:
    assert make_row(actor=actor).actor == actor


@pytest.mark.parametrize(
    "actor",
    ["", "pat@example.com", "user:", "user:5", f"admin:{UUID(int=5)}", "System", "system\n"],
)
def test_refuses_any_other_actor(make_row: MakeRow, actor: str) -> None:
    with pytest.raises(ValueError, match="actor"):
        make_row(actor=actor)

    assert not MandateAudit.objects.exists()


@pytest.mark.parametrize("action", ["", "select_provider", "action_show_login_dialog", "DROP"])
def test_refuses_an_unknown_action(make_row: MakeRow, action: str) -> None:
    with pytest.raises(ValueError, match="not an action"):
        make_row(action=action)


def test_takes_an_action_by_its_word(make_row: MakeRow) -> None:
    assert make_row(action="message_sent").action == "message_sent"


@pytest.mark.parametrize(
    "said",
    [
        {"metadata": {"credential_alias": "a\ud800"}, "action": Action.CREDENTIALS_DELETED},
        {"org_ref": "a\0b"},
        {"at": datetime(2026, 7, 14)},  # noqa: DTZ001  the point
        {"session_id": "3d813cbb-47fb-42ba-91df-831e1593ac29\0"},
    ],
)
def test_refuses_what_has_no_canonical_form(make_row: MakeRow, said: dict[str, Any]) -> None:
    with pytest.raises(ProfileError):
        make_row(**said)

    assert not MandateAudit.objects.exists()


def test_costs_one_query(make_row: MakeRow, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        make_row()


def _entry(number: int, at: datetime) -> Entry:
    return Entry(
        action=Action.MESSAGE_SENT,
        user_id=UUID(int=number),
        actor=person(UUID(int=number)),
        at=at + timedelta(seconds=number),
        metadata={"step": "login", "intent": "search"},
    )


@pytest.mark.django_db
def test_of_many_writes_the_same_rows_in_batches(
    noon: datetime, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):
        written = record_many((_entry(number, noon) for number in range(25)), batch_size=10)

    rows = list(MandateAudit.objects.order_by("created_at"))
    assert written == len(rows) == 25
    assert [row.user_id for row in rows] == [UUID(int=number) for number in range(25)]
    assert all(row.computed_hash() == row.content_hash for row in rows)
    assert rows[0].metadata.keys() > {"sessionId", "provider", "org_ref", "request_id"}


@pytest.mark.django_db
def test_of_many_says_so_when_the_database_refuses(noon: datetime) -> None:
    same = mock.patch("audit.services.uuid4", return_value=uuid4())

    with same, pytest.raises(AuditUnavailableError), transaction.atomic():
        record_many(_entry(number, noon) for number in range(2))

    assert not MandateAudit.objects.exists()


@pytest.mark.once
def test_has_a_word_and_a_sentence_for_every_action() -> None:
    buttons = {
        "select_provider", "reject_provider", "retry_search", "connect_account",
        "credentials_submitted", "select_program", "check_prereqs", "retry_prereqs",
        "complete_prereqs", "submit_form", "edit_form", "change_program", "change_provider",
        "confirm_registration", "retry_programs", "retry_last", "cancel_registration", "reset",
    }  # fmt: skip

    found = {action.removeprefix("action_") for action in Action if action.startswith("action_")}
    assert found == buttons
    assert len(set(Action.labels)) == len(Action)
    assert Action.describe("action_select_provider") == "Chose a provider"
    assert Action.describe("gone_since_long") == "Gone since long"


@pytest.mark.once
def test_tells_moments_in_utc(noon: datetime) -> None:
    assert canonical.moment(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000000Z"


@pytest.mark.parametrize("name", ["user_id", "session_id", "credential_id"])
def test_refuses_an_id_that_is_only_written_like_one(
    make_row: MakeRow, db: None, name: str
) -> None:
    for said in (str(uuid4()), uuid4().hex, str(uuid4()).upper(), 7):
        with pytest.raises(ProfileError, match=f"{name} is no UUID"):
            make_row(**{"actor": SYSTEM, name: said})


def test_says_no_time_by_its_id(make_row: MakeRow) -> None:
    assert make_row().pk.version == 4
