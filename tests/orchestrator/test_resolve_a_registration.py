"""Settling by hand a registration that nobody knows the outcome of…"""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from audit.redaction import REDACTED
from audit.services import AuditUnavailableError
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import confirming, resolving
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Booking, Tool
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import ANSWERS, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

ROOM = "/admin/orchestrator/registrationsubmission/"
REASON = "Called the club: they have it in their books."
LATE: Booking = {"status": "confirmed", "confirmation_ref": "LATE-1", "message": None}


@pytest.fixture
def row(chat: Chat, server: ToolsCallServer) -> RegistrationSubmission:
    """A registration that was sent, that nobody could find, and that needs a person."""
    chat.walk_to("confirmation")
    server.script(Tool.SUBMIT_REGISTRATION.mcp_name, Script(cut=True), times=1)
    chat.press("confirm_registration", summary=chat.summary)
    hand_over(RegistrationSubmission.objects.get())
    return RegistrationSubmission.objects.get()


@pytest.fixture
def browser(staff: User) -> Client:
    """The browser of a superuser."""
    browser = Client()
    browser.force_login(staff)
    return browser


def hand_over(submission: RegistrationSubmission, error_code: str = "no_way_to_ask") -> None:
    confirming.conclude(
        submission,
        SubmissionStatus.NEEDS_OPERATOR,
        of={SubmissionStatus.OUTCOME_UNKNOWN},
        error_code=error_code,
        at=timezone.now(),
    )


def resolve(submission: RegistrationSubmission, staff: User, **said: Any) -> None:
    usual: dict[str, Any] = {"found": False, "confirmation_ref": "BSC-1", "reason": REASON}
    said = usual | said
    resolving.resolve(submission_id=submission.pk, staff_id=staff.pk, at=timezone.now(), **said)


def last_record() -> MandateAudit:
    return MandateAudit.objects.filter(action="registration_resolved").get()


def session_of(submission: RegistrationSubmission) -> AgenticCheckoutSession:
    return AgenticCheckoutSession.objects.get(pk=submission.session_id)


def register_again(chat: Chat) -> RegistrationSubmission:
    """Confirm the same signup once more, and return the new registration."""
    chat.read()
    chat.last = chat.last["last_turn"]
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.last["session"]["status"] == "completed"
    return RegistrationSubmission.objects.get(status="confirmed")


# --- The service ---------------------------------------------------------------------------------


@pytest.mark.parametrize("waitlisted", [False, True])
def test_found_completes_the_signup_with_a_receipt(
    chat: Chat, row: RegistrationSubmission, staff: User, waitlisted: bool
) -> None:
    resolve(row, staff, found=True, confirmation_ref=" BSC-77 ", waitlisted=waitlisted)

    status = "waitlisted" if waitlisted else "confirmed"
    now = RegistrationSubmission.objects.get()
    assert (now.status, now.confirmation_ref, now.sealed_request) == (status, "BSC-77", "")
    assert now.news_at is not None
    assert now.told_at is None
    session = chat.read()
    assert (session["status"], session["step"]) == ("completed", "completed")
    assert "BSC-77" in session["last_turn"]["cards"][0]["subtitle"]
    assert session["last_turn"]["meta"]["source"] is None


def test_not_found_lets_the_parent_confirm_again(
    chat: Chat, row: RegistrationSubmission, staff: User
) -> None:
    resolve(row, staff)

    now = RegistrationSubmission.objects.get()
    assert (now.status, now.sealed_request) == ("not_created", "")
    session = chat.read()
    assert (session["status"], session["step"]) == ("open", "confirmation")
    assert "Nothing was booked" in session["last_turn"]["message"]
    register_again(chat)


def test_is_recorded_once_as_the_deed_of_staff(
    row: RegistrationSubmission, staff: User, parent: User
) -> None:
    before = set(MandateAudit.objects.values_list("pk", flat=True))

    resolve(row, staff, found=True)

    [record] = MandateAudit.objects.exclude(pk__in=before)
    assert record.action == "registration_resolved"
    assert (record.actor, record.user_id) == (f"staff:{staff.pk}", parent.pk)
    assert record.metadata["outcome"] == "confirmed"
    assert record.metadata["explanation"] == REASON
    assert record.metadata["submission_id"] == str(row.pk)


def test_redacts_what_the_record_must_not_keep(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, reason="Asked emma.larsen@example.com")

    assert last_record().metadata["explanation"] == REDACTED


def test_settles_once_however_often_it_is_asked(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, found=True)

    for found in (True, False):
        with pytest.raises(resolving.AlreadyResolvedError):
            resolve(row, staff, found=found)

    assert RegistrationSubmission.objects.get().status == "confirmed"
    assert last_record()


@pytest.mark.django_db(transaction=True)
def test_settles_once_when_two_are_at_it(row: RegistrationSubmission, staff: User) -> None:
    start, outcomes = Barrier(2), []

    def click(found: bool) -> None:
        try:
            start.wait(10)
            resolve(row, staff, found=found)
            outcomes.append("done")
        except resolving.AlreadyResolvedError:
            outcomes.append("too late")
        finally:
            connection.close()

    clicks = [Thread(target=click, args=(found,)) for found in (True, False)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(30)

    assert sorted(outcomes) == ["done", "too late"]
    status = RegistrationSubmission.objects.get().status
    assert last_record().metadata["outcome"] == status
    assert session_of(row).status == ("completed" if status == "confirmed" else "open")


def test_changes_nothing_where_it_cannot_be_recorded(
    row: RegistrationSubmission, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    before = RegistrationSubmission.objects.values().get()
    monkeypatch.setattr(ledger, "record", refuse)

    with pytest.raises(AuditUnavailableError):
        resolve(row, staff, found=True)

    assert RegistrationSubmission.objects.values().get() == before
    assert session_of(row).status == "outcome_unknown"


@pytest.mark.once
@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"reason": "x" * 501},
        {"found": True, "confirmation_ref": " "},
        {"found": True, "confirmation_ref": "x" * 201},
    ],
)
def test_wants_a_reason_and_a_reference(
    row: RegistrationSubmission, staff: User, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="characters"):
        resolve(row, staff, **wrong)

    assert RegistrationSubmission.objects.get().status == "needs_operator"


def test_outlives_the_signup(row: RegistrationSubmission, staff: User) -> None:
    AgenticCheckoutSession.objects.all().delete()

    resolve(row, staff, found=True)

    assert RegistrationSubmission.objects.get().status == "confirmed"


def test_leaves_alone_what_needs_nobody(chat: Chat, server: ToolsCallServer, staff: User) -> None:
    chat.walk_to("completed")

    with pytest.raises(resolving.AlreadyResolvedError):
        resolve(RegistrationSubmission.objects.get(), staff)

    assert RegistrationSubmission.objects.get().status == "confirmed"


def test_keeps_a_sample_a_sample(chat: Chat, staff: User) -> None:
    chat.walk_to("completed")
    rows = RegistrationSubmission.objects.filter(is_real=False)
    rows.update(status="needs_operator", source="")
    AgenticCheckoutSession.objects.update(status="outcome_unknown")

    resolve(rows.get(), staff, found=True)

    assert rows.get().source == "mock"
    assert chat.read()["last_turn"]["meta"]["source"] == "mock"


# --- A yes that came late ------------------------------------------------------------------------


def test_a_late_yes_is_found(chat: Chat, row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff)
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    late = RegistrationSubmission.objects.get()
    assert (late.status, resolving.late_reference(late)) == ("needs_operator", "LATE-1")

    resolve(row, staff, found=True, confirmation_ref="LATE-1")

    now = RegistrationSubmission.objects.get()
    assert (now.status, now.confirmation_ref, now.late_answer_at) == ("confirmed", "LATE-1", None)
    assert not resolving.needs_a_person(now)


def test_a_late_yes_beside_a_newer_registration_cannot_be_found(
    chat: Chat, row: RegistrationSubmission, staff: User
) -> None:
    resolve(row, staff)
    newer = register_again(chat)
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    row.refresh_from_db()
    assert (row.status, resolving.has_live_twin(row)) == ("not_created", True)

    with pytest.raises(resolving.TwinError):
        resolve(row, staff, found=True)
    row.refresh_from_db()
    assert resolving.needs_a_person(row)
    resolve(row, staff, reason="Cancelled at the club.")

    row.refresh_from_db()
    newer.refresh_from_db()
    assert (row.status, newer.status) == ("not_created", "confirmed")
    assert not resolving.needs_a_person(row)
    told = MandateAudit.objects.filter(action="registration_resolved").order_by("created_at")
    assert told[1].metadata["late_answer"] is True
    with pytest.raises(resolving.AlreadyResolvedError):
        resolve(row, staff)


def test_a_second_yes_to_what_is_booked_is_closed(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, found=True, confirmation_ref="FIRST")
    row.refresh_from_db()
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    row.refresh_from_db()
    assert resolving.needs_a_person(row)

    resolve(row, staff, reason="The second one is cancelled.")

    row.refresh_from_db()
    assert (row.status, row.confirmation_ref, row.late_answer_at) == ("confirmed", "FIRST", None)


# --- The admin -----------------------------------------------------------------------------------


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
