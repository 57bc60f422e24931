"""Two requests are the same…"""

from typing import Any

import pytest

from orchestrator.idempotency.digest import digest_of

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}),
        ({"lat": 43.0, "list": [1.0]}, {"lat": 43, "list": [1]}),
        ({"lat": 4.3e1}, {"lat": 43}),
        ({"lat": -0.0}, {"lat": 0}),
        ({"name": "Gäm\u0073e"}, {"name": "Gämse"}),
    ],
)
def test_however_they_are_written(one: Any, other: Any) -> None:
    assert digest_of("POST", one) == digest_of("POST", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": True}, {"a": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 1.5}, {"a": 1}),
        ({"a": ""}, {"a": None}),
        ({}, []),
        ({"a": {"b": 1}}, {"a.b": 1}),
        ({"a": 10**300}, {"a": 10**299}),
    ],
)
def test_but_not_with_something_else_in_them(one: Any, other: Any) -> None:
    assert digest_of("POST", one) != digest_of("POST", other)


def test_but_not_by_another_method() -> None:
    assert digest_of("POST", {}) != digest_of("PUT", {})
