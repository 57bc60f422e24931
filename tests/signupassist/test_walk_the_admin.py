"""Walking every page of the admin, as everybody…"""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client

from accounts.models import User
from audit.models import MandateAudit
from tests.credentials.canary import found_in
from tests.roles import staff_with
from tests.signupassist.admin_walk import (
    DEEDS,
    DOERS,
    ROOMS,
    SAID,
    Page,
    contents,
    hidden,
    make_world,
    pages,
)

pytestmark = pytest.mark.once


@pytest.fixture
def world(parent: User) -> dict[type[Model], Any]:
    """A parent's whole signup, a registration for a person to settle, and a worker's day."""
    return make_world(parent)


@pytest.fixture
def browser(who: str, parent: User) -> Client:
    """The browser of one of them."""
    browser = Client()
    if who == "parent":
        browser.force_login(parent)
    elif who == "superuser":
        browser.force_login(User.objects.create_superuser("root@example.com", "a pass phrase"))
    elif who != "nobody":
        browser.force_login(staff_with(*([who] if who in {"auditor", "support"} else [])))
    return browser


@pytest.mark.parametrize("who", ROOMS)
def test_shows_what_their_role_allows_and_changes_nothing(
    who: str, browser: Client, world: dict[type[Model], Any], parent: User
) -> None:
    secrets = hidden(parent)
    looked_at = [page for page in pages(world) if page.name != "logout"]
    before = contents()
    wrong: list[Any] = []
    answered, linked = {}, set()

    for page in looked_at:
        answer = browser.get(page.path)
        text = answer.content.decode()
        answered[page.path] = answer.status_code
        linked |= set(re.findall(r'href="(/admin/[^"?]*)', text))
        told = found_in(text) + [secret for secret in secrets if secret in text]
        if answer.status_code not in page.expected(who)[0] or told:
            wrong.append((page.path, answer.status_code, told))
    for page in looked_at:
        if page.name in DEEDS and who in DOERS:
            continue  # done below
        answer = browser.post(page.path, SAID)
        if answer.status_code not in page.expected(who)[1]:
            wrong.append((f"POST {page.path}", answer.status_code, []))

    astray = [path for path in linked if (answered.get(path) or _status(browser, path)) >= 400]
    assert (wrong, astray) == ([], [])
    assert contents() == before


def _status(browser: Client, path: str) -> int:
    return browser.get(path).status_code


@pytest.mark.parametrize("who", sorted(DOERS))
@pytest.mark.parametrize(
    ("deed", "recorded"),
    [
        ("end_signup", "session_ended_by_staff"),
        ("registration_found", "registration_resolved"),
        ("registration_not_found", "registration_resolved"),
        ("disable_account", "user_disabled"),
        ("enable_account", None),  # it is enabled
    ],
)
def test_does_each_deed_once_and_records_it(
    who: str,
    deed: str,
    recorded: str | None,
    browser: Client,
    world: dict[type[Model], Any],
) -> None:
    page = next(page for page in pages(world) if page.name == deed)

    answers = [browser.post(page.path, SAID).status_code for _ in range(2)]

    by_staff = MandateAudit.objects.filter(actor__startswith="staff:")
    done = list(by_staff.exclude(action="audit_viewed").values_list("action", flat=True))
    assert done == ([recorded] if recorded else [])
    assert answers[0] == (302 if recorded else 409)


@pytest.mark.parametrize("who", [who for who in ROOMS if who not in {"nobody", "parent"}])
def test_begins_at_an_index_of_what_can_be_opened(
    who: str, browser: Client, world: dict[type[Model], Any]
) -> None:
    index = browser.get("/admin/").content.decode()
    content = index[index.index('id="content"') :]

    lists = {
        page.path for page in pages(world) if page.model in ROOMS[who] and page.kind == "changelist"
    }
    linked = set(re.findall(r'href="(/admin/\w+/\w+/)[^"]*"', content))
    assert linked == lists
    assert "/add/" not in content


def test_knows_every_room_and_no_other(world: dict[type[Model], Any]) -> None:
    assert set(admin.site._registry) == ROOMS["superuser"] == set(world)
    assert ROOMS["auditor"] | ROOMS["support"] == ROOMS["superuser"]


def test_has_deeds_that_are_pages_of_the_console(world: dict[type[Model], Any]) -> None:
    found: dict[str, Page] = {page.name: page for page in pages(world)}

    assert {name: found[name].model for name in DEEDS} == DEEDS
