"""Turns that race each other over two web processes…"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from credentials import services as vault
from orchestrator import services
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.orchestrator.chat import Chat
from tests.orchestrator.windows import Window, all_at_once
from tests.servers.web_process import WebServer, running, url_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
ROUNDS = 5
TURNS_EACH = 50
SESSIONS = 4
READ_EVERY = 5
PATIENCE = 10 * TURNS_EACH  # refusals: far more than a thread meets
LOSERS = {"turn_in_progress", "session_conflict"}

Turn = dict[str, Any]


@pytest.fixture(scope="module")
def web(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[WebServer]]:
    """Two web processes on the tests' database."""
    folder = tmp_path_factory.mktemp("web")
    with running(2, database_url=url_of_tests(), folder=folder) as servers:
        yield servers


@pytest.fixture
def window(web: list[WebServer], parent: User) -> Window:
    """A parent's new signup, over the wire."""
    window = Window(parent, web)
    window.begin()
    return window


# --- 8 threads, 50 turns each, on shared sessions ------------------------------------------------


class Talker:
    """One of the threads: its turns that were accepted, and what it was shown besides."""

    def __init__(self, number: int, chat: Window, shared: list[str]) -> None:
        self.number, self.chat, self.shared = number, chat, shared
        self.accepted: list[tuple[str | None, Turn]] = []  # what was said, and the answer
        self.shown: list[Turn] = []

    def talk(self) -> None:
        while (turn := len(self.accepted)) < TURNS_EACH:
            self.chat.id = self.shared[(self.number + turn) % len(self.shared)]
            said = f"Curling Club {self.number}-{turn}" if turn % 2 else None
            if said:
                self.chat.say(said)
            else:
                self.chat.press("reject_provider")
            if self.chat.status == 200:
                self.accepted.append((said, self.chat.last))
                if turn % READ_EVERY == 0:
                    self.look()
            else:
                assert (self.chat.status, self.chat.verdict in LOSERS) == (409, True)
                assert len(self.shown) < PATIENCE, "nobody gets a turn any more"
                self.shown.append(self.chat.last["turn"])

    def look(self) -> None:
        """Reload the page, while others go on."""
        shown = self.chat.read()
        turn = shown.pop("last_turn")
        assert turn["session"] == shown
        self.shown.append(turn)


@pytest.fixture
def talkers(window: Window) -> list[Talker]:
    """Let all of them talk at once until each has taken its turns."""
    shared = [window.id, *(window.begin()["session"]["id"] for _ in range(SESSIONS - 1))]
    talkers = [Talker(number, window.another(), shared) for number in range(THREADS)]
    all_at_once([talker.talk for talker in talkers])
    return talkers


def stored_turns(session: AgenticCheckoutSession) -> list[tuple[int, str, Turn]]:
    """Return number, outcome and opened body of all turns of a session, in order."""

    def opened(turn: SessionTurn) -> Turn:
        body: Turn = vault.open_json(
            turn.body,
            table=session._meta.db_table,
            row_id=session.pk,
            user_id=session.user_id,
            label=f"turn {turn.seq}",
        )
        return body

    turns = SessionTurn.objects.filter(session=session).order_by("seq")
    return [(turn.seq, turn.outcome, opened(turn)) for turn in turns]


def test_lose_no_update_and_are_recorded_once_each_in_order(talkers: list[Talker]) -> None:
    accepted = [one for talker in talkers for one in talker.accepted]
    shown = [one for talker in talkers for one in talker.shown]
    assert len(accepted) == THREADS * TURNS_EACH
    for session in AgenticCheckoutSession.objects.all():
        mine = [one for one in accepted if one[1]["session"]["id"] == str(session.pk)]
        by_version = {answer["session"]["version"]: (said, answer) for said, answer in mine}
        turns = stored_turns(session)
        assert [seq for seq, *_ in turns] == list(range(1, len(mine) + 2))
        assert {outcome for _, outcome, _ in turns} == {"done"}
        assert session.version == 1 + 2 * len(mine)
        for seq, _, body in turns[1:]:
            said, answer = by_version[2 * seq - 1]
            assert body["said"] == said
            assert (body["turn"]["message"], body["turn"]["meta"]) == (
                answer["message"],
                answer["meta"],
            )

        by_request = {body["turn"]["meta"]["request_id"]: seq for seq, _, body in turns}
        trail = MandateAudit.objects.filter(
            session_id=session.pk, action__in=["message_sent", "action_reject_provider"]
        ).order_by("created_at")
        told = [by_request[row.metadata["request_id"]] for row in trail]
        assert told == list(range(2, len(mine) + 2))

        for turn in shown:
            if turn["session"]["id"] == str(session.pk):
                seq = by_request[turn["meta"]["request_id"]]
                # as its own turn left it, or held by the next one
                assert turn["session"]["version"] in (2 * seq - 1, 2 * seq)


# --- If-Match ------------------------------------------------------------------------------------


def test_are_taken_by_one_where_all_have_seen_the_same_version(window: Window) -> None:
    for _ in range(ROUNDS):
        version = window.read()["version"]
        forms = [f"{version}", f'"{version}"', f'W/"{version}"']
        windows = [window.another() for _ in forms * 4]
        presses = zip(windows, forms * 4, strict=True)
        all_at_once([partial(one.press_if, form, "retry_search") for one, form in presses])
        answers = Counter(one.verdict for one in windows)
        assert answers.pop("open") == 1
        assert answers.keys() <= LOSERS
        assert window.read()["version"] == version + 2
        for form in forms:
            window.press_if(form, "retry_search")
            assert (window.status, window.verdict) == (409, "session_conflict")
    assert window.trail().count("action_retry_search") == ROUNDS


# --- Start over ----------------------------------------------------------------------------------


def test_begin_anew_once_for_every_reset_that_was_accepted(window: Window) -> None:
    windows = [window.another() for _ in range(THREADS)]
    all_at_once([partial(one.press, "reset") for one in windows])
    begun = [one.last["session"]["id"] for one in windows if one.status == 200]
    assert {one.verdict for one in windows if one.status != 200} <= LOSERS
    left = AgenticCheckoutSession.objects.get(pk=window.id)
    assert (left.status, left.version) == ("cancelled", 3)
    others = AgenticCheckoutSession.objects.exclude(pk=window.id)
    assert sorted(str(one.pk) for one in others) == sorted(begun)
    assert window.trail().count("action_reset") == len(begun) >= 1


# --- One process after the other, each in the other's gap ----------------------------------------


@pytest.fixture
def other_window(chat: Chat, parent: User) -> Chat:
    """The same signup in another window, which has not been used yet."""
    chat.begin()
    other = Chat(parent)
    other.id = chat.id
    return other


def test_are_recorded_in_the_order_in_which_they_were_taken(
    chat: Chat, other_window: Chat, parent: User
) -> None:
    """A request that came first and had to wait comes second in the trail, too."""
    came = timezone.now()
    other_window.say("Curling Club")
    services.take_action(
        user_id=parent.pk,
        session_id=UUID(chat.id),
        action="retry_search",
        payload={},
        if_match=None,
        at=came,
    )
    assert chat.trail() == [
        "session_created",
        "message_sent",
        "tool_succeeded",
        "action_retry_search",
    ]
    times = SessionTurn.objects.order_by("seq").values_list("created_at", flat=True)
    assert list(times) == sorted(times)


@pytest.mark.parametrize("door", ["read", "refused"])
def test_are_shown_with_the_session_as_they_left_it(
    chat: Chat, other_window: Chat, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """Another turn is taken after the session was read, and before its newest answer is."""
    really_ask = store.last_answer

    def ask(session_id: UUID) -> SessionTurn | None:
        monkeypatch.setattr(store, "last_answer", really_ask)
        other_window.press("retry_search")
        return really_ask(session_id)

    monkeypatch.setattr(store, "last_answer", ask)
    if door == "read":
        shown = chat.read()
        turn = shown.pop("last_turn")
        assert shown == turn["session"]
        assert chat.response["ETag"] == f'"{shown["version"]}"'
    else:
        turn = chat.press("edit_form")["turn"]
    assert turn == other_window.last
