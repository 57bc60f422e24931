"""Reading settings from the environment and its files…"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signupassist import env
from signupassist.development import create_secrets
from tests.refusals import refusal

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without files, and an environment without variables of ours."""
    for name in env.NAMES:
        monkeypatch.setenv(name, "")  # remembered, so that it is put back
        monkeypatch.delenv(name)
    return tmp_path


def test_prefers_the_environment_then_the_file_then_what_was_generated(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_secrets(empty)
    (empty / ".env").write_text("SECRET_KEY=of the file\nPORT=1\n")
    monkeypatch.setenv("PORT", "2")
    env.load_files(empty)
    assert (os.environ["PORT"], os.environ["SECRET_KEY"]) == ("2", "of the file")
    assert os.environ["CRED_SEAL_KEY"]


def test_starts_with_the_example_as_it_is(empty: Path) -> None:
    shutil.copy(ROOT / ".env.example", empty / ".env")
    create_secrets(empty)
    env.load_files(empty)
    assert len(os.environ["SECRET_KEY"]) > 32
    assert os.environ["CRED_SEAL_KEY"]


def test_takes_no_generated_key_beside_a_key_file(empty: Path) -> None:
    create_secrets(empty)
    (empty / ".env").write_text("CRED_SEAL_KEY_FILE=/somewhere\n")
    env.load_files(empty)
    assert "CRED_SEAL_KEY" not in os.environ


def test_trusts_nothing_generated_when_debug_is_off(empty: Path) -> None:
    create_secrets(empty)
    (empty / ".env").write_text("DEBUG=false\n")
    env.load_files(empty)
    assert "SECRET_KEY" not in os.environ


@pytest.mark.parametrize("word", ["true", "1", "YES", "On"])
def test_understands_yes(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("USE_REAL_MCP", word)
    assert env.flag("USE_REAL_MCP", default=False) is True


@pytest.mark.parametrize("word", ["maybe", "2", "tru", "ja"])
def test_refuses_what_is_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("USE_REAL_MCP", word)
    with pytest.raises(env.SettingsError, match=r"USE_REAL_MCP.*Good: USE_REAL_MCP=true"):
        env.flag("USE_REAL_MCP", default=False)


@pytest.mark.parametrize("value", ["0", "31", "-1", "1.5", "ten", "\u0663"])
def test_refuses_a_number_out_of_range(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MCP_TIMEOUT_SECONDS", value)
    with pytest.raises(env.SettingsError, match="MCP_TIMEOUT_SECONDS"):
        env.number("MCP_TIMEOUT_SECONDS", 30, low=1, high=30)


@pytest.mark.parametrize(
    "value",
    [
        "localhost:8080",
        "ftp://host",
        "http://",
        "http://user:pass@host",
        "http://host:99999",
        "http://ho st",
        "http://host/#fragment",
        "http://[::1",
    ],
)
def test_refuses_a_malformed_address_without_repeating_it(value: str) -> None:
    with pytest.raises(env.SettingsError, match="MCP_SERVER_URL") as caught:
        env.url("MCP_SERVER_URL", value, good="http://localhost:8080")
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("value", ["https://host", "http://127.0.0.1:8080/mcp", "http://[::1]:1"])
def test_takes_an_address(value: str) -> None:
    assert env.url("MCP_SERVER_URL", value, good="x") == value


def test_refuses_an_origin_with_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", "https://a.example, https://b.example/path")
    with pytest.raises(env.SettingsError, match="CORS_ALLOWED_ORIGINS"):
        env.origins("CORS_ALLOWED_ORIGINS")


NO_DATABASE = ["nonsense-pass", "://u:pass@h/x", "pass://x", "postgres://h:pass"]


@pytest.mark.parametrize("value", NO_DATABASE)
def test_refuses_what_is_no_database(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    said = refusal()
    assert said.startswith("DATABASE_URL ")
    assert said.endswith("Good: DATABASE_URL=postgres://user:password@host:5432/name")
    assert "pass" not in said.replace("password", "")
    assert "\n" not in said


def test_stops_the_start_in_one_line() -> None:
    changed = {"DJANGO_SETTINGS_MODULE": "signupassist.settings", "DATABASE_URL": NO_DATABASE[0]}
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "check"],
        env=os.environ | changed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("SignupAssist cannot start: DATABASE_URL ")
    assert "pass" not in line.replace("password", "")


@pytest.mark.parametrize("value", ["http://x", "a b", "host:8000", "*.example.org", "[::1", "-,x/"])
def test_refuses_what_is_no_host(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    with pytest.raises(env.SettingsError, match="ALLOWED_HOSTS"):
        env.hosts("ALLOWED_HOSTS", "localhost")


def test_takes_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example.org, .b.example, 127.0.0.1, [::1], *")
    assert len(env.hosts("ALLOWED_HOSTS", "localhost")) == 5


def test_takes_any_host_on_a_developers_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "false")
    monkeypatch.setenv("ALLOWED_HOSTS", "*")
    assert refusal().startswith("ALLOWED_HOSTS takes any host")
