"""The canonical form of a row…"""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical
from audit.canonical import ProfileError

pytestmark = pytest.mark.once

ROW: dict[str, Any] = {
    "id": UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    "user_id": UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    "actor": "user:7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "action": "action_select_provider",
    "provider": "skiclubpro",
    "org_ref": "blackhawk-ski",
    "program_ref": None,
    "credential_id": None,
    "session_id": UUID("3d813cbb-47fb-42ba-91df-831e1593ac29"),
    "metadata": {"sessionId": None, "B": [1, True, "é €"], "a": {"x": "\n"}},
    "created_at": datetime(2026, 7, 14, 12, 0, 0, 7, tzinfo=UTC),
    "schema_v": 1,
}
BYTES = (
    '{"action":"action_select_provider",'
    '"actor":"user:7c9e6679-7425-40de-944b-e07fc1f90ae7",'
    '"created_at":"2026-07-14T12:00:00.000007Z",'
    '"credential_id":null,'
    '"id":"0f8fad5b-d9cb-469f-a165-70867728950e",'
    '"metadata":{"B":[1,true,"é €"],"a":{"x":"\\n"},"sessionId":null},'
    '"org_ref":"blackhawk-ski",'
    '"program_ref":null,'
    '"provider":"skiclubpro",'
    '"schema_v":1,'
    '"session_id":"3d813cbb-47fb-42ba-91df-831e1593ac29",'
    '"user_id":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}'
).encode()
HASH = "0423b1ac14fff58ce137aabc6a0d9e409aac10d7c4ea8ac1ae045eb399a4ac6f"

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
KEYS = st.text("abcXYZ019_", min_size=1, max_size=12)
NUMBERS = st.integers(-canonical.MAX_INT, canonical.MAX_INT)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(KEYS, SCALARS, max_size=4)


def test_is_known_to_the_byte() -> None:
    assert canonical.event(ROW) == BYTES


def test_has_a_known_hash() -> None:
    assert canonical.content_hash(ROW) == HASH
    assert hashlib.sha256(b"mandate-audit/v1\0" + BYTES).hexdigest() == HASH


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_is_what_the_standard_library_writes(metadata: dict[str, Any]) -> None:
    found = canonical.event(ROW | {"metadata": metadata})

    again = json.dumps(json.loads(found), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert found == again.encode()
    assert json.loads(found)["metadata"] == metadata


@pytest.mark.parametrize("column", [name for name in ROW if name != "schema_v"])
def test_changes_with_every_column(column: str) -> None:
    other: dict[str, Any] = {
        "metadata": {"a": 1},
        "created_at": ROW["created_at"] + timedelta(microseconds=1),
    }
    changed = ROW | {column: other.get(column, "something else")}

    assert canonical.content_hash(changed) != HASH


def test_does_not_depend_on_the_time_zone_in_which_a_moment_is_told() -> None:
    elsewhere = ROW["created_at"].astimezone(timezone(timedelta(hours=-5)))

    assert canonical.content_hash(ROW | {"created_at": elsewhere}) == HASH


def test_refuses_a_row_without_one_of_its_columns() -> None:
    with pytest.raises(ProfileError, match="session_id"):
        canonical.event({name: value for name, value in ROW.items() if name != "session_id"})


def test_refuses_a_schema_version_that_nobody_described() -> None:
    with pytest.raises(ProfileError):
        canonical.event(ROW | {"schema_v": 2})


def test_refuses_a_moment_without_a_time_zone() -> None:
    with pytest.raises(ProfileError, match="time zone"):
        canonical.event(ROW | {"created_at": datetime(2026, 7, 14)})  # noqa: DTZ001  the point


@pytest.mark.parametrize(
    "metadata",
    [
        {"price": 12.5},
        {"big": 2**53},
        {"big": -(2**53)},
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"list": ["fine", "\udfff"]},
        {"when": datetime(2026, 7, 14, tzinfo=UTC)},
        {"id": UUID(int=1)},
        {"pair": (1, 2)},
        {"a key": 1},
        {"": 1},
        {"k" * 65: 1},
        {"é": 1},
        {1: "a number for a key"},
        {"a": {"b": {"c": {"d": {}}}}},
        {"a": [[[["too deep"]]]]},
        {"long": "x" * 8 * 1024},
        {"long": "€" * 3_000},
        ["no object"],
        "no object",
        None,
    ],
)
def test_refuses_metadata_outside_of_the_profile(metadata: Any) -> None:
    with pytest.raises(ProfileError):
        canonical.event(ROW | {"metadata": metadata})


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"n": 2**53 - 1},
        {"k" * 64: None},
        {"a": {"b": {"c": {"d": 1}}}},
        {"a": [[["deep enough"]]]},
        {"long": "x" * 8_000},
    ],
)
def test_allows_metadata_up_to_the_edges_of_the_profile(metadata: dict[str, Any]) -> None:
    canonical.event(ROW | {"metadata": metadata})


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 1_001, 1.5])
def test_refuses_a_column_outside_of_the_profile(value: Any) -> None:
    with pytest.raises(ProfileError, match="org_ref"):
        canonical.event(ROW | {"org_ref": value})


def test_never_repeats_a_value_in_an_error() -> None:
    with pytest.raises(ProfileError) as caught:
        canonical.event(ROW | {"metadata": {"word": "hunter2\0"}})

    assert "hunter2" not in str(caught.value)
