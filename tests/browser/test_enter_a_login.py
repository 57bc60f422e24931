"""Entering a provider's login in its dialog…"""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.turns import (
    SESSION_ID,
    answer_with,
    button,
    card,
    problem,
    resuming,
    turn,
    wait_until,
)

pytestmark = pytest.mark.once

WHERE = {"provider": "skiclubpro", "org_ref": "blackhawk-ski", "session_id": SESSION_ID}
ASKING = turn(
    "Please log in.",
    card("Add your login", button("Enter a login", "show_login_dialog", "accent", **WHERE)),
    step="login",
)
CONNECT = turn(
    "How do you log in there?",
    card("Blackhawk Ski Club", button("Connect account", "connect_account", "accent")),
    step="login",
)
SAVED = {"id": "1b6f7f52-0c7e-4b66-9f0e-5d1c2b3a4f60", "alias": "Ours"}
CONNECTED = turn("You are connected.", step="program_selection", version=2)
EXISTS = problem(409, "credential_exists", "There is a login of this name already.")
TYPED = {"email": "pat@example.com", "password": "correct horse battery"}


def enter(page: Page) -> None:
    page.get_by_role("button", name="Enter a login").click()
    page.get_by_label("Name for this login").fill("Ours")
    page.get_by_label("E-mail at the provider").fill(TYPED["email"])
    page.get_by_label("Password at the provider").fill(TYPED["password"])
    page.get_by_role("button", name="Save and continue").click()


def test_posts_it_to_the_vault_and_only_its_id_to_the_chat(chat: Page) -> None:
    asked = answer_with(chat, [*resuming(ASKING), (201, SAVED), CONNECTED])

    chat.goto("/")
    enter(chat)
    expect(chat.get_by_text("You are connected.")).to_be_visible()

    vault, action = asked[-2:]
    assert vault == ("POST", "/api/v1/credentials", {"alias": "Ours", **WHERE, **TYPED})
    payload = {"credential_id": SAVED["id"]}
    assert action[2] == {"action": "credentials_submitted", "payload": payload}
    assert TYPED["password"] not in chat.content()
    expect(chat.locator("#login-password")).to_have_value("")
    assert chat.evaluate("localStorage.length + sessionStorage.length") == 0


def test_names_the_club_that_was_chosen(chat: Page) -> None:
    enter_one = card(
        "Add your login", button("Enter a login", "show_login_dialog", "accent", **WHERE)
    )
    enter_one["metadata"] = {"club": "Blackhawk Ski Club"}
    answer_with(chat, resuming(turn("Please log in.", enter_one, step="login")))

    chat.goto("/")
    chat.get_by_role("button", name="Enter a login").click()

    dialog = chat.get_by_role("dialog", name="Log in to Blackhawk Ski Club")
    expect(dialog.get_by_text("at Skiclubpro")).to_be_visible()
    expect(dialog.get_by_label("Name for this login")).to_have_value("My Blackhawk Ski Club login")


@pytest.mark.parametrize("saved", [0, 1])
def test_needs_one_press_where_there_is_none_to_choose(chat: Page, saved: int) -> None:
    ours = card("Ours", button("Use this login", "credentials_submitted", credential_id="1"))
    asking = {**ASKING, "cards": [*[ours] * saved, *ASKING["cards"]]}
    asking["session"] = {**ASKING["session"], "version": 2}
    answer_with(chat, [*resuming(CONNECT), asking])

    chat.goto("/")
    chat.get_by_role("button", name="Connect account").click()

    expect(chat.get_by_text("Please log in.")).to_be_attached()
    expect(chat.get_by_role("dialog")).to_be_visible(visible=not saved)
    if not saved:
        expect(chat.get_by_label("E-mail at the provider")).to_be_editable()
        chat.keyboard.press("Escape")
    expect(chat.get_by_role("button", name="Enter a login")).to_be_enabled()


def test_says_how_it_is_kept_before_anything_is_typed(chat: Page) -> None:
    answer_with(chat, resuming(ASKING))
    chat.goto("/")
    chat.get_by_role("button", name="Enter a login").click()

    kept = chat.get_by_role("dialog").get_by_role("listitem")

    expect(kept).to_contain_text(
        ["Sealed", "Each time it is opened", "delete: in your audit trail"]
    )


def test_offers_to_replace_one_of_the_same_name(chat: Page) -> None:
    asked = answer_with(chat, [*resuming(ASKING), EXISTS, SAVED, CONNECTED])

    chat.goto("/")
    enter(chat)
    chat.get_by_role("button", name="Replace the saved login").click()
    expect(chat.get_by_text("You are connected.")).to_be_visible()

    assert asked[-2][2] == {"alias": "Ours", **WHERE, **TYPED, "replace": True}


def test_keeps_the_name_of_a_refused_one_that_is_replaced(chat: Page) -> None:
    again = button("Replace this login", "show_login_dialog", **WHERE, alias="Ours", replace=True)
    refused = turn("The provider did not accept this login.", card("Ours", again), step="login")
    asked = answer_with(chat, [*resuming(refused), SAVED, CONNECTED])

    chat.goto("/")
    chat.get_by_role("button", name="Replace this login").click()
    expect(chat.get_by_label("Name for this login")).to_have_value("Ours")
    chat.get_by_label("E-mail at the provider").fill(TYPED["email"])
    chat.get_by_label("Password at the provider").fill(TYPED["password"])
    chat.keyboard.press("Enter")
    expect(chat.get_by_text("You are connected.")).to_be_visible()

    assert asked[-2][2] == {"alias": "Ours", **WHERE, **TYPED, "replace": True}


def test_asks_only_for_the_password_again_of_one_that_was_typed_here(chat: Page) -> None:
    again = button("Replace this login", "show_login_dialog", **WHERE, alias="Ours", replace=True)
    other = button("Replace another", "show_login_dialog", **WHERE, alias="Other", replace=True)
    refused = turn("It was refused.", card("Ours", again, other), step="login", version=2)
    answer_with(chat, [*resuming(ASKING), (201, SAVED), refused])
    chat.goto("/")
    enter(chat)

    chat.get_by_role("button", name="Replace this login").click()

    expect(chat.get_by_label("E-mail at the provider")).to_have_value(TYPED["email"])
    expect(chat.get_by_label("Password at the provider")).to_have_value("")
    expect(chat.get_by_label("Password at the provider")).to_be_focused()
    chat.keyboard.press("Escape")
    chat.get_by_role("button", name="Replace another").click()
    expect(chat.get_by_label("E-mail at the provider")).to_have_value("")
    assert chat.evaluate("localStorage.length + sessionStorage.length") == 0


def test_shows_what_is_wrong_inside_the_dialog(chat: Page) -> None:
    errors = {"email": ["Please enter an e-mail address."]}
    refusal = problem(400, "invalid_request", "Please check the marked fields.", errors=errors)
    answer_with(chat, [*resuming(ASKING), refusal])

    chat.goto("/")
    enter(chat)

    dialog = chat.get_by_role("dialog")
    expect(dialog.get_by_text("Please check the marked fields.")).to_be_visible()
    email = dialog.get_by_label("E-mail at the provider")
    expect(email).to_be_focused()
    expect(email).to_have_accessible_description("Please enter an e-mail address.")


@pytest.mark.parametrize("how", ["Escape", "Cancel"])
def test_uses_nothing_that_was_cancelled_on_its_way(chat: Page, how: str) -> None:
    asked = answer_with(chat, [*resuming(ASKING), CONNECTED])
    held: list[Route] = []
    chat.route("**/api/v1/credentials", lambda route: held.append(route))
    chat.goto("/")
    enter(chat)
    expect(chat.get_by_role("button", name="Saving…")).to_be_visible()

    if how == "Escape":
        chat.keyboard.press("Escape")
    else:
        chat.get_by_role("button", name="Cancel").click()
    chat.get_by_role("button", name="Enter a login").click()  # another try
    chat.get_by_label("Name for this login").fill("Other")
    wait_until(chat, lambda: bool(held))
    held.pop().fulfill(status=201, json=SAVED)

    expect(chat.get_by_text("“Ours” was saved before you cancelled. It has not")).to_be_attached()
    expect(chat.get_by_label("Name for this login")).to_have_value("Other")
    expect(chat.get_by_role("button", name="Save and continue")).to_be_enabled()
    assert len(asked) == 2, "nothing was told to the chat"
    chat.keyboard.press("Escape")
    chat.get_by_role("button", name="Use “Ours”").click()
    expect(chat.get_by_text("You are connected.")).to_be_visible()
    assert asked[-1][2]["payload"] == {"credential_id": SAVED["id"]}


def test_forgets_the_password_when_it_is_cancelled(chat: Page) -> None:
    asked = answer_with(chat, resuming(ASKING))

    chat.goto("/")
    chat.get_by_role("button", name="Enter a login").click()
    chat.get_by_label("Password at the provider").fill(TYPED["password"])
    chat.keyboard.press("Escape")

    expect(chat.get_by_role("dialog")).to_be_hidden()
    expect(chat.locator("#login-password")).to_have_value("")
    assert len(asked) == 2, "nothing was posted"
    expect(chat.get_by_role("button", name="Enter a login")).to_be_focused()
