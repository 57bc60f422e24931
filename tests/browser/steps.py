"""The steps of a signup as people take them: with a mouse, a finger or the keyboard.

    walk = Walk(page, hands=Finger())
    walk.to_the_form()
    walk.fill_in_the_form()
    walk.confirm()

Everything is found by what a screen reader says of it, so that a page may look as it likes.
"""

import re
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from playwright.sync_api import Locator, Page, expect

LOGIN = "pat@example.com"
PASSWORD_OF_THE_CLUB = "a password of the club"
ANSWERS = {
    "email": "pat@example.com",
    "tel": "608-555-0123",
    "number": "8",
    "date": "2018-05-31",
    "text": "Emma Larsen",
}
MOST_TABS = 80


class Hands(Protocol):
    """How somebody works a page."""

    def press(self, what: Locator) -> None:
        """Press a button or a link."""

    def write(self, where: Locator, text: str) -> None:
        """Write into a field, in place of what is there."""

    def choose(self, where: Locator) -> None:
        """Choose the second of the options: the first may be none."""

    def tick(self, what: Locator) -> None:
        """Tick a box."""


class Mouse:
    """A mouse, and a keyboard to write with."""

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, where: Locator, text: str) -> None:
        where.fill(text)

    def choose(self, where: Locator) -> None:
        where.select_option(index=1)

    def tick(self, what: Locator) -> None:
        what.check()


class Finger(Mouse):
    """A finger on a screen, which brings up a keyboard where there is something to write."""

    def press(self, what: Locator) -> None:
        what.tap()

    def write(self, where: Locator, text: str) -> None:
        where.tap()
        where.fill(text)

    def tick(self, what: Locator) -> None:
        what.tap()


class Keys:
    """A keyboard and nothing else: what Tab does not lead to cannot be had."""

    def press(self, what: Locator) -> None:
        _tab_to(what)
        what.page.keyboard.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        _tab_to(where)
        if where.get_attribute("type") == "date":  # month, day and year, each typed by itself
            year, month, day = text.split("-")
            where.page.keyboard.type(f"{month}{day}{year}")
        else:
            where.page.keyboard.press("ControlOrMeta+a")
            where.page.keyboard.type(text)

    def choose(self, where: Locator) -> None:
        _tab_to(where)
        where.page.keyboard.press("ArrowDown")

    def tick(self, what: Locator) -> None:
        _tab_to(what)
        what.page.keyboard.press("Space")


def _tab_to(what: Locator) -> None:
    """Press Tab, or Shift+Tab where it is shorter, until this has the focus."""
    expect(what).to_be_enabled()
    is_behind = """each => document.activeElement.compareDocumentPosition(each)
      & Node.DOCUMENT_POSITION_PRECEDING"""
    key = "Shift+Tab" if what.evaluate(is_behind) else "Tab"
    for _ in range(MOST_TABS):
        if what.evaluate("each => each === document.activeElement"):
            return
        what.page.keyboard.press(key)
    pytest.fail(f"{key} does not lead to {what}")


@dataclass
class Walk:
    """Somebody who signs a child up, and the page that they do it on."""

    page: Page
    hands: Hands = field(default_factory=Mouse)

    @property
    def newest(self) -> Locator:
        """Return the newest answer of the chat, once nothing is being worked on."""
        expect(self.page.locator(".typing")).to_have_count(0)
        return self.page.locator(".turn").last

    def at(self, step: str) -> None:
        """Wait until the signup is at this step, named as on the page."""
        expect(self.page.locator("[data-step-words]")).to_contain_text(step)

    def press(self, name: str) -> None:
        """Press the button of this name in the newest answer."""
        self.hands.press(self.newest.get_by_role("button", name=name).first)

    def say(self, text: str) -> None:
        """Send a message."""
        message = self.page.get_by_label("Your message")
        expect(message).to_be_enabled()
        self.hands.write(message, text)
        self.page.keyboard.press("Enter")

    def find_the_club(self) -> None:
        """Search, and choose what was found: to the step Log in."""
        self.say("Blackhawk Ski Club in Middleton")
        club = self.page.locator(".turn-card", has_text="Blackhawk Ski Club").first
        self.hands.press(club.get_by_role("button").first)
        self.at("Log in")

    def connect(self, password: str = PASSWORD_OF_THE_CLUB) -> None:
        """Give the club's login: the provider answers with its programs, or refuses it."""
        first = self.newest.get_by_role("button", name="Connect account")
        other = self.newest.get_by_role("button", name=re.compile("Enter a login|Replace"))
        expect(first.or_(other).first).to_be_visible()
        if first.count():
            self.press("Connect account")
            expect(other).to_be_visible()
        if not self.page.get_by_role("dialog").is_visible():  # it opens where none is saved
            self.hands.press(other)
        self.hands.write(self.page.get_by_label("E-mail at the provider"), LOGIN)
        self.hands.write(self.page.get_by_label("Password at the provider"), password)
        self.hands.press(self.page.get_by_role("button", name="Save and continue"))

    def choose_a_program(self) -> None:
        """Choose the Saturday program, which has its prerequisites in place: to the step Form."""
        program = self.newest.locator(".turn-card", has_text="Nordic Kids: Saturday")
        self.hands.press(program.get_by_role("button").first)
        self.at("Checks")
        self.press("Continue")
        self.at("Form")

    def fill_in_the_form(self) -> None:
        """Give every field a fitting answer and send them: to the step Confirm."""
        form = self.newest.locator("form")
        expect(form).to_be_visible()
        for control in form.locator("input, select, textarea").all():
            kind = control.get_attribute("type") or control.evaluate("each => each.localName")
            if kind == "checkbox":
                self.hands.tick(control)
            elif kind == "select":
                self.hands.choose(control)
            else:
                self.hands.write(control, ANSWERS.get(kind, ANSWERS["text"]))
        self.press("Continue")
        self.at("Confirm")

    def to_the_programs(self) -> None:
        """Walk from the greeting to the step Program."""
        self.find_the_club()
        self.connect()
        self.at("Program")

    def to_the_confirmation(self) -> None:
        """Walk from the greeting to the step Confirm."""
        self.to_the_programs()
        self.choose_a_program()
        self.fill_in_the_form()

    def confirm(self) -> None:
        """Register; what becomes of it is another matter."""
        self.press("Confirm registration")


def log_in(page: Page, email: str, password: str) -> None:
    """Log in where the page asks for it, until it leads elsewhere."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/auth" not in url)
