"""A turn costs…"""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.asked import plain
from tests.orchestrator.chat import ANSWERS, FULL, Chat

READ = "SELECT agentic_checkout_sessions"
RECORD = "INSERT mandate_audit"
WRITE = "UPDATE agentic_checkout_sessions"
ADD_TURN, ANSWER_TURN = "INSERT session_turns", "UPDATE session_turns"
LOGINS, TRAIL = "SELECT stored_credentials", "SELECT mandate_audit"
START, END = "SAVEPOINT", "RELEASE"  # what a transaction is inside that of a test

AT_ONCE = [READ, START, RECORD, WRITE, ADD_TURN, END]
CLAIM = [READ, START, WRITE, ADD_TURN, RECORD, END]
FINISH = [START, WRITE, ANSWER_TURN, END]

TABLE = re.compile(r'(?:^\s*UPDATE|INTO|FROM)\s+"?(\w+)')


def statements_of(deed: Callable[[], object]) -> list[str]:
    """Return what a deed asks the database: verb and table of each statement."""
    with CaptureQueriesContext(connection) as asked:
        deed()
    texts = [plain(query["sql"]) for query in asked]
    return [" ".join([text.split()[0], *TABLE.findall(text)[:1]]) for text in texts]


def test_one_reading_and_one_short_transaction_where_no_tool_is_asked(chat: Chat) -> None:
    chat.walk_to("program_selection")

    assert statements_of(lambda: chat.say("How does this work?")) == AT_ONCE


@pytest.mark.parametrize(
    ("action", "payload"), [("edit_form", {}), ("change_program", {}), ("cancel_registration", {})]
)
def test_the_same_for_a_button(chat: Chat, action: str, payload: dict[str, object]) -> None:
    chat.walk_to("confirmation")

    assert statements_of(lambda: chat.press(action, **payload)) == AT_ONCE


def test_the_same_for_the_form(chat: Chat) -> None:
    chat.walk_to("form_fill")

    assert statements_of(lambda: chat.press("submit_form", answers=ANSWERS)) == AT_ONCE


def test_a_look_at_the_saved_logins_where_they_are_offered(chat: Chat) -> None:
    chat.walk_to("login")

    assert statements_of(lambda: chat.press("connect_account")) == [READ, LOGINS, *AT_ONCE[1:]]


def test_two_short_transactions_around_a_tool(chat: Chat) -> None:
    chat.walk_to("program_selection")
    open_login = [START, TRAIL, LOGINS, RECORD, END]

    asked = statements_of(lambda: chat.press("select_program", program_ref=FULL))

    assert asked == [*CLAIM, *open_login, RECORD, *FINISH]


def test_no_more_the_longer_the_signup_lasts(chat: Chat) -> None:
    chat.walk_to("program_selection")
    for _ in range(5):
        chat.say("How does this work?")

    assert statements_of(lambda: chat.say("How does this work?")) == AT_ONCE
