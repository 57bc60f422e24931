"""The supervisor…"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signupassist import supervisor, undertaker
from signupassist.supervisor import Child, Supervisor

pytestmark = pytest.mark.once

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@pytest.fixture(autouse=True)
def _signals_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.01)
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def after(seconds: float, number: signal.Signals) -> None:
    threading.Timer(seconds, os.kill, [os.getpid(), number]).start()


def note(file: Path) -> list[str]:
    """Return a command that adds a line to the file and ends badly."""
    return [sys.executable, "-c", f"open({str(file)!r}, 'a').write('x'); raise SystemExit(3)"]


def test_gives_up_after_five_quick_ends(tmp_path: Path) -> None:
    code = Supervisor([Child("web", note(tmp_path / "starts"))]).run()

    assert code == 1
    assert (tmp_path / "starts").read_text() == "xxxxx"


def test_gives_a_child_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "of all")
    monkeypatch.setenv("SECRET", "of another")
    say = "import os, sys; open(sys.argv[1], 'w').write(os.environ['ONE'] + os.environ['SECRET'])"
    child = Child(
        "web", [sys.executable, "-c", say, str(tmp_path / "said")], environment={"SECRET": ""}
    )

    Supervisor([child]).run()

    assert (tmp_path / "said").read_text() == "of all"


def test_ends_the_others_when_it_gives_up(tmp_path: Path) -> None:
    lasting = Child("worker", [sys.executable, "-c", "import time; time.sleep(60)"])

    Supervisor([Child("web", note(tmp_path / "starts")), lasting]).run()

    assert lasting.process is not None
    assert lasting.process.poll() == -signal.SIGTERM


def test_forgives_an_end_after_a_long_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "QUICK_SECONDS", 0)
    child = Child("web", note(tmp_path / "starts"))
    starts = tmp_path / "starts"
    threading.Thread(target=_stop_when_longer, args=[starts, 6], daemon=True).start()

    assert Supervisor([child]).run() == 0
    assert child.quick_ends == 0


def _stop_when_longer(file: Path, length: int) -> None:
    while not file.exists() or len(file.read_text()) <= length:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_kills_what_does_not_stop_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undertaker, "GRACE_SECONDS", 0.3)
    child = Child("worker", [sys.executable, "-c", STUBBORN])
    after(1, signal.SIGTERM)

    begun = time.monotonic()
    code = Supervisor([child]).run()

    assert code == 0
    assert time.monotonic() - begun < 5
    assert child.process is not None
    assert child.process.poll() == -signal.SIGKILL


def test_kills_at_once_what_was_asked_to_restart(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x'); import time; time.sleep(60)"
    child = Child("worker", [sys.executable, "-c", code])

    def ask() -> None:
        while not starts.exists():
            time.sleep(0.05)
        child.restart_asked = True
        _stop_when_longer(starts, 1)

    threading.Thread(target=ask, daemon=True).start()

    assert Supervisor([child]).run() == 0
    assert starts.read_text() == "xx"


def test_goes_on_after_a_hang_up_when_it_was_started_with_nohup(tmp_path: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    after(0.3, signal.SIGHUP)
    after(1.0, signal.SIGTERM)
    begun = time.monotonic()

    Supervisor([Child("web", [sys.executable, "-c", "import time; time.sleep(60)"])]).run()

    assert time.monotonic() - begun > 0.9
