"""Looking after one's saved logins on their page…"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, StorageState, expect

from tests.browser.conftest import PASSWORD, Served
from tests.browser.test_pages_are_sound import OVERFLOW, faults
from tests.browser.turns import problem, stop_the_clock

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]

LOGINS = "/mandates-audit/logins"
API = "/api/v1/credentials"
OURS = {"alias": "Ours", "org_ref": "blackhawk-ski"}
HOSTILE = '<b title="x">Grandma & Grandpa</b>'
SECRET = "correct horse battery"
# puts the button that asks where the dialog will have the one that does
LAY_UNDER = """([x, y]) => {
  const button = document.querySelector("[data-press=delete]");
  button.style.cssText = `position: fixed; left: ${x - 20}px; top: ${y - 10}px`;
}"""
TOO_OLD = problem(
    403,
    "reauthentication_required",
    "For your safety, please log in again before you do this.",
    redirect="/auth/reauthenticate",
)


@pytest.fixture
def owner(served: Served) -> StorageState:
    """The cookies of a parent who has just logged in, and cares for logins."""
    return served.cookies_of(next(served.parents))


def start_with(page: Page, *logins: dict[str, str]) -> Page:
    """Return the page once its parent has these logins and no others."""
    page.goto(LOGINS)
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    headers = {"X-CSRFToken": token}
    for old in page.request.get(API).json()["results"]:
        assert page.request.delete(f"{API}/{old['id']}", headers=headers).ok
    for login in logins:
        body = {"provider": "skiclubpro", "email": "pat@ski.example", "password": SECRET} | login
        assert page.request.post(API, data=body, headers=headers).ok
    page.reload()
    return page


@pytest.fixture
def page(open_page: OpenPage, owner: StorageState) -> Page:
    """The page of a parent with two logins."""
    return start_with(open_page(cookies=owner), OURS, {"alias": HOSTILE})


def item(page: Page, alias: str) -> Locator:
    """Return the login of this name in the list."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=alias))


def press(page: Page, name: str, alias: str) -> None:
    item(page, alias).get_by_role("button", name=name).click()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_is_sound_on_any_screen(
    open_page: OpenPage, owner: StorageState, complaints: list[str], width: int, dark: bool
) -> None:
    page = open_page(width=width, dark=dark, cookies=owner)

    start_with(page, OURS, {"alias": "A" * 80})
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    press(page, "Delete", "Ours")
    assert faults(page) == []
    page.keyboard.press("Escape")
    press(page, "Replace", "Ours")
    assert faults(page) == []

    page.goto(f"/auth/reauthenticate?next={LOGINS}")
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    assert complaints == []


def test_is_a_tab_beside_the_trail(page: Page) -> None:
    page.goto("/mandates-audit")
    trail, _, logins = page.get_by_role("tab").all()

    trail.focus()
    page.keyboard.press("ArrowLeft")
    expect(logins).to_be_focused()
    page.keyboard.press("Space")

    page.wait_for_url(f"**{LOGINS}")
    expect(page.get_by_role("tab", name="Saved logins")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Saved logins")).to_contain_text("Blackhawk Ski")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()


def test_says_what_a_login_was_opened_for(page: Page) -> None:
    expect(item(page, "Ours")).to_contain_text("Never opened yet.")
    page.goto("/")
    page.get_by_label("Your message").fill("Blackhawk Ski Club in Middleton")
    page.keyboard.press("Enter")
    card = page.locator(".turn-card", has_text="Blackhawk Ski Club").first
    card.get_by_role("button").first.click()
    page.get_by_role("button", name="Connect account").click()
    ours = page.locator(".turn-card", has=page.get_by_role("heading", name="Ours"))
    ours.get_by_role("button", name="Use this login").click()
    expect(page.get_by_text("You are connected.")).to_be_visible()

    page.goto(LOGINS)

    words = re.compile(r"Last opened \w+ \d+, \d{4}, \d+:\d\d\s[AP]M, to list the programs\.")
    expect(item(page, "Ours")).to_contain_text(words)
    exactly = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC$")
    expect(item(page, "Ours").locator("time").first).to_have_attribute("title", exactly)


def test_replaces_one_in_its_dialog(page: Page) -> None:
    press(page, "Replace", "Ours")
    expect(page.get_by_label("Name for this login")).to_have_value("Ours")
    expect(page.get_by_label("Name for this login")).not_to_be_editable()
    page.get_by_label("E-mail at the provider").fill("pat@ski.example")
    page.get_by_label("Password at the provider").fill("another one")
    with page.expect_request("**/api/v1/credentials") as asked:
        page.get_by_role("button", name="Save", exact=True).click()

    notice = page.get_by_text("“Ours” was replaced. From now on the new one is used.")
    expect(notice).to_be_focused()
    expect(item(page, "Ours")).to_contain_text("replaced")
    expect(item(page, "Ours")).not_to_contain_text("UTC")  # by the reader's clock, here too
    expect(page.get_by_role("listitem")).to_have_count(2)
    assert asked.value.post_data_json == {
        "alias": "Ours",
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "email": "pat@ski.example",
        "password": "another one",
        "replace": True,
    }
    assert "another one" not in page.content()
    expect(page.locator("#login-password")).to_have_value("")


def test_says_that_one_is_new_where_the_old_one_was_deleted_meanwhile(
    page: Page, open_page: OpenPage
) -> None:
    elsewhere = open_page(cookies=page.context.storage_state())
    elsewhere.goto(LOGINS)
    press(elsewhere, "Delete", "Ours")
    elsewhere.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(elsewhere.get_by_text("“Ours” was deleted.")).to_be_visible()

    press(page, "Replace", "Ours")
    page.get_by_label("E-mail at the provider").fill("pat@ski.example")
    page.get_by_label("Password at the provider").fill("another one")
    page.get_by_role("button", name="Save", exact=True).click()

    words = "“Ours” had been deleted meanwhile, so it was saved as a new login."
    expect(page.get_by_text(words)).to_be_focused()
    expect(item(page, "Ours")).to_contain_text("Never opened yet.")


def test_names_the_one_to_replace_to_the_letter(page: Page) -> None:
    of_old = "My\nlogin"  # of a time when such names were taken
    place = page.locator("[data-login][data-alias=Ours]")
    place.evaluate("(item, name) => { item.dataset.alias = name; }", of_old)

    press(page, "Replace", "Ours")
    page.get_by_label("E-mail at the provider").fill("pat@ski.example")
    page.get_by_label("Password at the provider").fill("another one")
    with page.expect_request("**/api/v1/credentials") as asked:
        page.get_by_role("button", name="Save", exact=True).click()

    posted = asked.value.post_data_json
    assert posted
    assert posted["alias"] == of_old


def test_deletes_one_only_after_asking(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Delete this login?")

    press(page, "Delete", HOSTILE)
    expect(dialog).to_contain_text(HOSTILE)
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("listitem")).to_have_count(2)
    press(page, "Delete", HOSTILE)
    dialog.get_by_role("button", name="Delete").click()

    expect(page.get_by_text("was deleted.")).to_be_focused()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.goto("/mandates-audit")
    expect(page.locator(".event-what").first).to_have_text("You deleted a saved login.")


def test_heeds_no_tap_too_many_on_what_opened_the_dialog(
    open_page: OpenPage, owner: StorageState
) -> None:
    page = open_page(width=390, cookies=owner)
    stop_the_clock(page)  # else a slow machine's second tap comes after the first half second
    start_with(page, OURS)
    dialog = page.get_by_role("dialog", name="Delete this login?")
    really = dialog.get_by_role("button", name="Delete")
    press(page, "Delete", "Ours")
    expect(really).to_be_visible()
    box = really.bounding_box()
    page.keyboard.press("Escape")
    assert box
    under = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(LAY_UNDER, list(under))

    page.mouse.dblclick(*under)
    expect(dialog).to_be_visible()
    page.mouse.click(*under)
    expect(dialog).to_be_visible()
    really.dispatch_event("click", {"detail": 2})  # a slow hand's second click
    expect(really).to_be_enabled()
    page.clock.run_for(500)
    really.click()  # waits until it can be pressed
    expect(page.get_by_text("was deleted.")).to_be_focused()


def test_takes_one_that_is_gone_already_for_deleted(page: Page, open_page: OpenPage) -> None:
    start_with(page, OURS)
    elsewhere = open_page(cookies=page.context.storage_state())
    elsewhere.goto(LOGINS)

    for window in (elsewhere, page):
        press(window, "Delete", "Ours")
        window.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(window.get_by_text("“Ours” was deleted.")).to_be_visible()

    expect(page.get_by_text("You have no saved logins.")).to_be_visible()


def test_asks_for_the_password_when_the_log_in_is_old_and_comes_back(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = start_with(log_in(open_page()), OURS)  # a session of its own: it gets a new key

    def refuse(route: Route) -> None:
        status, body = TOO_OLD
        route.fulfill(status=status, json=body, content_type="application/problem+json")

    page.route("**/api/v1/credentials/*", refuse, times=1)
    dialog = page.get_by_role("dialog", name="Delete this login?")
    press(page, "Delete", "Ours")
    dialog.get_by_role("button", name="Delete").click()

    page.wait_for_url("**/auth/reauthenticate?next=**")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Log in again").click()
    expect(page.get_by_text("That password does not match.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in again").click()

    page.wait_for_url(f"**{LOGINS}")
    expect(dialog).to_contain_text("“Ours” will be gone for good")
    expect(item(page, "Ours")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Ours” was deleted.")).to_be_visible()


def test_says_in_the_dialog_what_went_wrong(page: Page) -> None:
    page.route("**/api/v1/credentials/*", lambda route: route.abort())
    dialog = page.get_by_role("dialog", name="Delete this login?")
    press(page, "Delete", "Ours")
    dialog.get_by_role("button", name="Delete").click()

    expect(dialog.get_by_role("alert")).to_contain_text("cannot be reached right now")
    expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()
