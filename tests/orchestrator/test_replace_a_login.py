"""Replacing the login of a signup that cannot go on with it…"""

import pytest

from audit.models import MandateAudit
from credentials.models import StoredCredential
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import SATURDAY, Chat

UNREADABLE = "This saved login cannot be opened. It was kept; please enter it again."


def replace_as_offered(chat: Chat, password: str) -> str:
    """Post what the dialog of the last answer's first card posts, and return the login's id."""
    [card] = chat.read()["last_turn"]["cards"]
    offered = card["buttons"][0]
    assert offered["action"] == "show_login_dialog"
    assert "password" not in str(offered)
    typed = {"email": "pat@ski.example", "password": password}
    return str(chat.client.post("/api/v1/credentials", offered["payload"] | typed).json()["id"])


@pytest.mark.parametrize("org_ref", ["blackhawk-ski", ""])
@pytest.mark.django_db
def test_keeps_its_place_whatever_clubs_it_serves(chat: Chat, org_ref: str) -> None:
    chat.walk_to("login")
    refused = chat.save_login(password="wrong-password", org_ref=org_ref)
    chat.press("connect_account")
    chat.press("credentials_submitted", credential_id=refused)
    assert chat.last["code"] == "login_failed"

    replaced = replace_as_offered(chat, "a good one")
    chat.press("credentials_submitted", credential_id=replaced)

    assert replaced == refused
    assert StoredCredential.objects.get().org_ref == org_ref
    assert (chat.status, chat.step) == (200, "program_selection")
    assert chat.trail().count("credentials_replaced") == 1


@pytest.mark.django_db
def test_is_offered_as_long_as_the_provider_does_not_accept_it(chat: Chat) -> None:
    chat.walk_to("login")
    refused = chat.save_login(password="wrong-password", alias="Mine")
    chat.press("connect_account")
    chat.press("credentials_submitted", credential_id=refused)
    good = chat.save_login(alias="Ours")

    offered = chat.press("connect_account")["cards"]

    assert [card["title"] for card in offered] == ["Ours", "Mine", "Another login"]
    assert offered[0]["buttons"][0]["label"] == "Use this login"
    assert offered[1]["subtitle"] == "Saved login · the provider did not accept it just now"
    replacing, again = offered[1]["buttons"]
    assert replacing["payload"]["replace"] is True
    assert (again["action"], again["payload"]) == (
        "credentials_submitted",
        {"credential_id": refused},
    )
    state = AgenticCheckoutSession.objects.get().state
    assert state["declined"] == [refused]
    assert "wrong-password" not in str(state)
    chat.press("credentials_submitted", credential_id=good)
    assert chat.step == "program_selection"


@pytest.mark.django_db
def test_lets_it_be_offered_as_any_other_once_it_was_accepted(chat: Chat) -> None:
    chat.walk_to("login")
    refused = chat.save_login(password="wrong-password")
    chat.press("connect_account")
    chat.press("credentials_submitted", credential_id=refused)
    chat.last = chat.read()["last_turn"]
    replace_as_offered(chat, "a good one")

    chat.press("credentials_submitted", credential_id=refused)

    assert chat.step == "program_selection"
    assert AgenticCheckoutSession.objects.get().state["declined"] == []


def damage() -> str:
    """Damage every saved login, and return what it was damaged to."""
    damaged = "sa1.0000000000000000.AAAA"
    StoredCredential.objects.update(ciphertext=damaged)
    return damaged


@pytest.mark.django_db
def test_goes_on_after_one_that_cannot_be_read(chat: Chat) -> None:
    chat.walk_to("program_selection")
    damaged = damage()
    chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, chat.last["code"], chat.last["detail"]) == (
        500,
        "credential_unreadable",
        UNREADABLE,
    )
    assert StoredCredential.objects.get().ciphertext == damaged, "it was kept"
    assert MandateAudit.objects.filter(action="credentials_access_failed").count() == 1
    assert (chat.read()["step"], chat.last["last_turn"]["message"]) == ("login", UNREADABLE)

    replaced = replace_as_offered(chat, "a good one")
    chat.press("credentials_submitted", credential_id=replaced)

    assert (chat.status, chat.step) == (200, "program_selection")
