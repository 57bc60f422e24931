"""In the admin…"""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.signing import SignedPackage

from accounts.models import User
from orchestrator.flow.rules import Step
from sessions_store.admin import STEPS, SessionAdmin
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status
from tests.orchestrator.chat import ANSWERS, Chat
from tests.sessions_store.conftest import MakeSession

SESSIONS = "/admin/sessions_store/agenticcheckoutsession/"
CANARY = "canary-of-the-worker"
MODELS = [AgenticCheckoutSession, Schedule, Success, Failure, OrmQ]


@pytest.fixture
def browser(staff: User) -> Client:
    """The browser of a superuser."""
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def tasks(db: None, noon: datetime) -> None:
    """One task that went well, one that failed and one that waits, with something to hide."""
    for success in (True, False):
        Task.objects.create(
            id=f"{success:032}",
            name=f"night-{success}",
            func="sessions_store.tasks.forget_expired_sessions",
            args=(CANARY,),
            kwargs={"key": CANARY},
            result=CANARY,
            success=success,
            started=noon,
            stopped=noon + timedelta(seconds=3),
        )
    package = {"id": "1", "name": CANARY, "func": CANARY, "args": (CANARY,), "kwargs": {}}
    OrmQ.objects.create(key="signupassist", payload=SignedPackage.dumps(package), lock=noon)


def listed(answer: Any) -> list[Any]:
    return [row.pk for row in answer.context["cl"].result_list]


def page_of(kind: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_{page}", args=args)


# --- Signups -------------------------------------------------------------------------------------


def test_signups_are_shown_without_what_was_said(browser: Client, parent: User) -> None:
    chat = Chat(parent)
    chat.walk_to("confirmation")
    said = [*ANSWERS.values(), "Blackhawk Ski Club", "Nordic Kids", "sa1."]

    pages = [
        browser.get(path).content.decode()
        for path in (SESSIONS, f"{SESSIONS}{chat.id}/change/", f"{SESSIONS}{chat.id}/history/")
    ]

    assert "skiclubpro" in pages[0]
    assert "Confirmation" in pages[1]
    assert [words for page in pages for words in said if words in page] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "cancelled"}, [2]),
        ({"status": "open"}, [1, 0]),
        ({"step": "login"}, [1]),
        ({"step": "login", "status": "cancelled"}, []),
        ({}, [2, 1, 0]),
    ],
)
def test_signups_are_filtered_newest_first(
    browser: Client,
    make_session: MakeSession,
    noon: datetime,
    query: dict[str, str],
    expected: list[int],
) -> None:
    later = noon + timedelta(hours=1), noon + timedelta(hours=2)
    made = [
        make_session(),
        make_session(step="login", at=later[0]),
        make_session(status=Status.CANCELLED, at=later[1]),
    ]

    assert listed(browser.get(SESSIONS, query)) == [made[index].pk for index in expected]


@pytest.fixture
def some(make_session: MakeSession) -> dict[str, AgenticCheckoutSession]:
    """Signups in every way of going on or being over, by what they are, newest first."""
    now = timezone.now()
    begun: dict[str, tuple[int, dict[str, Any]]] = {
        "working": (1, {"turn_token": uuid4(), "turn_until": now + timedelta(minutes=1)}),
        "open": (2, {"step": "form_fill"}),
        "completed": (3, {"status": Status.COMPLETED}),
        "cancelled": (4, {"status": Status.CANCELLED}),
        "timed out": (25, {}),
        "submitting": (26, {"status": Status.SUBMITTING}),
        "unknown": (27, {"status": Status.OUTCOME_UNKNOWN}),
    }
    return {
        name: make_session(at=now - timedelta(hours=hours), **held)
        for name, (hours, held) in begun.items()
    }


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("mid", ["working", "open", "submitting", "unknown"]),
        ("over", ["completed", "cancelled", "timed out"]),
        ("active", ["working", "open", "completed", "cancelled"]),
        ("expired", ["timed out", "submitting", "unknown"]),
    ],
)
def test_shows_who_is_mid_signup(
    browser: Client, some: dict[str, AgenticCheckoutSession], now: str, expected: list[str]
) -> None:
    assert listed(browser.get(SESSIONS, {"now": now})) == [some[name].pk for name in expected]


@pytest.mark.parametrize(
    ("name", "standing", "until"),
    [
        ("working", ["Open", "Working"], "22 h 59 min left"),
        ("open", ["Open"], "21 h 59 min left"),
        ("completed", ["Completed"], "it is over"),
        ("cancelled", ["Cancelled"], "it is over"),
        ("timed out", ["Timed out"], "it is over"),
        ("submitting", ["Submitting"], "it is settled"),
        ("unknown", ["Outcome unknown"], "it is settled"),
    ],
)
def test_says_how_a_signup_stands_and_until_when(
    some: dict[str, AgenticCheckoutSession], name: str, standing: list[str], until: str
) -> None:
    room, session = admin.site._registry[AgenticCheckoutSession], some[name]
    assert isinstance(room, SessionAdmin)

    assert re.findall(r">([^<]+)</span>", room.standing(session)) == standing
    assert room.until(session).endswith(until)


def test_says_at_which_step_a_signup_is(
    browser: Client, some: dict[str, AgenticCheckoutSession]
) -> None:
    page = browser.get(SESSIONS, {"q": str(some["open"].pk)}).content.decode()

    assert "Form fill" in page
    assert "pat@example.com" in page


def test_signups_are_found_by_id_or_person_and_nothing_less(
    browser: Client, make_session: MakeSession, parent: User, stranger: User
) -> None:
    mine, theirs = make_session(), make_session(stranger)

    for term, found in {
        str(mine.pk): [mine.pk],
        f" {theirs.pk} ": [theirs.pk],
        str(parent.pk): [mine.pk],
        stranger.email: [theirs.pk],
        stranger.email.upper(): [theirs.pk],
        "sam": [],
        "sam@": [],
        str(mine.pk)[:8]: [],
        "%": [],
        "' OR 1=1 --": [],
    }.items():
        assert listed(browser.get(SESSIONS, {"q": term})) == found, term


def test_filters_know_every_step_and_status() -> None:
    assert set(STEPS) == {str(step) for step in Step}


@pytest.mark.parametrize(
    "lookup",
    ["state__contains", "state__org_ref", "turn_token", "user__password__startswith", "id"],
)
def test_signups_answer_no_question_about_what_is_not_shown(
    browser: Client, make_session: MakeSession, lookup: str
) -> None:
    make_session()

    answer = browser.get(SESSIONS, {lookup: "x"})

    assert answer.status_code == 400


def test_the_list_costs_the_same_however_many_there_are(
    browser: Client, make_session: MakeSession, django_assert_num_queries: Any
) -> None:
    for _ in range(12):
        make_session()
    browser.get(SESSIONS)  # the first request of a while notes that its log-in is in use
    with django_assert_num_queries(4) as seen:  # log-in, person, count, page
        browser.get(SESSIONS)

    assert not any("DISTINCT" in query["sql"] or '"state"' in query["sql"] for query in seen)


# --- Nothing can be done -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_can_be_added_or_deleted(
    browser: Client, make_session: MakeSession, tasks: None, kind: Any
) -> None:
    make_session()
    row = kind.objects.first()
    before = kind.objects.count()

    answers = [
        browser.get(page_of(kind, "add")),
        browser.post(page_of(kind, "add"), {}),
        browser.get(page_of(kind, "delete", row.pk)),
        browser.post(page_of(kind, "delete", row.pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert kind.objects.count() == before


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind is not Schedule])
def test_nothing_can_be_changed(
    browser: Client, make_session: MakeSession, tasks: None, kind: Any
) -> None:
    make_session()
    before = kind.objects.values().first()
    row = kind.objects.first()

    answer = browser.post(page_of(kind, "change", row.pk), {"status": "cancelled", "key": "x"})

    assert answer.status_code == 403
    assert kind.objects.values().first() == before


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("action", ["delete_selected", "resubmit_task"])
def test_no_action_can_be_run(
    browser: Client, make_session: MakeSession, tasks: None, kind: Any, action: str
) -> None:
    make_session()
    before, waiting = kind.objects.count(), OrmQ.objects.count()
    chosen = {"action": action, "_selected_action": kind.objects.first().pk, "post": "yes"}

    page = browser.get(page_of(kind)).content.decode()
    browser.post(page_of(kind), chosen)

    assert 'name="action"' not in page
    assert "Resubmit" not in page
    assert (kind.objects.count(), OrmQ.objects.count()) == (before, waiting)


# --- The worker ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Success, Failure, OrmQ])
def test_tasks_are_shown_packed(browser: Client, tasks: None, kind: Any) -> None:
    row = kind.objects.get()

    pages = [browser.get(page_of(kind)), browser.get(page_of(kind, "change", row.pk))]

    assert [page.status_code for page in pages] == [200, 200]
    assert [page for page in pages if CANARY in page.content.decode()] == []


def test_tasks_of_either_kind_are_kept_apart(browser: Client, tasks: None) -> None:
    assert listed(browser.get(page_of(Success))) == [f"{True:032}"]
    assert listed(browser.get(page_of(Failure))) == [f"{False:032}"]


def test_what_waits_is_never_unpacked(
    browser: Client, tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        pytest.fail("unpickled")

    monkeypatch.setattr(SignedPackage, "loads", refuse)
    row = OrmQ.objects.get()

    browser.get(page_of(OrmQ))
    browser.get(page_of(OrmQ, "change", row.pk))


def test_only_the_times_of_a_schedule_can_be_changed(browser: Client, noon: datetime) -> None:
    schedule = Schedule.objects.get(name="cleanup_sessions")
    path = page_of(Schedule, "change", schedule.pk)

    page = browser.get(path).content.decode()
    answer = browser.post(
        path,
        {
            "cron": "30 3 * * *",
            "next_run_0": "2026-07-15",
            "next_run_1": "03:30:00",
            "func": "os.system",
            "args": "'true'",
            "kwargs": "{'a': 1}",
            "hook": "os.system",
            "name": "mine",
            "repeats": "1",
            "cluster": "x",
        },
    )

    assert answer.status_code == 302
    after = Schedule.objects.get(pk=schedule.pk)
    assert after.cron == "30 3 * * *"
    assert after.next_run == noon + timedelta(hours=15, minutes=30)
    for name in ("func", "args", "kwargs", "hook", "name", "repeats", "cluster", "schedule_type"):
        assert getattr(after, name) == getattr(schedule, name)
    for name in ("func", "args", "kwargs", "hook"):
        assert f'name="{name}"' not in page
    assert LogEntry.objects.get().object_id == str(schedule.pk)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cron": ""},
        {"cron": "every night"},
        {"cron": "0 25 * * *"},
        {"next_run_0": "", "next_run_1": ""},
        {"next_run_0": "tomorrow"},
    ],
)
def test_a_time_that_is_none_is_refused(browser: Client, wrong: dict[str, str]) -> None:
    before = Schedule.objects.values().get(name="cleanup_sessions")
    fine = {"cron": "0 2 * * *", "next_run_0": "2026-07-15", "next_run_1": "02:00:00"}

    answer = browser.post(page_of(Schedule, "change", before["id"]), fine | wrong)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert Schedule.objects.values().get(name="cleanup_sessions") == before


def test_nothing_of_django_q_is_open_to_parents(parent: User) -> None:
    browser = Client()
    browser.force_login(parent)

    for kind in MODELS:
        assert browser.get(page_of(kind)).status_code in (302, 403)


def test_no_page_of_django_q_is_its_own() -> None:
    own = [model for model in admin.site._registry if model._meta.app_label == "django_q"]

    assert sorted(model.__name__ for model in own) == ["Failure", "OrmQ", "Schedule", "Success"]
    rooms = {type(admin.site._registry[model]).__module__ for model in own}
    assert rooms == {"sessions_store.admin"}
