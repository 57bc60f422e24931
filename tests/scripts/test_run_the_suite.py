"""The suite's runner…"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pgtemp, processes, requirements_of_machine, suite
from tests.scripts.checkout import is_alive

pytestmark = pytest.mark.once

Sections = Callable[[dict[str, int]], list[str]]


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> Sections:
    """Let every section end with a given code (else 0) instead of running; return their titles."""
    monkeypatch.setattr(processes, "stop_on_signals", lambda: None)
    monkeypatch.setattr(suite, "install_what_is_missing", list)
    monkeypatch.setattr(suite, "STRICT", False)
    monkeypatch.setenv("TEST_DATABASE_URL", "postgres://app@/nowhere/app")

    def ending_with(codes: dict[str, int]) -> list[str]:
        titles: list[str] = []

        def section(title: str, command: list[str], env: object) -> int:
            titles.append(title)
            return codes.get(title, 0)

        def sections(runs: dict[str, processes.Command]) -> dict[str, int]:
            titles.extend(runs)
            return {title: codes.get(title, 0) for title in runs}

        monkeypatch.setattr(suite, "_section", section)
        monkeypatch.setattr(suite, "_sections", sections)
        return titles

    return ending_with


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_passes_when_everything_passed(
    sections: Sections, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = sections({})

    assert suite.main([]) == 0
    assert last_line(capsys) == "PASS"
    assert titles[-2:] == ["tests on SQLite", "tests on PostgreSQL"]


def test_names_every_check_that_failed_and_runs_no_test_then(
    sections: Sections, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = sections({"ruff check": 1, "types": 2})

    assert suite.main([]) == 1
    assert last_line(capsys) == "FAIL: types; ruff check"
    assert "tests on SQLite" not in titles


def test_runs_postgresql_too_when_sqlite_failed(
    sections: Sections, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = sections({"tests on SQLite": 1})

    assert suite.main([]) == 1
    assert last_line(capsys) == "FAIL: tests on SQLite"
    assert titles[-1] == "tests on PostgreSQL"


@pytest.mark.parametrize(
    ("arguments", "sqlite", "postgres", "code"),
    [
        (["-k", "word"], 0, 5, 0),
        (["-k", "word"], 5, 0, 0),
        (["-k", "word"], 5, 5, 1),
        ([], 0, 5, 1),
    ],
)
def test_wants_at_least_one_test_to_have_run(
    sections: Sections, arguments: list[str], sqlite: int, postgres: int, code: int
) -> None:
    sections({"tests on SQLite": sqlite, "tests on PostgreSQL": postgres})

    assert suite.main(arguments) == code


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_says_what_was_not_run_and_fails_for_it_in_ci(
    sections: Sections,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    strict: bool,
    code: int,
) -> None:
    sections({})
    monkeypatch.setattr(suite, "STRICT", strict)
    monkeypatch.setattr(suite, "install_what_is_missing", lambda: ["no Chromium"])

    assert suite.main([]) == code
    verdict = "FAIL: " if strict else "PASS, but not everything was run: "
    assert last_line(capsys) == verdict + "no Chromium"


def test_finds_a_browser_by_variable_then_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    for name in ("google-chrome", "chromium", "chromium-headless-shell"):  # each before the last
        browser = tmp_path / name
        browser.write_text("#!/bin/sh\n")
        browser.chmod(0o755)
        assert requirements_of_machine.chromium() == str(browser)

    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert "CHROMIUM" in str(requirements_of_machine.missing("browser"))


def test_skips_what_the_machine_lacks_but_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    monkeypatch.setenv("REQUIRE", "pg")
    with pytest.raises(pytest.skip.Exception):
        requirements_of_machine.need("browser")

    monkeypatch.setenv("REQUIRE", "pg,browser")
    with pytest.raises(pytest.fail.Exception):
        requirements_of_machine.need("browser")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_takes_its_postgresql_away_when_it_is_stopped(
    tmp_path: Path, number: signal.Signals
) -> None:
    if pgtemp.find_binaries() is None:
        requirements_of_machine.need("pg")
    noted = tmp_path / "url"
    script = 'printf %s "$TEST_DATABASE_URL" >"$0"; exec sleep 60'
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pgtemp", "sh", "-c", script, str(noted)],
        cwd=suite.ROOT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (noted.exists() and noted.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    home = Path(noted.read_text().removeprefix("postgres://app@/").removesuffix("/postgres"))
    server = int((home / "data" / "postmaster.pid").read_text().split()[0])
    process.send_signal(number)

    assert process.wait(30) == 130
    assert not home.exists()
    assert not is_alive(server)


def test_shows_all_of_what_ran_at_the_same_time(capfd: pytest.CaptureFixture[str]) -> None:
    meet = "mkfifo $0 2>/dev/null; "  # both are needed: a pipe opens when it has two ends
    folder = tempfile.mkdtemp()
    pipe = f"{folder}/pipe"
    first = ["sh", "-c", f"{meet} echo from the first; echo hello >$0; exit 3", pipe]
    second = ["sh", "-c", f"{meet} cat $0; echo and from the second >&2", pipe]

    codes = suite._sections({"first": (first, None), "second": (second, None)})
    shutil.rmtree(folder)

    assert codes == {"first": 3, "second": 0}
    shown = capfd.readouterr().out.splitlines()
    assert sorted(shown[:2]) == ["== first", "from the first"]
    assert shown[2:] == ["== second", "hello", "and from the second"]
