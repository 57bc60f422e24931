"""A question that a parent asks in the middle of a signup is answered…"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from tests.asked import plain
from tests.orchestrator.chat import ANSWERS, CHILD, MISSING, SATURDAY, STEPS, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

NOT_YET = "Nothing has been sent yet: nothing is booked until you press “Confirm registration”."


def state_of(chat: Chat) -> tuple[object, ...]:
    """Return all that a question must leave as it is."""
    session = AgenticCheckoutSession.objects.get(pk=chat.id)
    return session.step, session.status, session.state, session.provider_id, session.expires_at


def shown(chat: Chat) -> tuple[Any, ...]:
    """Return what stands on the screen besides the words."""
    return chat.last["cards"], chat.last["cta"], chat.last["form"]


def test_at_every_step_which_stays_as_it_is(chat: Chat) -> None:
    for step in STEPS[:-1]:
        chat.walk_to(step)
        before, screen, trail = state_of(chat), shown(chat), chat.trail()

        chat.say("did it work?")

        assert chat.status == 200
        assert NOT_YET in chat.last["message"]
        assert (state_of(chat), shown(chat)) == (before, screen)
        assert chat.trail() == [*trail, "message_sent"]  # and no tool was asked


def test_from_the_programs_that_are_shown(chat: Chat) -> None:
    chat.walk_to("program_selection")
    chat.say("how much is Nordic Kids?")
    assert chat.last["message"].startswith("From the samples: Nordic Kids: Saturday: $180.00.")
    chat.say("is the jumping one full?")
    assert "Junior Jumping: Thursday: full." in chat.last["message"]
    chat.say("¿cuánto cuesta el miércoles?")
    assert "Alpine Beginners: Wednesday: $240.00" in chat.last["message"]
    assert chat.step == "program_selection"


def test_with_what_is_missing(chat: Chat) -> None:
    chat.walk_to("prerequisite_check", program=MISSING)
    chat.say("what is missing?")
    assert "Still missing: Club membership; On-snow safety course." in chat.last["message"]


def test_beside_the_form_answers_and_never_with_them(chat: Chat) -> None:
    chat.walk_to("confirmation")
    chat.press("edit_form")
    filled = chat.last["form"]
    for words in ("who sees this?", "what is required?", "how long do I have?", "what now?"):
        chat.say(words)
        assert chat.last["form"] == filled
        assert all(answer not in chat.last["message"] for answer in ANSWERS.values())
    assert filled[0]["value"] == CHILD


def test_and_recorded_by_its_topic_without_the_words(chat: Chat) -> None:
    chat.walk_to("login")
    chat.say("what do you do with my password hunter2?")
    row = MandateAudit.objects.get(action="message_sent", metadata__intent="question_login")
    assert row.metadata["step"] == "login"
    assert "hunter2" not in str(row.metadata)
    assert "hunter2" not in chat.last["message"]


@pytest.mark.once
def test_by_no_tool(chat: Chat, server: ToolsCallServer) -> None:
    chat.walk_to("program_selection")
    asked = len(server.calls)
    for words in ("how much is it?", "what else is there?", "did it work?", "is it real?"):
        chat.say(words)
        assert chat.last["meta"]["source"] is None
    assert len(server.calls) == asked
    assert "From the samples" not in chat.last["message"]


@pytest.mark.once
def test_after_a_tool_failed_with_the_retry_beside(
    chat: Chat, server: ToolsCallServer, settings: Settings
) -> None:
    settings.MCP_TIMEOUT_SECONDS = 0.3
    chat.walk_to("program_selection")
    server.script(Tool.CHECK_PREREQUISITES.mcp_name, Script(silent=True), times=1)
    chat.press("select_program", program_ref=SATURDAY)
    assert chat.status == 504
    for words in ("how much is it?", "what now?"):
        chat.say(words)
        assert chat.status == 200
        assert "retry_last" in chat.actions
    chat.press("retry_last")
    assert chat.step == "prerequisite_check"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (SubmissionStatus.NOT_CREATED, "Your registration was not sent. Nothing was booked."),
        (SubmissionStatus.REJECTED, "This program is full."),
    ],
)
def test_by_what_became_of_this_registration(
    chat: Chat, status: SubmissionStatus, said: str
) -> None:
    chat.walk_to("confirmation")
    registered(chat, UUID(chat.id), status, error_code="program_full" if "full" in said else "x")
    chat.say("is she registered?")
    assert chat.last["message"].startswith(said)


def test_by_own_registrations_for_this_program_alone(chat: Chat) -> None:
    chat.walk_to("confirmation")
    other = UUID(int=7)
    registered(chat, other, SubmissionStatus.CONFIRMED, confirmation_ref="MINE-1")
    registered(chat, other, SubmissionStatus.REJECTED, program_ref="another-program")
    registered(chat, other, SubmissionStatus.REJECTED, user_id=UUID(int=9))
    chat.say("did it go through?")
    message = chat.last["message"]
    assert message.startswith(f"{NOT_YET} In another signup for this program: ")
    assert "Its reference is MINE-1." in message
    assert message.count("In another signup") == 1


def test_by_the_newest_of_all_before_a_program_is_chosen(chat: Chat) -> None:
    registered(
        chat,
        UUID(int=7),
        SubmissionStatus.CONFIRMED,
        confirmation_ref="MINE-1",
        org_name="Blackhawk Ski Club",
        program_title="Nordic Kids: Saturday",
    )
    registered(chat, UUID(int=7), SubmissionStatus.REJECTED, user_id=UUID(int=9))
    chat.begin()
    chat.say("is Emma registered at Blackhawk?")
    message = chat.last["message"]
    assert message.startswith("Nothing of this signup has been sent yet. Your newest")
    assert "Nordic Kids: Saturday at Blackhawk Ski Club: confirmed, reference MINE-1" in message
    assert message.endswith("I cannot see here which child each is for.")
    assert "refused" not in message


def test_with_the_mark_of_a_sample_once_and_only_where_it_tells_of_one(chat: Chat) -> None:
    chat.walk_to("program_selection")
    chat.say("how much is Nordic Kids?")
    assert chat.last["message"].startswith("From the samples: ")
    assert "This is sample data" not in chat.last["message"]
    chat.say("do you sell my data?")
    assert "sample" not in chat.last["message"]


def registered(chat: Chat, session_id: UUID, status: SubmissionStatus, **more: Any) -> None:
    """Write down a registration for the program that this signup is about."""
    now = timezone.now() - timedelta(minutes=5)
    values = {
        "user_id": chat.user.pk,
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "program_ref": SATURDAY,
        "participant": f"{RegistrationSubmission.objects.count():064}",
        "is_real": False,
        "request_digest": "0" * 64,
        "created_at": now,
        "updated_at": now,
        **more,
    }
    RegistrationSubmission.objects.create(session_id=session_id, status=status, **values)


def test_with_at_most_one_question_to_the_database_more(chat: Chat) -> None:
    chat.walk_to("confirmation")
    usual = list(asked_of_database(chat, "qwertz uiop"))
    for words in ("how much is it?", "what do you do with my password?", "how long do I have?"):
        assert list(asked_of_database(chat, words)) == usual
    more = list(asked_of_database(chat, "did it work?"))
    assert len(more) == len(usual) + 1


def asked_of_database(chat: Chat, words: str) -> Iterator[str]:
    """Yield the verb of each statement that a message takes."""
    with CaptureQueriesContext(connection) as asked:
        chat.say(words)
    assert chat.status == 200
    for query in asked:
        yield plain(query["sql"]).split()[0]
