"""However a message is made, reading it takes no longer than a moment…"""

import time

import pytest

from orchestrator.understanding.parser import understand
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once

LONGEST = 2_000
SECONDS = 1.0  # of this processor; some 0.1 are needed, and a runaway pattern takes minutes

CRAFTED = {
    "one word": "a" * LONGEST,
    "one number": "9" * LONGEST,
    "many numbers": "1 " * 1_000,
    "many misspelt words": " ".join(f"courze{index}" for index in range(250)),
    "ages": "ages 1 to 2 " * 160,
    "clocks": "9:00-" * 400,
    "money": "$1," * 660,
    "days": "mon-" * 500,
    "denials": "not the " * 250,
    "changes of mind": "sorry the saturday " * 105,
    "reasons": "because " * 250,
    "children": "for my daughter " * 125,
    "places": "Camp In " * 250,
    "brackets": "(a" * 1_000,
    "quotes": "'" * LONGEST,
    "commas": ", " * 1_000,
    "characters that unfold": "\ufdfa" * LONGEST,
}


@pytest.mark.parametrize("plan", ["several_clubs", "ski_programs"])
@pytest.mark.parametrize("crafted", CRAFTED)
def test_where_much_is_shown(plan: str, crafted: str) -> None:
    before = time.process_time()
    understand(PLANS[plan], CRAFTED[crafted][:LONGEST])

    assert time.process_time() - before < SECONDS
