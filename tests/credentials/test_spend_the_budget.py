"""The reveals of an hour…"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from credentials import services
from credentials.models import RevealBudget, StoredCredential
from credentials.services import OpenedLogin
from tests.credentials.conftest import ANOTHER_KEY, EMAIL, PASSWORD, SaveLogin, openings_refused
from tests.servers.web_process import Api, running, token_of, url_of_tests

ClientOf = Callable[..., APIClient]
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
CROWD, BUDGET, THREADS = 50, 10, 8


class Owner:
    """A person with a login, who has it revealed at any moment with a log-in of that moment."""

    def __init__(self, user: User, login: StoredCredential, client_of: ClientOf) -> None:
        self.user = user
        self.login = login
        self._client_of = client_of

    def reveal(self, at: datetime, *, credential_id: Any = None) -> Any:
        path = f"/api/v1/credentials/{credential_id or self.login.pk}/reveal"
        with time_machine.travel(at, tick=False):
            return self._client_of(self.user, at=at).post(path)

    def reveals(self, count: int, at: datetime) -> list[int]:
        return [self.reveal(at).status_code for _ in range(count)]


@pytest.fixture
def owner(
    parent: User, save_login: SaveLogin, just_logged_in: ClientOf, settings: Settings
) -> Owner:
    """The parent, who may have two logins revealed per hour."""
    settings.REVEALS_PER_HOUR = 2
    return Owner(parent, save_login(), just_logged_in)


def trail() -> list[str]:
    """What was recorded of openings, oldest first."""
    rows = MandateAudit.objects.filter(action__startswith="credentials_access")
    return list(rows.order_by("created_at", "pk").values_list("action", flat=True))


def spent() -> list[int]:
    return list(RevealBudget.objects.values_list("spent", flat=True))


# --- What an hour holds --------------------------------------------------------------------------


def test_are_so_many_and_no_more(owner: Owner, noon: datetime) -> None:
    assert owner.reveals(4, noon) == [200, 200, 429, 429]
    assert spent() == [2]


def test_are_twenty_unless_the_operator_says_otherwise(settings: Settings) -> None:
    assert settings.REVEALS_PER_HOUR == 20


@pytest.mark.parametrize(
    ("after_noon", "seconds"),
    [
        (timedelta(0), "3600"),
        (40 * MINUTE, "1200"),
        (HOUR - SECOND, "1"),
        (HOUR - timedelta(microseconds=1), "1"),
    ],
)
def test_that_are_too_many_are_told_when_the_hour_ends(
    owner: Owner, noon: datetime, after_noon: timedelta, seconds: str
) -> None:
    owner.reveals(2, noon)

    answer = owner.reveal(noon + after_noon)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, "rate_limited")
    assert body["detail"] == "Too many requests. Please wait a moment."
    assert answer["Retry-After"] == seconds
    assert datetime.fromisoformat(body["retry_at"]) == noon + HOUR
    assert answer["Cache-Control"] == "no-store"
    assert PASSWORD not in answer.content.decode()
    assert EMAIL not in answer.content.decode()


def test_that_are_too_many_stand_in_the_owners_trail(owner: Owner, noon: datetime) -> None:
    owner.reveals(3, noon)

    with time_machine.travel(noon, tick=False):
        path = "/api/v1/audit?action=credentials_access_denied"
        [row] = owner._client_of(owner.user, at=noon).get(path).json()["results"]
    told = {name: row["metadata"][name] for name in ("credential_alias", "purpose", "reason")}
    assert told == {"credential_alias": owner.login.alias, "purpose": "reveal", "reason": "budget"}
    assert row["credential_id"] == str(owner.login.pk)
    assert (row["provider"], row["org_ref"]) == ("skiclubpro", "blackhawk-ski")
    assert Counter(trail()) == {"credentials_accessed": 2, "credentials_access_denied": 1}


def test_that_are_too_many_try_no_key(
    owner: Owner, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.reveals(2, noon)

    def try_it(*_: Any, **__: Any) -> bytes:
        raise AssertionError("a key was tried")

    monkeypatch.setattr("credentials.sealing.unseal", try_it)

    assert owner.reveals(1, noon) == [429]


def test_begin_anew_with_the_clock(owner: Owner, noon: datetime) -> None:
    assert owner.reveals(3, noon + HOUR - SECOND) == [200, 200, 429]
    assert owner.reveals(3, noon + HOUR) == [200, 200, 429]
    assert owner.reveals(3, noon + 5 * HOUR) == [200, 200, 429]
    assert spent() == [2]


def test_are_not_won_back_by_a_clock_that_is_slow(owner: Owner, noon: datetime) -> None:
    owner.reveals(1, noon + HOUR)

    assert owner.reveals(2, noon + HOUR - SECOND) == [200, 429]
    assert owner.reveals(1, noon + HOUR) == [429]


def test_are_each_persons_own(
    owner: Owner,
    noon: datetime,
    stranger: User,
    save_login: SaveLogin,
    just_logged_in: ClientOf,
) -> None:
    other = Owner(stranger, save_login(stranger), just_logged_in)
    owner.reveals(3, noon)

    assert other.reveals(3, noon) == [200, 200, 429]


def test_are_of_all_logins_together(owner: Owner, noon: datetime, save_login: SaveLogin) -> None:
    another = save_login(alias="Another").pk

    answers = [owner.reveal(noon), *(owner.reveal(noon, credential_id=another) for _ in range(2))]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_are_fewer_at_once_when_the_operator_says_so(
    owner: Owner, noon: datetime, settings: Settings
) -> None:
    settings.REVEALS_PER_HOUR = 10
    owner.reveals(5, noon)
    settings.REVEALS_PER_HOUR = 3

    assert owner.reveals(1, noon) == [429]


def test_are_none_where_the_operator_wants_none(
    owner: Owner, noon: datetime, settings: Settings
) -> None:
    settings.REVEALS_PER_HOUR = 0

    assert owner.reveals(2, noon) == [429, 429]
    assert trail() == ["credentials_access_denied"] * 2


def test_are_forgotten_with_their_person(owner: Owner, noon: datetime) -> None:
    owner.reveals(1, noon)
    owner.user.delete()

    assert spent() == []


# --- What counts ---------------------------------------------------------------------------------


def test_are_not_what_a_signup_opens(owner: Owner, noon: datetime) -> None:
    owner.reveals(3, noon)

    opened = services.open_login(
        user_id=owner.user.pk,
        credential_id=owner.login.pk,
        purpose="find_programs",
        session_id=None,
        at=noon,
    )

    assert opened.reveal()["password"] == PASSWORD
    assert spent() == [2]


def test_are_not_spent_on_what_is_not_ones_own(
    owner: Owner, noon: datetime, stranger: User, save_login: SaveLogin
) -> None:
    strange = [save_login(stranger).pk, uuid4()]

    before = [owner.reveal(noon, credential_id=one).status_code for one in strange]
    own = owner.reveals(3, noon)
    after = [owner.reveal(noon, credential_id=one).status_code for one in strange]

    assert (before, own, after) == ([404, 404], [200, 200, 429], [404, 404])


def test_are_spent_on_what_cannot_be_opened(
    owner: Owner, noon: datetime, settings: Settings
) -> None:
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    assert owner.reveals(3, noon) == [503, 503, 429]
    assert Counter(trail()) == {"credentials_access_failed": 2, "credentials_access_denied": 1}


def test_are_not_won_back_by_an_answer_that_fails(
    owner: Owner, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_: OpenedLogin) -> dict[str, str]:
        raise RuntimeError("just before the answer")

    with monkeypatch.context() as patch:
        patch.setattr(OpenedLogin, "reveal", break_off)
        failed = owner.reveals(2, noon)

    assert failed == [500, 500]
    assert owner.reveals(1, noon) == [429]
    assert Counter(trail()) == {"credentials_accessed": 2, "credentials_access_denied": 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_commit", [False, True], ids=["the row", "the commit"])
def test_are_not_spent_where_nothing_was_opened_for_want_of_a_record(
    owner: Owner, noon: datetime, at_commit: bool
) -> None:
    with openings_refused(at_commit=at_commit):
        unrecorded = owner.reveals(3, noon)

    assert (unrecorded, spent()) == ([503, 503, 503], [])
    assert owner.reveals(3, noon) == [200, 200, 429]


# --- What is refused ------------------------------------------------------------------------------


def test_refused_too_often_are_recorded_no_more_until_the_hour_ends(
    owner: Owner, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_DENIALS", 3)

    assert owner.reveals(8, noon) == [200] * 2 + [429] * 6
    assert [owner.reveal(noon, credential_id=uuid4()).status_code for _ in range(6)] == [404] * 6

    denied = MandateAudit.objects.filter(action="credentials_access_denied")
    own = denied.filter(credential_id=owner.login.pk)
    assert (own.count(), denied.count()) == (3, 6), "strange ones hide no own one"
    says = denied.values_list("metadata__unrecorded_until", flat=True)
    assert Counter(says) == {None: 4, "2026-07-14T13:00:00Z": 2}
    budget = RevealBudget.objects.get()
    assert (budget.refused, budget.strange) == (3, 3), "a flood writes nothing any more"

    assert owner.reveals(3, noon + HOUR) == [200, 200, 429]
    assert (own.count(), denied.count()) == (4, 7)


def test_refused_for_a_tool_are_recorded_no_further_either(
    owner: Owner, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_DENIALS", 3)

    for _ in range(5):
        with pytest.raises(services.CredentialNotFoundError):
            services.open_login(
                user_id=owner.user.pk,
                credential_id=uuid4(),
                purpose="find_programs",
                session_id=None,
                at=noon,
            )

    assert len(trail()) == 3


# --- At the same moment --------------------------------------------------------------------------


def test_are_counted_in_one_statement(owner: Owner, noon: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        owner.reveals(1, noon)

    about = [one["sql"] for one in asked.captured_queries if "reveal_budgets" in one["sql"]]
    assert len(about) == 1


@pytest.mark.django_db(transaction=True)
def test_that_come_first_together_are_no_more_either(
    owner: Owner, noon: datetime, settings: Settings
) -> None:
    settings.REVEALS_PER_HOUR = THREADS // 2
    start = Barrier(THREADS, timeout=30)

    def open_it(_: int) -> str:
        try:
            connection.ensure_connection()
            start.wait()
            services.open_login(
                user_id=owner.user.pk,
                credential_id=owner.login.pk,
                purpose=services.REVEAL,
                session_id=None,
                at=noon,
            )
        except services.RevealBudgetSpentError:
            return "refused"
        finally:
            connection.close()
        return "opened"

    with ThreadPoolExecutor(THREADS) as pool:
        results = Counter(pool.map(open_it, range(THREADS)))

    assert results == {"opened": THREADS // 2, "refused": THREADS // 2}
    assert spent() == [THREADS // 2]


@pytest.mark.django_db(transaction=True)
def test_are_counted_across_processes(parent: User, save_login: SaveLogin, tmp_path: Path) -> None:
    path = f"/api/v1/credentials/{save_login().pk}/reveal"
    # an hour ahead of every clock, so that none begins anew while the crowd is at it
    RevealBudget.objects.create(user=parent, hour=timezone.now() + HOUR, spent=0)
    two = running(2, database_url=url_of_tests(), folder=tmp_path, REVEALS_PER_HOUR=str(BUDGET))

    with two as web, ThreadPoolExecutor(CROWD) as pool:
        api = Api(*web, token=token_of(parent))
        answers = list(pool.map(lambda _: api.post(path), range(CROWD)))

    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: BUDGET, 429: CROWD - BUDGET}
    assert all(("password" in one.json()) is (one.status_code == 200) for one in answers)
    recorded = {"credentials_accessed": BUDGET, "credentials_access_denied": CROWD - BUDGET}
    assert Counter(trail()) == recorded
    assert spent() == [BUDGET]
