"""Refusing fields that nobody asked for…"""

from typing import Any

import pytest
from rest_framework import serializers

from audit import opened
from audit.strict import StrictSerializer

pytestmark = pytest.mark.once


class Place(StrictSerializer):
    """Where somebody is."""

    lat = serializers.FloatField()


class Message(StrictSerializer):
    """What somebody says, and where."""

    id = serializers.UUIDField(read_only=True)
    message = serializers.CharField()
    location = Place(required=False)


def errors_of(data: Any) -> dict[str, Any]:
    """Return what is wrong with the data, by field."""
    given = Message(data=data)
    given.is_valid()
    return dict(given.errors)


def test_takes_what_it_knows() -> None:
    given = Message(data={"message": "hello", "location": {"lat": 43.1}})

    assert given.is_valid()
    assert given.validated_data == {"message": "hello", "location": {"lat": 43.1}}


def test_names_each_unknown_field() -> None:
    assert errors_of({"message": "hello", "user_id": 1, "is_staff": True}) == {
        "user_id": ["This field is not known."],
        "is_staff": ["This field is not known."],
    }


def test_names_them_beside_the_fields_that_are_wrong() -> None:
    assert set(errors_of({"user_id": 1})) == {"user_id", "message"}


def test_takes_a_field_that_is_only_read_for_unknown() -> None:
    assert set(errors_of({"message": "hello", "id": "x"})) == {"id"}


def test_looks_inside() -> None:
    assert errors_of({"message": "hello", "location": {"lat": 1, "alt": 2}}) == {
        "location": {"alt": ["This field is not known."]}
    }


def test_repeats_no_hostile_body() -> None:
    hostile = {f"x{number}": 1 for number in range(1_000)}

    assert len(errors_of({"message": "hello"} | hostile)) == 10


@pytest.mark.parametrize("name", ["", "7", "pass word", "Gämse", 'x"', "x\n", "x" * 101, "<x>"])
def test_repeats_no_name_that_may_be_a_secret(name: str) -> None:
    assert errors_of({"message": "hello", name: 1}) == {
        "non_field_errors": ["This field is not known."]
    }


def test_repeats_no_name_that_somebody_typed_for_a_secret() -> None:
    opened.remember_typed("Nightjar-7319")

    assert set(errors_of({"Nightjar-7319": 1, "user_id": 1})) == {
        "message",
        "user_id",
        "non_field_errors",
    }


@pytest.mark.parametrize("data", [[], "text", 7, None])
def test_refuses_what_is_no_object(data: Any) -> None:
    given = Message(data=data)

    assert not given.is_valid()
