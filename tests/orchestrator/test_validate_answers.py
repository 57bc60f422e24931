"""Validating a form's answers…"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.flow.answers import AnswersError, as_read, participant_of, validate
from orchestrator.tools.contract import Field

pytestmark = pytest.mark.once

NOW = datetime(2026, 5, 31, 12, tzinfo=UTC)
OPTIONS: Any = [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}]
TYPES = (
    "text",
    "textarea",
    "email",
    "tel",
    "number",
    "date",
    "select",
    "multiselect",
    "checkbox",
)


def field(kind: str, name: str = "it", *, required: bool = True, role: str | None = None) -> Field:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": kind,
        "required": required,
        "options": OPTIONS if "select" in kind else [],
        "help": "",
        "role": role,
    }


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "  Emma ", "Emma"),
        ("textarea", "one\ntwo", "one\ntwo"),
        ("email", "a@b.example", "a@b.example"),
        ("tel", "+1 (608) 555-0123", "+1 (608) 555-0123"),
        ("number", 7, 7),
        ("number", "7", 7),
        ("number", "-1.5", -1.5),
        ("date", "2018-05-31", "2018-05-31"),
        ("select", "s", "s"),
        ("multiselect", ["l", "s"], ["s", "l"]),
        ("checkbox", True, True),
    ],
)
def test_keeps_what_fits(kind: str, given: Any, kept: Any) -> None:
    assert validate([field(kind)], {"it": given}, at=NOW) == {"it": kept}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", "x" * 201),
        ("text", "a\nChild: somebody else"),
        ("text", "safe\u202etxt"),
        ("text", ["x"]),
        ("text", {"a": 1}),
        ("email", "a@b"),
        ("tel", "call me"),
        ("tel", "12"),
        ("number", "seven"),
        ("number", True),
        ("number", 10**400),
        ("number", "1" * 400),
        ("number", "nan"),
        ("number", float("inf")),
        ("number", [7]),
        ("date", "31.05.2018"),
        ("date", "2018-02-30"),
        ("date", 20180531),
        ("select", "m"),
        ("select", ["s"]),
        ("select", {"s": 1}),
        ("multiselect", "s"),
        ("multiselect", ["m"]),
        ("multiselect", [["s"]]),
        ("checkbox", False),
        ("checkbox", "yes"),
        ("checkbox", 1),
    ],
)
def test_names_what_does_not(kind: str, given: Any) -> None:
    with pytest.raises(AnswersError) as caught:
        validate([field(kind)], {"it": given}, at=NOW)
    [sentence] = caught.value.errors["it"]
    assert sentence.endswith(".")


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "checkbox"])
@pytest.mark.parametrize("nothing", [None, "", "  ", []])
def test_takes_nothing_where_nothing_is_needed(kind: str, nothing: Any) -> None:
    assert validate([field(kind, required=False)], {"it": nothing}, at=NOW) == {}
    with pytest.raises(AnswersError):
        validate([field(kind)], {"it": nothing}, at=NOW)


@given(
    st.sampled_from(TYPES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_ends_anything_else_in_a_sentence(kind: str, given_value: Any) -> None:
    named: dict[str, Any] = {}
    try:
        named = dict(validate([field(kind)], {"it": given_value}, at=NOW))
    except AnswersError as error:
        named = dict(error.errors)
    assert list(named) == ["it"]


@pytest.mark.parametrize("name", ["date_of_birth", "dateOfBirth", "birthday", "child_dob", "born"])
@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-06-02", "This date is in the future. Please enter the date of birth."),
        ("3018-05-31", "This date is in the future. Please enter the date of birth."),
        ("1905-12-31", "This is more than 120 years ago. Please check the year."),
        ("0018-05-31", "This is more than 120 years ago. Please check the year."),
    ],
)
def test_says_that_nobody_alive_was_born_then(name: str, day: str, sentence: str) -> None:
    with pytest.raises(AnswersError) as caught:
        validate([field("date", name)], {name: day}, at=NOW)
    assert caught.value.errors == {name: [sentence]}


@pytest.mark.parametrize("day", ["1906-01-01", "2026-05-31", "2026-06-01"])
def test_takes_any_day_on_which_somebody_alive_may_have_been_born(day: str) -> None:
    assert validate([field("date", "born")], {"born": day}, at=NOW) == {"born": day}


@pytest.mark.parametrize(
    "name", ["starts_on", "birthday_party", "birthday_visit", "expected_date_of_birth"]
)
def test_takes_days_to_come_where_nobody_was_born(name: str) -> None:
    assert validate([field("date", name)], {name: "2027-01-09"}, at=NOW) == {name: "2027-01-09"}


def test_refuses_fields_that_the_form_does_not_have() -> None:
    with pytest.raises(AnswersError) as caught:
        validate([field("text")], {"it": "x", "is_staff": True}, at=NOW)
    assert list(caught.value.errors) == ["is_staff"]


@pytest.mark.parametrize(
    ("fields", "answers", "child"),
    [
        ([field("text", "kid", role="participant")], {"kid": " Emma  L "}, "Emma L"),
        ([field("text", "child_name")], {"child_name": "Ole"}, "Ole"),
        (
            [field("text", "kid", required=False, role="participant"), field("text", "child_name")],
            {"child_name": "Ole"},
            "Ole",
        ),
        ([field("text", "other")], {"other": "Ole"}, None),
    ],
)
def test_knows_whom_it_is_for(fields: list[Field], answers: Any, child: str | None) -> None:
    assert participant_of(fields, answers) == child


def test_says_answers_as_a_parent_reads_them() -> None:
    fields = [field("select", "size"), field("multiselect", "days"), field("checkbox", "photo")]
    said = as_read(fields, {"size": "s", "days": ["s", "l"], "photo": False})
    assert said == [("Size", "Small"), ("Days", "Small, Large"), ("Photo", "no")]
