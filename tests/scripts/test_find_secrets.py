"""Looking for secrets in the checkout…"""

import base64
import random
import subprocess
from pathlib import Path

import pytest

from tests import suite
from tests.upkeep import secret_scan

pytestmark = pytest.mark.once

DRAWN = random.Random("drawn").randbytes(32)  # the same each time, and like a key
BASE64, HEX = base64.b64encode(DRAWN).decode(), DRAWN.hex()
WORD = base64.urlsafe_b64encode(DRAWN).decode().rstrip("=")
PEM = "-----BEGIN " + "PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49"

SECRETS = {
    "a sealing key": (f'settings = "{BASE64}"', "a key of 32 bytes"),
    "one by its name": (f"CRED_SEAL_KEY={BASE64}", "a value under a secret's name"),
    "one in hexadecimal": (f'KEY = "{HEX}"', "a value under a secret's name"),
    "one of Django's": (f"SECRET_KEY: '{WORD}{WORD}'", "a value under a secret's name"),
    "a private key": (f"x = '''{PEM}", "a private key"),
    "one of GitHub's": (f"ghp_{WORD[:36]}", "a key of a known service"),
    "one of OpenAI's": (f"sk-proj-{WORD}", "a key of a known service"),
    "one of Amazon's": ("AKIA" + "Q3EGRTWLX4YV7ZPM", "a key of a known service"),
    "a token": (f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0xy.{WORD}", "a token"),
    "an address": ("DATABASE_URL=postgres://app:" + "Gx7Qw2Lm@db/x", "a password in a URL"),
    "a hash": ("$argon2id$v=19$m=102400,t=2,p=8$" + BASE64, "a hashed password"),
}
NOBODYS = [
    "CRED_SEAL_KEY=MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
    "SECRET_KEY=<the output of: openssl rand -base64 48>",
    "DATABASE_URL=postgres://user:password@host:5432/name",
    "DATABASE_URL=postgres://app:Gx7Qw2Lm@db.example/name",
    f"sha256:{HEX}",
    'secret = env.secret("SECRET_KEY", required=True)',
    "token = a_function_whose_name_is_rather_long_for_a_name()",
    "https://example.org/a/path:with@signs",
]


@pytest.mark.parametrize("kind", SECRETS)
def test_names_place_and_kind_and_never_the_thing(kind: str, tmp_path: Path) -> None:
    text, said = SECRETS[kind]
    (tmp_path / "notes.txt").write_text(f"first line\n{text}\n")

    found = [str(one) for one in secret_scan.scan(["notes.txt"], tmp_path)]

    assert found == [f"notes.txt:2: {said}"]


@pytest.mark.parametrize("text", NOBODYS)
def test_passes_over_what_is_nobodys(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(text)

    assert list(secret_scan.scan(["notes.txt"], tmp_path)) == []


def test_looks_at_what_could_be_committed_next(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name in (".gitignore", "new.txt", "ignored.txt"):
        (tmp_path / name).write_text("ignored.txt\n")

    assert secret_scan.files(tmp_path) == [".gitignore", "new.txt"]


def test_looks_at_everything_where_there_is_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    for name in ("var/development.env", "code.py"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", "")

    assert secret_scan.files(tmp_path) == ["code.py"]


def test_fails_the_checks_of_the_suite(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "x").write_text(f"KEY={HEX}")
    found = list(secret_scan.scan(["x"], tmp_path))
    monkeypatch.setattr(secret_scan, "scan", lambda _: iter(found))

    assert secret_scan.main() == 1
    assert HEX not in capsys.readouterr().out
    assert suite.checks()["secrets"][1:] == ["-m", secret_scan.__name__]
