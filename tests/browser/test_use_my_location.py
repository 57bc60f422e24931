"""Using the parent's location…"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.turns import answer_with, card, resuming, turn

pytestmark = pytest.mark.once


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def test_sends_it_only_after_it_was_pressed_for_rounded_and_for_searches_alone(chat: Page) -> None:
    place = card("Nordic Mountain", metadata={"attribution": "Google Maps", "supported": False})
    found = turn("I found one.", place, version=2, meta={"source": "google"})
    login = turn("Log in.", step="login", version=4)
    asked = answer_with(chat, [*resuming(turn("Which?")), found, found, found, login, login])
    chat.context.grant_permissions(["geolocation"])
    chat.context.set_geolocation({"latitude": 43.07312, "longitude": -89.40123})
    chat.goto("/")
    use = chat.get_by_role("button", name="Use my location")

    say(chat, "ski")
    expect(chat.locator(".card-attribution")).to_have_text("Google Maps")
    use.focus()
    chat.keyboard.press("Enter")
    expect(chat.get_by_text("I will look near you first.")).to_be_visible()
    say(chat, "swim")
    expect(chat.get_by_text("I found one.")).to_have_count(2)
    chat.get_by_role("button", name="Forget my location").click()
    expect(use).to_be_visible()
    say(chat, "camp")
    expect(chat.get_by_text("I found one.")).to_have_count(3)
    use.click()
    expect(chat.get_by_text("I will look near you first.")).to_be_visible()
    say(chat, "golf")
    expect(chat.get_by_text("Log in.")).to_be_visible()
    expect(chat.get_by_role("button", name="Forget my location")).to_be_hidden()
    say(chat, "what now?")
    expect(chat.get_by_text("Log in.")).to_have_count(2)

    near = {"location": {"lat": 43.07, "lng": -89.4}}
    assert [body for method, _, body in asked if method == "POST"] == [
        {"message": "ski"},
        {"message": "swim"} | near,
        {"message": "camp"},
        {"message": "golf"} | near,
        {"message": "what now?"},
    ]
    kept = chat.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "43.07" not in kept


def test_goes_on_where_it_is_refused(chat: Page) -> None:
    answer_with(chat, resuming(turn("Which?")))
    chat.context.clear_permissions()
    chat.goto("/")
    chat.get_by_role("button", name="Use my location").click()
    expect(chat.get_by_text("A town in your message does as well.")).to_be_visible()
    expect(chat.get_by_role("button", name="Send")).to_be_enabled()
