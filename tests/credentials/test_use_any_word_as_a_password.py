"""A parent's password may be any word, be it one of our own: it…"""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.mock.tools import MockTools
from tests.orchestrator.chat import Chat


@pytest.fixture
def chat(parent: User, just_logged_in: Callable[..., APIClient]) -> Chat:
    return Chat(parent, just_logged_in(parent, at=timezone.now()))


def connect(chat: Chat, password: str) -> str:
    """Save the login, let the provider see it, and return its id."""
    chat.walk_to("login")
    credential_id = chat.save_login(password)
    chat.press("credentials_submitted", credential_id=credential_id)
    return credential_id


@pytest.mark.parametrize(
    "password",
    [
        "source",  # a key of our records
        "submit_registration",  # a tool, and what a login is opened for
        "membership",  # a prerequisite of the samples
        "participant",  # the role of a field
        "confirmed",  # how a booking stands
        "skiclubpro",  # the provider
        "blackhawk-saturday-nordic",  # the program
        "a1b2",  # within any digest, some day
    ],
)
def test_signs_up_and_is_shown_to_its_owner(chat: Chat, password: str) -> None:
    credential_id = connect(chat, password)
    chat.walk_to("completed")
    revealed = chat.client.post(f"/api/v1/credentials/{credential_id}/reveal").json()

    assert chat.last["session"]["status"] == "completed"
    assert revealed["password"] == password
    booked = MandateAudit.objects.get(action="registration_completed")
    assert (booked.provider, booked.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert booked.program_ref == "blackhawk-saturday-nordic"
    assert MandateAudit.objects.filter(action="tool_succeeded").count() == 5
    assert "[sealed]" not in str(list(MandateAudit.objects.values()))


def test_is_taken_out_of_what_is_told_of_a_booking_which_is_told_all_the_same(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, password = MockTools.call, "Nightjar-7319!"
    connect(chat, password)
    chat.walk_to("confirmation")

    def call(self: MockTools, tool: Any, args: Any) -> Any:
        booked = real(self, tool, args)
        if "answers" in args:
            booked = booked | {"confirmation_ref": password, "message": f"Log in with {password}!"}
        return booked

    monkeypatch.setattr(MockTools, "call", call)
    monkeypatch.setattr(  # as if it had not been looked at when it was chosen
        "orchestrator.services.calls.about", lambda _: {"program_ref": f"for-{password}"}
    )
    chat.press("confirm_registration", summary=chat.summary)

    row = RegistrationSubmission.objects.get()
    assert (chat.status, chat.last["session"]["status"]) == (200, "completed")
    assert (row.status, row.confirmation_ref) == ("confirmed", "[sealed]")
    assert row.message == "Log in with [sealed]!"
    told = MandateAudit.objects.get(action="tool_succeeded", metadata__tool="submit_registration")
    assert (told.program_ref, told.metadata["source"]) == ("[sealed]", "mock")
    assert MandateAudit.objects.filter(action="registration_completed").exists()
