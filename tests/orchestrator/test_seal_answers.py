"""Sealing what parents answer about their children…"""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from credentials import services as vault
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import ANSWERS, SATURDAY, Chat

pytestmark = pytest.mark.django_db


def sealed(chat: Chat) -> str:
    """Return the answers as the session's state holds them."""
    text = AgenticCheckoutSession.objects.get(pk=chat.id).state["answers"]
    assert isinstance(text, str)
    return text


def put(chat: Chat, text: str) -> None:
    """Let the session's state hold this instead of the answers."""
    session = AgenticCheckoutSession.objects.get(pk=chat.id)
    AgenticCheckoutSession.objects.filter(pk=chat.id).update(
        state=session.state | {"answers": text}
    )


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the labels of what is opened, as it happens."""
    opened: list[str] = []
    really_open = vault.open_json

    def open_json(text: str, **place: Any) -> Any:
        opened.append(place["label"])
        return really_open(text, **place)

    monkeypatch.setattr(vault, "open_json", open_json)
    return opened


def test_uses_the_first_key_of_the_ring(chat: Chat) -> None:
    chat.walk_to("confirmation")

    assert sealed(chat).startswith(f"sa1.{vault.ring().primary.id}.")


def test_shows_nothing_of_how_long_they_are(chat: Chat) -> None:
    chat.walk_to("form_fill")

    lengths = set()
    for name in ("Bo", "Maximiliane Alexandra"):
        chat.press("submit_form", answers=ANSWERS | {"child_name": name})
        lengths.add(len(sealed(chat)))
        chat.press("edit_form")

    assert len(lengths) == 1


def test_lets_no_session_open_those_of_another(chat: Chat, parent: User) -> None:
    other = Chat(parent)
    other.walk_to("login")
    other.press("credentials_submitted", credential_id=other.save_login(alias="Grandma's"))
    other.walk_to("confirmation")
    chat.walk_to("confirmation")
    put(chat, sealed(other))

    chat.press("edit_form")

    assert (chat.status, chat.last["code"]) == (500, "credential_unreadable")
    assert chat.read()["step"] == "confirmation"


def test_lets_no_person_open_those_of_another(chat: Chat, stranger: User) -> None:
    chat.walk_to("confirmation")
    AgenticCheckoutSession.objects.filter(pk=chat.id).update(user=stranger)
    theirs = Chat(stranger)
    theirs.id = chat.id

    theirs.press("edit_form")

    assert (theirs.status, theirs.last["code"]) == (500, "credential_unreadable")


def test_tells_answers_from_all_else_that_the_session_seals(chat: Chat) -> None:
    chat.walk_to("confirmation")
    session = AgenticCheckoutSession.objects.get(pk=chat.id)
    search = vault.seal_json(
        ANSWERS,
        table="agentic_checkout_sessions",
        row_id=session.pk,
        user_id=session.user_id,
        label="search",
    )
    put(chat, search)

    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (500, "credential_unreadable")
    assert "registration_submitted" not in chat.trail()


def test_opens_them_with_an_older_key(chat: Chat, settings: Settings) -> None:
    chat.walk_to("confirmation")
    before = vault.ring().primary
    settings.CRED_SEAL_KEY = f"{ANOTHER_KEY},{settings.CRED_SEAL_KEY}"

    chat.press("edit_form")

    assert {field["name"]: field["value"] for field in chat.last["form"]} == ANSWERS
    assert sealed(chat).startswith(f"sa1.{before.id}.")
    chat.press("submit_form", answers=ANSWERS)
    assert sealed(chat).startswith(f"sa1.{vault.ring().primary.id}.")


def test_keeps_them_while_their_key_is_missing(chat: Chat, settings: Settings) -> None:
    chat.walk_to("confirmation")
    key, summary, kept = settings.CRED_SEAL_KEY, chat.summary, sealed(chat)

    settings.CRED_SEAL_KEY = ANOTHER_KEY
    chat.press("confirm_registration", summary=summary)
    assert (chat.status, chat.last["code"]) == (503, "key_unavailable")
    assert sealed(chat) == kept

    settings.CRED_SEAL_KEY = key
    chat.press("confirm_registration", summary=summary)
    assert chat.step == "completed"


@pytest.mark.parametrize(
    ("step", "action", "payload"),
    [
        ("form_fill", "submit_form", {"answers": ANSWERS}),
        ("confirmation", "edit_form", {}),
        ("confirmation", "confirm_registration", None),
    ],
)
def test_opens_them_for_the_form_the_confirmation_and_the_submission(
    chat: Chat, openings: list[str], step: str, action: str, payload: dict[str, Any] | None
) -> None:
    chat.walk_to(step)
    openings.clear()

    chat.press(action, **({"summary": chat.summary} if payload is None else payload))

    assert chat.status == 200
    assert openings.count("answers") == 1


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("change_program", {}),
        ("change_provider", {}),
        ("cancel_registration", {}),
        ("reset", {}),
        ("select_program", {"program_ref": SATURDAY}),
        ("no_such_action", {}),
    ],
)
def test_opens_them_for_nothing_else(
    chat: Chat, openings: list[str], action: str, payload: dict[str, Any]
) -> None:
    chat.walk_to("confirmation")
    openings.clear()

    chat.press(action, **payload)

    assert "answers" not in openings


def test_opens_them_for_no_list_and_no_reload(chat: Chat, openings: list[str]) -> None:
    chat.walk_to("confirmation")
    openings.clear()

    assert chat.read()["last_turn"]["cards"]
    assert chat.client.get("/api/v1/sessions").json()["results"]

    assert [label.split()[0] for label in openings] == ["turn"]  # the dialogue, sealed for itself


def test_lets_a_parent_go_on_when_they_are_damaged(chat: Chat) -> None:
    chat.walk_to("confirmation")
    put(chat, sealed(chat)[:-20] + "A" * 18 + "==")
    chat.press("edit_form")
    assert (chat.status, chat.last["code"]) == (500, "credential_unreadable")

    chat.press("change_program")
    chat.walk_to("completed")

    assert chat.step == "completed"
