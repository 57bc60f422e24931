"""Confirmations that race each other over two web processes…"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.services.settling import Settling
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.conftest import use
from tests.orchestrator.windows import PATIENCE, Window, all_at_once
from tests.servers.tools_call_server import Script, ToolsCallServer
from tests.servers.web_process import WebServer, running, url_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

SEARCH, SUBMIT = Tool.SEARCH_PROVIDER.mcp_name, Tool.SUBMIT_REGISTRATION.mcp_name
CROWD = 50
DELAY = 0.5  # seconds that the provider takes for a registration
ONCE = ["action_confirm_registration", "registration_submitted", "registration_completed"]

MakeWindow = Callable[[], Window]


class Killed(BaseException):
    """What ends a turn like a kill: nothing of the product catches it."""


class Provider(ToolsCallServer):
    """A tool server whose calls can be held open for as long as a test looks around."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, Event] = {}
        self.reached = Event()

    def next_script(self, tool: str) -> Script:
        if gate := self._held.get(tool):
            self.reached.set()
            gate.wait(PATIENCE)
        return super().next_script(tool)

    @contextmanager
    def holding(self, tool: str) -> Iterator[None]:
        """Let calls of this tool get no answer before the block ends."""
        gate = self._held[tool] = Event()
        self.reached.clear()
        try:
            yield
        finally:
            del self._held[tool]
            gate.set()

    def forget(self) -> None:
        """Begin anew for the next test."""
        self.calls.clear()
        self.bookings.clear()
        self.script(SUBMIT, Script())


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    """One server for all tests here: the web processes know its address from their start on."""
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def web(
    django_db_setup: None, running_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[WebServer]]:
    """Two web processes on the tests' database, with 30 s for a tool call as in production."""
    with running(
        2,
        database_url=url_of_tests(),
        folder=tmp_path_factory.mktemp("web"),
        USE_REAL_MCP="true",
        MCP_SERVER_URL=running_provider.url,
        MCP_ACCESS_TOKEN=running_provider.token,
        MCP_TRANSPORT="tools-call",
        MCP_TIMEOUT_SECONDS="30",
    ) as servers:
        yield servers


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """The provider, which has heard nothing yet."""
    running_provider.forget()
    return running_provider


@pytest.fixture
def make_window(web: list[WebServer], provider: Provider, parent: User) -> MakeWindow:
    """Return a new signup of the parent, over the wire."""

    def make() -> Window:
        window = Window(parent, web)
        window.begin()
        return window

    return make


@pytest.fixture
def make_ready(make_window: MakeWindow) -> MakeWindow:
    """Return a signup that waits for its confirmation: always for the same child and program."""

    def make() -> Window:
        window = make_window()
        window.walk_to("login")
        saved = window.save_login(alias=uuid4().hex)
        window.press("credentials_submitted", credential_id=saved)
        window.walk_to("confirmation")
        return window

    return make


# --- At most once --------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["none", "own", "shared"])
def test_send_one_registration_however_many_there_are(
    make_ready: MakeWindow, provider: Provider, keys: str
) -> None:
    window = make_ready()
    summary, ours = window.summary, uuid4().hex
    provider.script(SUBMIT, Script(delay=DELAY))
    windows = [window.another() for _ in range(CROWD)]
    sent: list[str | None] = [None if keys == "none" else ours] * CROWD
    if keys == "own":
        sent = [uuid4().hex for _ in windows]
    deeds = [partial(one.confirm, summary, key=key) for one, key in zip(windows, sent, strict=True)]

    all_at_once(deeds)

    receipts = [one for one in windows if one.status == 200]
    winners = [one for one in receipts if "Idempotency-Replayed" not in one.response.headers]
    refusals = {one.verdict for one in windows if one.status != 200}
    assert len(winners) == 1
    assert len(receipts) == 1 or keys == "shared"
    receipt = winners[0].last
    assert [one.last for one in receipts] == [receipt] * len(receipts)
    assert {one.status for one in windows} <= {200, 409}
    assert refusals <= {"turn_in_progress", "session_closed", "idempotency_key_in_progress"}

    all_at_once(deeds)

    again = Counter((one.status, one.verdict) for one in windows)
    replay = {(200, "completed"): CROWD}
    closed = {(409, "session_closed"): CROWD}
    only_the_winner_again = {(200, "completed"): 1, (409, "session_closed"): CROWD - 1}
    assert again == {"none": closed, "own": only_the_winner_again, "shared": replay}[keys]

    assert provider.count(SUBMIT) == 1
    row = RegistrationSubmission.objects.get()
    assert (row.status, row.attempts) == ("confirmed", 1)
    assert row.confirmation_ref in str(receipt["cards"])
    assert window.read()["status"] == "completed"
    trail = window.trail()
    assert [trail.count(action) for action in ONCE] == [1, 1, 1]


def test_send_one_registration_from_two_signups_for_the_same_child(
    make_ready: MakeWindow, provider: Provider
) -> None:
    signups = [make_ready(), make_ready()]
    provider.script(SUBMIT, Script(delay=DELAY))
    windows = [one.another() for one in signups * 4]

    all_at_once([partial(one.confirm, key=uuid4().hex) for one in windows])

    receipt = RegistrationSubmission.objects.get()
    first = [one for one in windows if one.id == str(receipt.session_id)]
    second = [one for one in windows if one not in first]
    answers = Counter(one.verdict for one in first)
    assert answers.pop("completed") == 1
    assert answers.keys() <= {"turn_in_progress", "session_closed"}
    assert {one.status for one in windows} == {200, 409}
    refused = [one for one in second if one.verdict == "already_registering"]
    assert refused
    assert {one.last["status_url"] for one in refused} == {f"/api/v1/submissions/{receipt.pk}"}
    others = {one.verdict for one in second} - {"already_registering"}
    assert others <= {"turn_in_progress", "session_conflict"}
    assert provider.count(SUBMIT) == 1
    assert "action_confirm_registration" not in second[0].trail()


def test_tell_the_other_signup_where_to_look_while_the_first_is_being_sent(
    make_ready: MakeWindow, provider: Provider
) -> None:
    first, second = make_ready(), make_ready()
    with ThreadPoolExecutor(1) as pool:
        with provider.holding(SUBMIT):
            sending = pool.submit(first.another().confirm)
            assert provider.reached.wait(PATIENCE)
            refused = second.another().confirm()
            status_url = refused.last["status_url"]
            seen = second.client.get(status_url).json()
            under_way = first.read()["last_turn"]
            assert not sending.done()
        done = sending.result(PATIENCE)
    assert (refused.status, refused.verdict) == (409, "already_registering")
    assert (seen["status"], seen["session_id"]) == ("sent", first.id)
    assert under_way["session"]["status"] == "submitting"
    assert under_way["meta"]["status_url"] == status_url
    assert (done.status, done.verdict) == (200, "completed")
    assert second.client.get(status_url).json()["status"] == "confirmed"
    assert second.read()["status"] == "open"


# --- After a process died ------------------------------------------------------------------------


@pytest.fixture
def dead(
    make_ready: MakeWindow,
    provider: Provider,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Window:
    """A signup whose process died right before or after `sent` was written, its lease run out."""
    use(settings, provider.url, provider.token, transport="tools-call")
    window, really_mark = make_ready(), Settling.mark_sent

    def mark(settling: Settling) -> bool:
        if request.param == "sent":
            really_mark(settling)
        raise Killed

    chat = Chat(window.user)
    chat.id = window.id
    with monkeypatch.context() as patch:
        patch.setattr(Settling, "mark_sent", mark)
        with pytest.raises(Killed):
            chat.press("confirm_registration", summary=window.summary)
    AgenticCheckoutSession.objects.update(turn_until=timezone.now() - timedelta(seconds=1))
    assert RegistrationSubmission.objects.get().status == request.param
    return window


@pytest.mark.parametrize("dead", ["intent"], indirect=True)
def test_send_once_what_a_dead_process_had_only_written_down(
    dead: Window, provider: Provider
) -> None:
    windows = [dead.another() for _ in range(16)]

    all_at_once([partial(one.confirm, dead.summary) for one in windows])

    answers = Counter(one.verdict for one in windows)
    assert answers.pop("completed") == 1
    assert answers.keys() <= {"turn_in_progress", "session_conflict", "session_closed"}
    assert provider.count(SUBMIT) == 1
    rows = RegistrationSubmission.objects.order_by("created_at").values_list("status", flat=True)
    assert list(rows) == ["not_created", "confirmed"]
    assert dead.trail().count("registration_not_sent") == 1


@pytest.mark.parametrize("dead", ["sent"], indirect=True)
def test_find_out_once_that_nobody_knows_what_a_dead_process_had_sent(
    dead: Window, provider: Provider
) -> None:
    version = AgenticCheckoutSession.objects.get().version
    status_url = f"/api/v1/submissions/{RegistrationSubmission.objects.get().pk}"
    doors: list[Callable[[Window], object]] = [
        lambda window: window.read(),
        lambda window: window.confirm(dead.summary),
        lambda window: window.client.get(status_url),
        lambda window: window.say("and now?"),
    ]
    windows = [dead.another() for _ in doors * 4]

    all_at_once([partial(door, one) for door, one in zip(doors * 4, windows, strict=True)])

    assert {one.status for one in windows} <= {0, 200, 202, 409}  # 0: it asked for the status
    assert provider.count(SUBMIT) == 0
    assert RegistrationSubmission.objects.get().status == "outcome_unknown"
    assert dead.trail().count("registration_outcome_unknown") == 1
    now = dead.read()
    assert (now["status"], now["version"]) == ("outcome_unknown", version + 2)
    assert dead.confirm("again").status == 202


# --- Everything at once --------------------------------------------------------------------------

PRESSED = [
    "confirm_registration",
    "cancel_registration",
    "confirm_registration",
    "edit_form",
    "change_program",
    "reset",
    "change_provider",
    "confirm_registration",
]


@pytest.mark.parametrize("shift", range(3))
def test_agree_with_whatever_else_is_done_at_the_same_moment(
    make_ready: MakeWindow, provider: Provider, shift: int
) -> None:
    window = make_ready()
    ready_at = last_recorded(window).created_at
    provider.script(SUBMIT, Script(delay=0.05))

    def press(action: str, one: Window) -> tuple[str, int]:
        payload = {"summary": window.summary} if action == "confirm_registration" else {}
        one.press(action, **payload)
        return f"action_{action}", one.status

    def delete(one: Window) -> tuple[str, int]:
        gone: int = one.client.delete(f"/api/v1/sessions/{one.id}").status_code
        return "session_deleted", gone

    pressed = PRESSED[shift:] + PRESSED[:shift]
    deeds = [partial(press, action, window.another()) for action in pressed]
    answers = all_at_once([*deeds, partial(delete, window.another())])

    assert {status for _, status in answers} <= {200, 204, 404, 409}
    accepted = Counter(deed for deed, status in answers if status < 300)
    recorded = MandateAudit.objects.filter(
        session_id=UUID(window.id), action__in={deed for deed, _ in answers}
    ).filter(created_at__gt=ready_at)
    assert Counter(recorded.values_list("action", flat=True)) == accepted
    rows = list(RegistrationSubmission.objects.values_list("status", flat=True))
    assert rows == ["confirmed"] * accepted["action_confirm_registration"]
    assert provider.count(SUBMIT) == len(rows) <= 1
    left = AgenticCheckoutSession.objects.filter(pk=window.id).first()
    assert (left is None) == (accepted["session_deleted"] == 1)
    assert left is None or left.turn_token is None
    assert left is None or (left.status == "completed") == bool(rows)
    begun = AgenticCheckoutSession.objects.exclude(pk=window.id)
    assert begun.count() == accepted["action_reset"]


def last_recorded(window: Window) -> MandateAudit:
    return MandateAudit.objects.filter(session_id=UUID(window.id)).latest("created_at")


# --- While a tool call runs ----------------------------------------------------------------------


@pytest.mark.parametrize("tool", [SEARCH, SUBMIT])
def test_hold_up_nobody_else_while_a_provider_is_slow(
    make_window: MakeWindow, make_ready: MakeWindow, provider: Provider, tool: str
) -> None:
    """All the others begin and take turns, and have their answers before the slow call has its."""
    slow = make_ready() if tool == SUBMIT else make_window()
    same, others = slow.another(), [slow.another() for _ in range(8)]

    def take_the_slow_turn() -> int:
        if tool == SUBMIT:
            slow.confirm()
        else:
            slow.say("Blackhawk")
        return slow.status

    def take_turns(window: Window) -> list[int]:
        window.begin()
        statuses = [window.status]
        for _ in range(3):
            window.press("retry_search")
            statuses.append(window.status)
        return statuses

    with ThreadPoolExecutor(1) as pool:
        with provider.holding(tool):
            turn = pool.submit(take_the_slow_turn)
            assert provider.reached.wait(PATIENCE)
            answers = all_at_once([partial(take_turns, one) for one in others])
            same.say("Still there?")
            assert not turn.done()
        assert turn.result(PATIENCE) == 200
    assert answers == [[201, 200, 200, 200]] * len(others)
    assert (same.status, same.verdict) == (409, "turn_in_progress")
