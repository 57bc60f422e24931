"""Slips of the finger are mended…"""

import pytest

from orchestrator.understanding.commands import SPELLING

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("cancle", "cancel"),
        ("comfirm", "confirm"),
        ("contineu", "continue"),
        ("diffrent", "different"),
        ("nxet", "next"),
        ("ocnfirm", "confirm"),
    ],
)
def test_in_words_that_command(said: str, meant: str) -> None:
    assert SPELLING.mend(said) == meant


@pytest.mark.parametrize(
    "said",
    ["summit", "cancer", "charge", "mother", "bark", "form", "from", "x" * 300, "zzzzqqq", "7"],
)
def test_but_not_in_words_that_are_right(said: str) -> None:
    assert SPELLING.mend(said) == said


def test_nor_in_names_that_are_shown() -> None:
    assert SPELLING.mend("cancle", {"cancle"}) == "cancle"
