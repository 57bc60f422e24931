"""Saying what happened, in a parent's words…"""

import pytest

from audit import words
from audit.actions import Action
from audit.kinds import topic_of

pytestmark = pytest.mark.once


@pytest.mark.parametrize("action", Action.values)
def test_there_is_a_sentence_for_every_action_whoever_did_it(action: str) -> None:
    said = [words.sentence(action, {}, is_own_deed=is_own) for is_own in (True, False)]
    assert said == [str(words.YOU.get(action) or words.DONE[action]), str(words.DONE[action])]
    assert [one[-1] for one in said] == [".", "."]
    assert action not in words.YOU or not said[1].startswith("You ")


@pytest.mark.parametrize("action", Action.values)
def test_every_action_has_one_topic_to_ask_for(action: str) -> None:
    assert [topic for topic in words.TOPICS if action in topic.actions] == [topic_of(action)]


@pytest.mark.parametrize("purpose", words.PURPOSES)
def test_an_opening_says_what_for(purpose: str) -> None:
    said = words.sentence(Action.CREDENTIALS_ACCESSED, {"purpose": purpose}, is_own_deed=True)
    assert said == f"Your saved login was opened {words.PURPOSES[purpose]}."


@pytest.mark.parametrize("tool", words.ASKED)
def test_a_call_says_what_was_asked_and_whether_it_failed(tool: str) -> None:
    done, failed = (
        words.sentence(action, {"tool": tool}, is_own_deed=True)
        for action in (Action.TOOL_SUCCEEDED, Action.TOOL_FAILED)
    )
    assert (done, failed) == (str(words.ASKED[tool]), str(words.FAILED[tool]))


def test_a_purpose_or_tool_that_is_new_is_left_out() -> None:
    for odd in ("of_tomorrow", None, ["a", "list"], {"a": "map"}):
        said = words.sentence(Action.CREDENTIALS_ACCESSED, {"purpose": odd}, is_own_deed=False)
        assert said == "Your saved login was opened."
        said = words.sentence(Action.TOOL_FAILED, {"tool": odd}, is_own_deed=False)
        assert said == "A provider was asked, and that failed."


def test_an_action_that_is_new_is_said_by_its_name() -> None:
    assert words.sentence("dog_walked_twice", {}, is_own_deed=True) == "Dog walked twice."


def test_nobody_is_told_that_they_did_what_others_did() -> None:
    said = words.sentence(Action.SESSION_DELETED, {}, is_own_deed=False)
    assert said == "This signup was deleted."
