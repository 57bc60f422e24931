"""A developer's secrets…"""

import os
import stat
from pathlib import Path

import pytest

from audit import log_keys
from credentials import keyring
from signupassist import development, env

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEBUG", "SECRET_KEY", "CRED_SEAL_KEY", "AUDIT_SIGNING_KEY", "STAFF_MFA"):
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
    assert len(log_keys.signers(os.environ["AUDIT_SIGNING_KEY"], "here")) == 1
    assert os.environ["AUDIT_SIGNING_KEY"] != os.environ["CRED_SEAL_KEY"]
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
        ("DEBUG=true\nSECRET_KEY=of old", ["STAFF_MFA", "AUDIT_SIGNING_KEY"]),
        ("DEBUG=true\nSTAFF_MFA=on\n", ["AUDIT_SIGNING_KEY"]),
        ("DEBUG=true\nAUDIT_SIGNING_KEY=old\n", ["STAFF_MFA"]),
        ("DEBUG=true\nAUDIT_SIGNING_KEY=\nSTAFF_MFA=off\n", []),
        ("DEBUG=false\n", ["AUDIT_SIGNING_KEY"]),
    ],
)
def test_gain_what_an_older_file_does_not_speak_of_and_change_nothing_else(
    tmp_path: Path, said: str, added: list[str]
) -> None:
    file = tmp_path / "var" / "development.env"
    file.parent.mkdir()
    file.write_text(said)
    development.create_secrets(tmp_path)
    first = file.read_text()
    development.create_secrets(tmp_path)

    assert file.read_text() == first
    assert first.startswith(said)
    more = env.read_file(file).keys() - {line.partition("=")[0] for line in said.splitlines()}
    assert more == set(added)
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
