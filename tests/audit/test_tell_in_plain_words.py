"""Metadata and kinds in plain words…"""

from datetime import timedelta

import pytest

from audit.actions import Action
from audit.kinds import Kind, kind_of
from audit.plain_words import in_words, label_of, span, took
from audit.vocabulary import KEYS
from audit.words import LABELS

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0421, "42 ms"), (1, "1 s"), (1.25, "1.2 s"), (-12, "12 s"), (60, "1 min"),
        (200, "3 min 20 s"), (3_600, "1 h"), (7_500, "2 h 5 min"),
        (3 * 86_400 + 4 * 3_600, "3 days 4 h"),
    ],
)  # fmt: skip
def test_say_how_long_it_was(seconds: float, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said


def test_name_every_key() -> None:
    assert KEYS.keys() <= LABELS.keys()
    assert all(label_of(key)[0].isupper() and "_" not in label_of(key) for key in LABELS)
    assert label_of("a_key_of_old") == "A key of old"


def test_leave_out_what_is_not_known() -> None:
    told = {"is_real": False, "filters": ["q", "kind"], "by_status": {"open": 2}, "step": None}

    assert in_words(told | {"org_ref": "x"}, but=["org_ref"]) == [
        ("A real registration", "no"),
        ("By status", "open: 2"),
        ("Filtered by", "q, kind"),
    ]


def test_give_every_action_one_kind() -> None:
    assert sorted(action for kind in Kind for action in kind.actions) == sorted(Action)
    assert all(kind.actions for kind in Kind)
    assert kind_of(Action.CREDENTIALS_ACCESSED) is Kind.OPENED
    assert kind_of(Action.SESSIONS_EXPIRED) is Kind.LEDGER
    assert kind_of("gone_since_long") is Kind.STEP


def test_give_what_matters_a_sign_beside_its_colour() -> None:
    signs = [kind.sign for kind in (Kind.BOOKED, Kind.OPENED, Kind.FAILED, Kind.REFUSED)]

    assert all(signs)
    assert len(set(signs)) == 4


@pytest.mark.parametrize(
    ("elapsed_ms", "said"),
    [(0, "0 ms"), (1_200, "1.2 s"), (-5, None), (10**30, None), (True, None), ("9", None)],
)
def test_believe_no_call_to_have_taken_for_ever(elapsed_ms: object, said: str | None) -> None:
    assert took(elapsed_ms) == said
    assert in_words({"elapsed_ms": elapsed_ms}) != [("Took", "")]
