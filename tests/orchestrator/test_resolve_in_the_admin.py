"""In the admin, where staff settle registrations by hand…"""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.services import AuditUnavailableError
from orchestrator.models import RegistrationSubmission
from orchestrator.submissions import ledger
from tests.orchestrator.by_hand import (
    LATE,
    REASON,
    last_record,
    left_to_a_person,
    register_again,
    resolve,
)
from tests.orchestrator.chat import ANSWERS, Chat
from tests.servers.tools_call_server import ToolsCallServer

ROOM = "/admin/orchestrator/registrationsubmission/"


@pytest.fixture
def row(chat: Chat, server: ToolsCallServer) -> RegistrationSubmission:
    """A registration that was sent, that nobody could find, and that needs a person."""
    return left_to_a_person(chat, server)


@pytest.fixture
def browser(staff: User) -> Client:
    """The browser of a superuser."""
    browser = Client()
    browser.force_login(staff)
    return browser


def listed(browser: Client, **query: str) -> list[UUID]:
    return [one.pk for one in browser.get(ROOM, query).context["cl"].result_list]


def test_the_list_holds_what_needs_a_person(
    browser: Client, row: RegistrationSubmission, staff: User, stranger: User
) -> None:
    second = Chat(stranger)
    second.walk_to("completed")
    done = RegistrationSubmission.objects.exclude(pk=row.pk).get()
    assert listed(browser) == [done.pk, row.pk]
    assert listed(browser, needs="person") == [row.pk]
    assert listed(browser, status="confirmed") == [done.pk]

    RegistrationSubmission.objects.filter(pk=done.pk).update(late_answer_at=timezone.now())
    assert listed(browser, needs="person") == [done.pk, row.pk]
    resolve(row, staff)
    assert listed(browser, needs="person") == [done.pk]


def test_a_registration_is_found_by_id_or_person_and_nothing_less(
    browser: Client, row: RegistrationSubmission, parent: User, staff: User
) -> None:
    for term, found in {
        str(row.pk): True,
        str(row.session_id): True,
        f" {parent.pk} ": True,
        parent.email.upper(): True,
        staff.email: False,
        str(row.pk)[:8]: False,
        "%": False,
    }.items():
        assert listed(browser, q=term) == ([row.pk] if found else []), term


@pytest.mark.once
@pytest.mark.parametrize(
    "lookup", ["participant", "message__contains", "sealed_request__startswith", "response__a"]
)
def test_the_list_answers_no_question_about_what_is_not_shown(
    browser: Client, row: RegistrationSubmission, lookup: str
) -> None:
    assert browser.get(ROOM, {lookup: "x"}).status_code == 400


@pytest.mark.once
def test_no_page_shows_what_was_written(browser: Client, row: RegistrationSubmission) -> None:
    sealed = "sa1.canary-of-the-request"
    RegistrationSubmission.objects.update(
        message="Welcome, canary Emma", sealed_request=sealed, response={"message": "canary"}
    )
    hidden = [*ANSWERS.values(), "canary", "sa1.", row.participant, row.request_digest]

    for path in ("", f"?q={row.pk}", f"{row.pk}/change/", f"{row.pk}/found/", f"{row.pk}/history/"):
        page = browser.get(ROOM + path).content.decode()
        assert [words for words in hidden if words in page] == [], path


@pytest.mark.once
def test_the_page_says_whom_to_ask_for_what(
    browser: Client, row: RegistrationSubmission, parent: User
) -> None:
    page = browser.get(f"{ROOM}{row.pk}/change/").content.decode()

    for words in (
        "This registration needs a person",
        "Blackhawk Ski Club",
        str(row.pk),
        parent.email,
        "cannot be asked",
        f"{row.pk}/found/",
        f"{row.pk}/not-found/",
    ):
        assert words in page, words


@pytest.mark.once
@pytest.mark.parametrize("how", ["told_at", "mailed_at"])
def test_the_page_says_whether_the_parent_knows(
    browser: Client, row: RegistrationSubmission, how: str
) -> None:
    page = f"{ROOM}{row.pk}/change/"
    unheard = browser.get(page).content.decode()
    RegistrationSubmission.objects.filter(pk=row.pk).update(**{how: timezone.now()})
    heard = browser.get(page).content.decode()

    assert "The parent will be told that a person is checking" in unheard
    assert "The parent knows that a person is checking" in heard


def test_the_page_warns_of_two_bookings(
    browser: Client, chat: Chat, row: RegistrationSubmission, staff: User
) -> None:
    resolve(row, staff)
    register_again(chat)
    ledger.keep_late_answer(row, LATE, at=timezone.now())

    page = browser.get(f"{ROOM}{row.pk}/change/").content.decode()
    answer = browser.post(
        f"{ROOM}{row.pk}/found/",
        {"booked": "confirmed", "confirmation_ref": "LATE-1", "reason": REASON},
    )

    assert "there may be two bookings" in page
    assert "LATE-1" in page
    assert "both cannot stand" in answer.content.decode()


FOUND = {"booked": "waitlisted", "confirmation_ref": "BSC-9", "reason": REASON}


def test_a_click_settles_and_says_so(browser: Client, row: RegistrationSubmission) -> None:
    answer = browser.post(f"{ROOM}{row.pk}/found/", FOUND, follow=True)
    again = browser.post(f"{ROOM}{row.pk}/not-found/", {"reason": "No, wait."}, follow=True)

    now = RegistrationSubmission.objects.get()
    assert (now.status, now.confirmation_ref) == ("waitlisted", "BSC-9")
    assert "The parent will hear of it." in answer.content.decode()
    assert "settled already" in again.content.decode()
    assert "needs a person" not in again.content.decode()
    assert last_record().metadata["outcome"] == "waitlisted"


@pytest.mark.once
@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("found", FOUND | {"reason": ""}),
        ("found", FOUND | {"confirmation_ref": ""}),
        ("found", FOUND | {"booked": "rejected"}),
        ("found", {"reason": REASON}),
        ("not-found", {"reason": "  "}),
        ("not-found", {"reason": "x" * 501}),
        ("not-found", {"reason": "They know emma@example.com."}),
        ("not-found", {"reason": "Born on 2018-05-31, they said."}),
    ],
)
def test_a_form_that_is_not_filled_in_changes_nothing(
    browser: Client, row: RegistrationSubmission, page: str, typed: dict[str, str]
) -> None:
    answer = browser.post(f"{ROOM}{row.pk}/{page}/", typed)

    assert answer.status_code == 200
    assert "Nothing was written" in answer.content.decode()
    assert RegistrationSubmission.objects.get().status == "needs_operator"


@pytest.mark.once
def test_looking_changes_nothing(browser: Client, row: RegistrationSubmission) -> None:
    for page in ("found", "not-found"):
        assert browser.get(f"{ROOM}{row.pk}/{page}/", FOUND).status_code == 200
        assert browser.put(f"{ROOM}{row.pk}/{page}/").status_code == 405

    assert RegistrationSubmission.objects.get().status == "needs_operator"


@pytest.mark.once
def test_a_form_of_another_site_changes_nothing(staff: User, row: RegistrationSubmission) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff)

    assert browser.post(f"{ROOM}{row.pk}/found/", FOUND).status_code == 403
    assert RegistrationSubmission.objects.get().status == "needs_operator"


@pytest.mark.parametrize(
    ("rights", "seen", "settled"),
    [
        ([], 403, 403),
        (["view_registrationsubmission"], 200, 403),
        (["view_registrationsubmission", "resolve_registrationsubmission"], 200, 302),
    ],
)
def test_only_who_may_settle_registrations_does(
    stranger: User, row: RegistrationSubmission, rights: list[str], seen: int, settled: int
) -> None:
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser = Client()
    browser.force_login(stranger)

    page = browser.get(f"{ROOM}{row.pk}/change/")
    answer = browser.post(f"{ROOM}{row.pk}/found/", FOUND)

    assert (page.status_code, answer.status_code) == (seen, settled)
    if seen == 200:
        assert ("/found/" in page.content.decode()) is (settled == 302)
    assert (RegistrationSubmission.objects.get().status == "waitlisted") is (settled == 302)


@pytest.mark.once
def test_parents_have_no_business_there(parent: User, row: RegistrationSubmission) -> None:
    browser = Client()
    browser.force_login(parent)

    for path in ("", f"{row.pk}/change/", f"{row.pk}/found/"):
        assert browser.get(ROOM + path).status_code in (302, 403)
    assert browser.post(f"{ROOM}{row.pk}/found/", FOUND).status_code in (302, 403)
    assert RegistrationSubmission.objects.get().status == "needs_operator"


@pytest.mark.once
def test_nothing_else_can_be_done(browser: Client, row: RegistrationSubmission) -> None:
    before = RegistrationSubmission.objects.values().get()

    answers = [
        browser.get(f"{ROOM}add/"),
        browser.post(f"{ROOM}add/", {}),
        browser.post(f"{ROOM}{row.pk}/change/", {"status": "confirmed"}),
        browser.post(f"{ROOM}{row.pk}/delete/", {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert RegistrationSubmission.objects.values().get() == before


@pytest.mark.once
def test_the_form_says_when_nothing_can_be_recorded(
    browser: Client, row: RegistrationSubmission, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(ledger, "record", refuse)

    page = browser.post(f"{ROOM}{row.pk}/found/", FOUND).content.decode()

    assert "could not record this action" in page
    assert FOUND["confirmation_ref"] in page
