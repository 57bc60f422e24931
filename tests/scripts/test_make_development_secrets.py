"""A developer's secrets…"""

import os
import stat
from pathlib import Path

import pytest

from credentials import keyring
from signupassist import development, env

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEBUG", "SECRET_KEY", "CRED_SEAL_KEY", "STAFF_MFA"):
        monkeypatch.setenv(name, "")  # so that whatever is read is undone
        monkeypatch.delenv(name)


def test_are_private_and_good_enough_for_the_settings(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    development.create_secrets(tmp_path)
    env.load_files(tmp_path)

    file = tmp_path / "var" / "development.env"
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.environ["DEBUG"] == "true"
    assert len(os.environ["SECRET_KEY"]) >= 50
    ring = keyring.load(
        os.environ["CRED_SEAL_KEY"], "", other_secrets={"SECRET_KEY": os.environ["SECRET_KEY"]}
    )
    assert len(ring.keys) == 1
    assert [child.name for child in file.parent.iterdir()] == [file.name]


def test_are_never_replaced(tmp_path: Path) -> None:
    development.create_secrets(tmp_path)
    first = (tmp_path / "var" / "development.env").read_text()
    development.create_secrets(tmp_path)

    assert (tmp_path / "var" / "development.env").read_text() == first


def test_let_the_demo_staff_in_without_a_second_factor(tmp_path: Path) -> None:
    development.create_secrets(tmp_path)

    assert env.read_file(tmp_path / "var" / "development.env")["STAFF_MFA"] == "off"


@pytest.mark.parametrize(
    ("said", "added"),
    [
        ("DEBUG=true\nSECRET_KEY=of old", "STAFF_MFA=off\n"),
        ("DEBUG=true\nSTAFF_MFA=on\n", ""),
        ("DEBUG=false\n", ""),
        ("SECRET_KEY=of old\n", ""),
    ],
)
def test_say_so_in_an_older_file_and_change_nothing_else(
    tmp_path: Path, said: str, added: str
) -> None:
    file = tmp_path / "var" / "development.env"
    file.parent.mkdir()
    file.write_text(said)
    for _ in range(2):
        development.create_secrets(tmp_path)

    assert file.read_text() == (f"{said}\n{added}" if added else said)
    assert [child.name for child in file.parent.iterdir()] == [file.name]
    if added:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_differ_between_machines(tmp_path: Path) -> None:
    texts = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        development.create_secrets(tmp_path / name)
        texts.add((tmp_path / name / "var" / "development.env").read_text())

    assert len(texts) == 2


@pytest.mark.parametrize("word", ["false", "0", "No", " off "])
def test_are_not_made_with_debug_off_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("DEBUG", word)
    development.create_secrets(tmp_path)

    assert list((tmp_path / "var").iterdir()) == []


def test_are_not_made_with_debug_off_in_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DEBUG=false\n")
    development.create_secrets(tmp_path)

    assert list((tmp_path / "var").iterdir()) == []
