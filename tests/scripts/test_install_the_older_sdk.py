"""The environment of the MCP SDK 1.x…"""

from pathlib import Path

import pytest

from tests import requirements_of_machine
from tests.servers.sdk import environment

pytestmark = pytest.mark.once


@pytest.fixture
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find nothing to install."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_says_why_it_cannot_be_made_and_is_never_half_made(
    no_registry: None, tmp_path: Path
) -> None:
    home = tmp_path / "var" / "sdk-1x"
    for _ in range(2):
        with pytest.raises(environment.NotInstalledError, match=r"SDK 1\.x could not be installed"):
            environment.interpreter(home)

    assert (home / "bin" / "python").exists()  # half made, and not believed the second time


def test_is_kept_as_long_as_lock_and_python_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, lock, made = tmp_path / "var" / "sdk-1x", tmp_path / "lock.txt", []

    def make(command: list[str]) -> None:
        made.append(command)
        (home / "bin").mkdir(parents=True, exist_ok=True)
        (home / "bin" / "python").touch()

    monkeypatch.setattr(environment, "_run", make)
    monkeypatch.setattr(environment, "LOCK", lock)
    lock.write_text("mcp==1.30.0")
    environment.interpreter(home)
    commands = len(made)
    environment.interpreter(home)
    assert len(made) == commands

    lock.write_text("mcp==1.31.0")
    environment.interpreter(home)
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
    lock = environment.LOCK.read_text()

    assert "mcp==1.30.0" in lock
    assert lock.count("--hash=sha256:") > 50
    assert "://" not in lock
