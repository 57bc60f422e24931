"""A web process that dies by SIGKILL around a submission…"""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.orchestrator.conftest import use
from tests.servers.tools_call_server import SUBMIT
from tests.servers.web_process import WebServer, url_of_tests
from tests.soak.killing import confirm_and_kill, killable, seconds_to_confirm
from tests.soak.provider import Kind, Provider
from tests.soak.report import table
from tests.soak.run import soak
from tests.soak.trial import Trial, forward

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING, UNKNOWN, BOOKED = "open", "outcome_unknown", "completed"  # what is known after the death
POINTS = [  # where the process dies; what is known; how often the provider booked; its kind; the end
    ("before-the-row", NOTHING, 0, Kind.NEITHER, BOOKED),
    ("row-not-committed", NOTHING, 0, Kind.NEITHER, BOOKED),
    ("intent", NOTHING, 0, Kind.NEITHER, BOOKED),
    ("login-opened", NOTHING, 0, Kind.NEITHER, BOOKED),
    ("sent", UNKNOWN, 0, Kind.HONOURS_KEYS, BOOKED),
    ("first-byte", UNKNOWN, 0, Kind.LOOK_UP, NOTHING),
    ("request-out", UNKNOWN, 1, Kind.NEITHER, UNKNOWN),
    ("answer-arrived", UNKNOWN, 1, Kind.LOOK_UP, BOOKED),
    ("outcome-not-committed", UNKNOWN, 1, Kind.HONOURS_KEYS, BOOKED),
    ("outcome-committed", BOOKED, 1, Kind.NEITHER, BOOKED),
]
REPEATED = {NOTHING: 200, UNKNOWN: 202, BOOKED: 200}  # the answer to the same request once more
INSTANTS = 10


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider that keeps its own books, and becomes whichever kind a test asks for."""
    with Provider(Kind.NEITHER, dawdle=lambda: random.uniform(0.0, 0.02)) as running:
        yield running


@pytest.fixture(scope="module")
def web(
    provider: Provider, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """A server with traps, on the database of the tests: one for all of them."""
    folder: Path = tmp_path_factory.mktemp("crash")
    with killable(url_of_tests(), folder, provider) as server:
        yield server


@pytest.mark.parametrize(
    ("point", "known", "booked", "kind", "end"), POINTS, ids=[point for point, *_ in POINTS]
)
def test_neither_loses_nor_doubles_nor_lies(
    point: str,
    known: str,
    booked: int,
    kind: Kind,
    end: str,
    web: WebServer,
    provider: Provider,
    settings: Settings,
) -> None:
    provider.become(kind)
    trial = Trial(web, provider)
    trial.come_to_confirmation()

    assert trial.confirm(**{"X-Kill-At": point}) is None
    provider.wait_until_quiet()
    assert trial.repeat() == 409  # until the lease has passed, the first one may be at it still
    trial.let_the_lease_pass()

    assert trial.look() == []
    assert (trial.status, len(provider.bookings_of(trial.child))) == (known, booked)
    asked = provider.count(SUBMIT)
    assert trial.repeat() == REPEATED[known]
    assert provider.count(SUBMIT) == asked + (known == NOTHING)
    if known == UNKNOWN:
        use(settings, provider.url, provider.token, transport="tools-call")
        for minutes in (2, 4, 6):
            forward(timedelta(minutes=minutes))
            call_command("reconcile_submissions", verbosity=0)
    assert trial.look() == []
    assert trial.status == end
    if trial.status == NOTHING:
        trial.look_and_try_again()
        assert trial.status == BOOKED
    assert_nothing_is_wrong(trial)


def test_at_any_instant_neither_loses_nor_doubles_nor_lies(
    web: WebServer, provider: Provider
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    usual = seconds_to_confirm(Trial(web, provider))
    for count in range(INSTANTS):
        trial = Trial(web, provider)
        confirm_and_kill(trial, after=chance.uniform(0.0, usual))
        trial.let_the_lease_pass()
        if count % 2:  # the page sends it again by itself, before anybody looks
            trial.repeat_by_itself()
        trial.look_and_try_again()
        assert_nothing_is_wrong(trial)


def assert_nothing_is_wrong(trial: Trial) -> None:
    assert trial.untrue == []
    assert trial.lost() == []
    assert trial.made_up() == []
    assert trial.unrecorded() == []
    assert not trial.is_doubled()


@pytest.mark.once
def test_is_tried_by_a_soak_that_settles_all_and_accounts_for_every_kill() -> None:
    report = soak(Kind.HONOURS_KEYS, 2, random.Random(1))
    print(table([report]), report.details)
    assert report.is_good
    assert "| honours keys | 2 |" in table([report])
