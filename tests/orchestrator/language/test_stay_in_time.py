"""A language model that takes its time…"""

import os
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest
from pytest_django import Settings

from orchestrator.language import client
from tests.orchestrator.language.conftest import read
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, Script, reading

pytestmark = pytest.mark.once

SECONDS = 0.4
SLOW = {
    "hangs": Script(silent=True),
    "drips its headers": Script(drip_headers=True),
    "drips its body": Script(drip=True),
}


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    import openai  # noqa: F401  its import takes longer than the deadline, and is no part of it

    monkeypatch.setattr(client, "SECONDS", SECONDS)
    monkeypatch.setattr(client, "HEADROOM_SECONDS", 0.05)


def took() -> float:
    """Return how long one message takes that the model does not read."""
    begun = monotonic()
    assert read("the second one", PLANS["ski_programs"]).llm == "fallback"
    return monotonic() - begun


@pytest.mark.parametrize("how", SLOW)
def test_is_left_at_the_deadline_and_asked_no_second_time(
    model: LanguageModelServer, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    model.script(SLOW[how])
    assert SECONDS * 0.9 <= took() < SECONDS + 1.5
    assert len(model.questions) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "[LLM] The parser reads a message: timeout"
    ]


def test_gets_one_deadline_for_both_tries(model: LanguageModelServer) -> None:
    model.script(Script(cut=True), times=1)

    def hang_then() -> None:
        if len(model.questions) == 2:
            model.script(Script(silent=True))

    model.before = hang_then
    assert took() < SECONDS + 1.5
    assert len(model.questions) == 2


def test_is_cut_off_when_it_never_ends(
    model: LanguageModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    """By its size, long before the deadline."""
    model.script(Script(endless=True))
    took()
    assert len(model.questions) == 1
    assert caplog.messages == ["[LLM] The parser reads a message: bad_answer"]


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A port whose queue of connections is full: another one waits for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        with socket.create_connection(listening.getsockname()):
            yield listening


def test_does_not_even_take_the_call(settings: Settings, deaf: socket.socket) -> None:
    settings.OPENAI_API_KEY = "sk-1"
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
    assert took() < SECONDS + 1.5
    client.hang_up()


def test_does_not_answer_in_tls(settings: Settings, deaf: socket.socket) -> None:
    settings.OPENAI_API_KEY = "sk-1"
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.OPENAI_BASE_URL = f"https://127.0.0.1:{mute.getsockname()[1]}/v1"
        assert took() < SECONDS + 1.5
    client.hang_up()


def test_keeps_nobody_else_waiting(model: LanguageModelServer) -> None:
    """Eight at once are as long under way as one."""
    model.script(Script(silent=True))
    begun = monotonic()
    threads = [threading.Thread(target=took) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monotonic() - begun < 2 * SECONDS + 1.5


def test_serves_both_sides_of_a_fork(
    model: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child opens a connection of its own, and leaves the parent's to the parent."""
    monkeypatch.setattr(client, "SECONDS", 5.0)
    model.reads = lambda _: reading("select_program", position=2)
    assert read("the second one", PLANS["ski_programs"]).llm == "model"

    if (child := os.fork()) == 0:
        try:
            llm = read("the second one", PLANS["ski_programs"]).llm
            os._exit(0 if llm == "model" else 1)
        finally:
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read("the second one", PLANS["ski_programs"]).llm == "model"
    ports = [question.port for question in model.questions]
    assert ports[0] == ports[2] != ports[1]
