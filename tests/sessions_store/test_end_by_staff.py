"""Ending somebody else's signup…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from orchestrator.services import conversation
from orchestrator.services.refusals import RefusedError
from sessions_store import ending, services
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import LeaseLostError
from sessions_store.status import Status
from tests.orchestrator.chat import Chat
from tests.sessions_store.conftest import MakeSession

RIGHT = "end_agenticcheckoutsession"


def end(session: AgenticCheckoutSession, staff: User, at: datetime) -> None:
    ending.end_by_staff(session_id=session.pk, staff_id=staff.pk, at=at)


def ended() -> list[MandateAudit]:
    return list(MandateAudit.objects.filter(action="session_ended_by_staff"))


def as_it_was(session: AgenticCheckoutSession) -> bool:
    """Say whether nothing of the session has changed, and nothing was recorded."""
    names = [field.attname for field in session._meta.concrete_fields]
    now = AgenticCheckoutSession.objects.get(pk=session.pk)
    return ended() == [] and all(getattr(now, name) == getattr(session, name) for name in names)


def test_cancels_it_and_records_who_did_it_in_the_parents_trail(
    make_session: MakeSession, parent: User, staff: User, noon: datetime
) -> None:
    session = make_session(
        provider_id="skiclubpro", step="form_fill", state={"org_ref": "blackhawk-ski"}
    )

    end(session, staff, noon)

    after = AgenticCheckoutSession.objects.get()
    assert (after.status, after.version) == (Status.CANCELLED, session.version + 1)
    assert (after.step, after.state) == (session.step, session.state)
    row = ended()[0]
    assert (row.user_id, row.actor) == (parent.pk, f"staff:{staff.pk}")
    assert (row.session_id, row.created_at) == (session.pk, noon)
    assert (row.provider, row.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert (row.metadata["step"], row.metadata["turn_interrupted"]) == ("form_fill", False)


def test_fences_off_a_turn_at_work(make_session: MakeSession, staff: User, noon: datetime) -> None:
    session = make_session()
    claim = services.claim(session, intent="message", at=noon)

    end(session, staff, noon + timedelta(seconds=1))

    with pytest.raises(LeaseLostError):
        services.finish(
            claim,
            step="completed",
            status=Status.OPEN,
            provider_id="late",
            state={"late": True},
            body="",
            failed=False,
            at=noon + timedelta(seconds=2),
        )
    services.give_up(claim, status=Status.OPEN, at=noon + timedelta(seconds=3))
    after = AgenticCheckoutSession.objects.get()
    assert (after.status, after.state, after.turn_token) == (Status.CANCELLED, {}, None)
    assert SessionTurn.objects.get(token=claim.token).outcome == SessionTurn.Outcome.ORPHANED
    assert ended()[0].metadata["turn_interrupted"] is True


def test_shows_in_the_list_of_turns_one_that_will_never_come(
    make_session: MakeSession, staff: User, noon: datetime
) -> None:
    session = make_session()
    claim = services.claim(session, intent="message", at=noon)

    end(session, staff, noon)

    assert SessionTurn.objects.get(token=claim.token).outcome == SessionTurn.Outcome.INTERRUPTED


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
@pytest.mark.parametrize("days", [0, 2])
def test_is_refused_while_a_registration_is_under_way_or_unclear(
    make_session: MakeSession, staff: User, noon: datetime, status: Status, days: int
) -> None:
    session = make_session(status=status)

    with pytest.raises(services.SubmissionInProgressError):
        end(session, staff, noon + timedelta(days=days))

    assert as_it_was(session)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_is_refused_when_it_is_over(
    make_session: MakeSession, staff: User, noon: datetime, status: Status
) -> None:
    session = make_session(status=status)

    with pytest.raises(ending.SessionEndedError):
        end(session, staff, noon)

    assert as_it_was(session)


def test_is_refused_when_its_time_is_over(
    make_session: MakeSession, staff: User, noon: datetime
) -> None:
    session = make_session()

    with pytest.raises(ending.SessionEndedError):
        end(session, staff, noon + timedelta(hours=24))

    assert as_it_was(session)


def test_is_refused_where_there_is_none(db: None, staff: User, noon: datetime) -> None:
    with pytest.raises(services.SessionNotFoundError):
        ending.end_by_staff(session_id=uuid4(), staff_id=staff.pk, at=noon)


def test_is_not_done_when_it_cannot_be_recorded(
    make_session: MakeSession, staff: User, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    monkeypatch.setattr(ending, "record", _refuse)

    with pytest.raises(AuditUnavailableError):
        end(session, staff, noon)

    assert as_it_was(session)


def test_leaves_the_parent_with_a_way_to_start_over(parent: User, staff: User) -> None:
    chat = Chat(parent)
    chat.walk_to("form_fill")
    session = AgenticCheckoutSession.objects.get()
    who: dict[str, Any] = {"user_id": parent.pk, "session_id": session.pk, "if_match": None}

    end(session, staff, timezone.now())

    with pytest.raises(RefusedError) as refused:
        conversation.take_message(text="hello?", coords=None, at=timezone.now(), **who)
    assert refused.value.code == "session_closed"
    assert [button["action"] for button in refused.value.cta] == ["reset"]
    anew = conversation.take_action(action="reset", payload={}, at=timezone.now(), **who)
    assert anew["session"]["step"] == "provider_search"


def _refuse(**_: Any) -> None:
    raise AuditUnavailableError("the audit ledger cannot be written")


# --- In the admin --------------------------------------------------------------------------------


@pytest.fixture
def browser(staff: User) -> Client:
    """The browser of a superuser; it checks the CSRF token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff)
    return browser


@pytest.fixture
def under_way(make_session: MakeSession) -> AgenticCheckoutSession:
    return make_session(step="form_fill", at=timezone.now())


def page(session: AgenticCheckoutSession) -> str:
    return reverse("admin:end_signup", args=[session.pk])


def press(browser: Client, session: AgenticCheckoutSession) -> Any:
    """Return the answer to the button on the page that asks."""
    browser.get(page(session))
    token = browser.cookies["csrftoken"].value
    return browser.post(page(session), {"csrfmiddlewaretoken": token})


def test_is_offered_where_the_signup_is_shown(
    browser: Client, under_way: AgenticCheckoutSession
) -> None:
    shown = browser.get(
        reverse("admin:sessions_store_agenticcheckoutsession_change", args=[under_way.pk])
    ).content.decode()

    assert f'href="{page(under_way)}"' in shown


def test_is_asked_before_it_is_done(
    browser: Client, under_way: AgenticCheckoutSession, parent: User
) -> None:
    asked = browser.get(page(under_way))

    assert asked.status_code == 200
    words = asked.content.decode()
    assert f"End the signup of {parent.email}?" in words
    assert "<strong>Form fill</strong>" in words
    assert as_it_was(under_way)


def test_is_done_at_the_press_of_a_button(
    browser: Client, under_way: AgenticCheckoutSession, staff: User
) -> None:
    done = press(browser, under_way)

    assert done.status_code == 302
    assert "The signup is ended." in browser.get(done["Location"]).content.decode()
    assert AgenticCheckoutSession.objects.get().status == Status.CANCELLED
    assert ended()[0].actor == f"staff:{staff.pk}"


def test_is_done_once_however_often_it_is_pressed(
    browser: Client, under_way: AgenticCheckoutSession
) -> None:
    press(browser, under_way)
    again = press(browser, under_way)

    assert again.status_code == 409
    assert "This signup is over already." in again.content.decode()
    assert len(ended()) == 1


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
def test_says_why_it_is_refused(browser: Client, make_session: MakeSession, status: Status) -> None:
    session = make_session(status=status)
    why = "A registration of this signup is being sent, or nobody knows yet what became of it."

    shown = browser.get(
        reverse("admin:sessions_store_agenticcheckoutsession_change", args=[session.pk])
    ).content.decode()
    asked = browser.get(page(session)).content.decode()
    refused = press(browser, session)

    assert refused.status_code == 409
    assert [text for text in (shown, asked, refused.content.decode()) if why not in text] == []
    assert f'href="{page(session)}"' not in shown
    assert 'type="submit" value="End' not in asked
    assert as_it_was(session)


def test_tells_of_a_turn_whose_answer_will_be_lost(
    browser: Client, under_way: AgenticCheckoutSession
) -> None:
    before = browser.get(page(under_way)).content.decode()
    services.claim(under_way, intent="message", at=timezone.now())

    during = browser.get(page(under_way)).content.decode()

    assert ["That answer will not be kept" in text for text in (before, during)] == [False, True]


def test_says_that_it_could_not_be_recorded(
    browser: Client, under_way: AgenticCheckoutSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "record", _refuse)

    refused = press(browser, under_way)

    assert refused.status_code == 503
    assert "We could not record this action, so it was not done." in refused.content.decode()
    assert as_it_was(under_way)


def test_needs_the_token_of_the_page(browser: Client, under_way: AgenticCheckoutSession) -> None:
    assert browser.post(page(under_way)).status_code == 403
    assert as_it_was(under_way)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_is_done_by_post_alone(
    browser: Client, under_way: AgenticCheckoutSession, method: str
) -> None:
    browser.handler.enforce_csrf_checks = False

    assert getattr(browser, method)(page(under_way)).status_code == 405
    assert as_it_was(under_way)


def test_is_nothing_that_looking_allows(under_way: AgenticCheckoutSession) -> None:
    helper = User.objects.create_user("kim@example.com", "a staff pass phrase", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_agenticcheckoutsession"))
    browser = Client()
    browser.force_login(helper)

    shown = browser.get(
        reverse("admin:sessions_store_agenticcheckoutsession_change", args=[under_way.pk])
    )
    answers = [browser.get(page(under_way)), browser.post(page(under_way))]

    assert shown.status_code == 200
    assert page(under_way) not in shown.content.decode()
    assert [answer.status_code for answer in answers] == [403, 403]
    assert as_it_was(under_way)


def test_is_allowed_to_staff_who_have_the_right(under_way: AgenticCheckoutSession) -> None:
    helper = User.objects.create_user("kim@example.com", "a staff pass phrase", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename=RIGHT))
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(helper)

    assert press(browser, under_way).status_code == 302
    assert ended()[0].actor == f"staff:{helper.pk}"


def test_is_not_for_parents(parent: User, under_way: AgenticCheckoutSession) -> None:
    browser = Client()
    browser.force_login(parent)

    assert browser.post(page(under_way)).status_code in (302, 403)
    assert as_it_was(under_way)


@pytest.mark.parametrize("sought", ["0d4c6a4e-8f0b-4f0e-9a57-3f6f3d7a9b11", "nothing", "1"])
def test_answers_404_where_there_is_none(browser: Client, db: None, sought: str) -> None:
    assert browser.get(reverse("admin:end_signup", args=[sought])).status_code == 404
