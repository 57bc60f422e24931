"""The environment of the MCP SDK 1.x…"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests import requirements_of_machine
from tests.environments import Environment, NotInstalledError
from tests.servers.sdk import environment
from tests.servers.sdk.environment import SDK_1X

pytestmark = pytest.mark.once


@pytest.fixture
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find nothing to install."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_says_why_it_cannot_be_made_and_is_never_half_made(
    no_registry: None, tmp_path: Path
) -> None:
    here = replace(SDK_1X, home=tmp_path / "var" / "sdk-1x")
    for _ in range(2):
        with pytest.raises(NotInstalledError, match=r"SDK 1\.x could not be installed"):
            here.interpreter()

    assert (here.home / "bin" / "python").exists()  # half made, and not believed the second time


def test_is_kept_as_long_as_lock_and_python_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Environment("x", home=tmp_path / "var" / "sdk-1x", lock=tmp_path / "lock.txt")
    made: list[list[str]] = []

    def make(_: Environment, command: list[str]) -> None:
        made.append(command)
        (here.home / "bin").mkdir(parents=True, exist_ok=True)
        (here.home / "bin" / "python").touch()

    monkeypatch.setattr(Environment, "_run", make)
    here.lock.write_text("mcp==1.30.0")
    here.interpreter()
    commands = len(made)
    here.interpreter()
    assert len(made) == commands

    here.lock.write_text("mcp==1.31.0")
    here.interpreter()
    assert len(made) == 2 * commands
    assert "--require-hashes" in made[-1]


@pytest.mark.parametrize(
    ("required", "ends"),
    [("", pytest.skip.Exception), ("pg,sdk-1x", pytest.fail.Exception)],
)
def test_is_skipped_with_the_reason_or_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, required: str, ends: type[BaseException]
) -> None:
    monkeypatch.setattr(environment, "missing", lambda: "no such thing")
    monkeypatch.setenv("REQUIRE", required)

    with pytest.raises(ends, match="no such thing"):
        requirements_of_machine.need("sdk-1x")


def test_names_no_machine_in_its_lock() -> None:
    lock = SDK_1X.lock.read_text()

    assert "mcp==1.30.0" in lock
    assert lock.count("--hash=sha256:") > 50
    assert "://" not in lock
