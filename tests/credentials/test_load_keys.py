"""Loading the key ring…"""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from credentials import keyring
from credentials.keyring import GOOD, Key, KeyRingError
from signupassist import env
from tests.credentials.conftest import ANOTHER_KEY
from tests.refusals import refusal

pytestmark = pytest.mark.once

MATERIAL = hashlib.sha256(b"of the suite").digest()
OLD_MATERIAL = hashlib.sha256(b"an older one").digest()
STANDARD = base64.b64encode(MATERIAL).decode()
URL_SAFE = base64.urlsafe_b64encode(MATERIAL).decode()
OLD = base64.b64encode(OLD_MATERIAL).decode()
SHORT = base64.b64encode(MATERIAL[:31]).decode()
LONG = base64.b64encode(MATERIAL + b"x").decode()
ID = Key(MATERIAL).id
SECRET = base64.b64encode(MATERIAL + OLD_MATERIAL).decode()  # as SECRET_KEY is made
ROOT = Path(__file__).resolve().parents[2]


def load(value: str = "", file: str = "", **other_secrets: str) -> list[bytes]:
    ring = keyring.load(value, file, other_secrets=other_secrets)
    return [key.material for key in ring.keys]


@pytest.mark.parametrize(
    "spelled",
    [
        STANDARD,
        URL_SAFE,
        STANDARD.rstrip("="),
        URL_SAFE.rstrip("="),
        MATERIAL.hex(),
        MATERIAL.hex().upper(),
        f" {STANDARD} ",
        f",{STANDARD},",
    ],
)
def test_takes_every_usual_spelling(spelled: str) -> None:
    assert load(spelled) == [MATERIAL]


def test_takes_both_alphabets_of_base64() -> None:
    material = bytes([0xFB, 0xFF, *range(30)])
    standard, url_safe = base64.b64encode(material), base64.urlsafe_b64encode(material)

    assert standard != url_safe
    assert load(standard.decode()) == load(url_safe.decode()) == [material]


def test_seals_with_the_first_key_and_finds_all_of_them() -> None:
    ring = keyring.load(f"{STANDARD}, {OLD}")

    assert ring.primary == Key(MATERIAL)
    assert ring.find(Key(OLD_MATERIAL).id) == Key(OLD_MATERIAL)
    assert ring.find("0" * 16) is None


def test_names_a_key_by_what_it_is() -> None:
    assert Key(bytes(range(32))).id == "c44163726d943ab9"


def test_reads_a_file_with_one_key_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# since July\n{STANDARD} # the new one\n\n  {OLD_MATERIAL.hex()}\n# the end")
    file.chmod(0o600)

    assert load(file=str(file)) == [MATERIAL, OLD_MATERIAL]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o610, 0o777])
def test_refuses_a_file_that_others_may_touch(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys"
    file.write_text(STANDARD)
    file.chmod(mode)

    with pytest.raises(KeyRingError, match="chmod 600"):
        load(file=str(file))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is missing or holds no key"),
        (b"# nothing but words\n", "is missing or holds no key"),
        (b"\xff\xfe\x00", "cannot be read: not plain ASCII"),
    ],
)
def test_refuses_a_file_without_keys(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)

    with pytest.raises(KeyRingError, match=f"CRED_SEAL_KEY_FILE {why}. Good: a file of mode 600"):
        load(file=str(file))


def test_refuses_a_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(KeyRingError, match="CRED_SEAL_KEY_FILE"):
        load(file=str(tmp_path))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "missing"),
        (" , ,", "missing"),
        ("your-credential-seal-key", "number 1 is a placeholder"),
        ("change-me", "number 1 is a placeholder"),
        ("<the output of: openssl rand -base64 32>", "number 1 is a placeholder"),
        ("changeme" * 5 + "abc", "number 1 is a placeholder"),  # 32 bytes, as base64
        (SHORT, rf"number 1 \({Key(MATERIAL[:31]).id}\) is not 32 bytes, but 31"),
        (LONG, "number 1 .* is not 32 bytes, but 33"),
        (MATERIAL.hex()[:-2], "number 1 .* is not 32 bytes"),
        (MATERIAL.hex() + "00", "number 1 .* is not 32 bytes"),
        (f"{STANDARD[:20]}!{STANDARD[20:]}", "number 1 is neither base64 nor hexadecimal"),
        (f"{STANDARD[:20]} {STANDARD[20:]}", "number 1 is neither"),
        (f'"{STANDARD}"', "number 1 is neither"),
        (STANDARD.replace("a", "ä").replace("c", "č"), "number 1 is neither"),
        (f"{STANDARD},{SHORT}", "number 2 .* is not 32 bytes"),
        (base64.b64encode(bytes(32)).decode(), rf"number 1 \({Key(bytes(32)).id}\) is too regular"),
        ("ab" * 32, "number 1 .* is too regular"),
        (bytes(range(32)).hex(), "number 1 .* is too regular"),
        (bytes(range(250, 26, -7)).hex(), "number 1 .* is too regular"),
        (f"{STANDARD},{STANDARD}", f"holds the key {ID} twice"),
        (f"{STANDARD},{OLD},{MATERIAL.hex()}", f"holds the key {ID} twice"),
    ],
)
def test_refuses_in_one_line_that_shows_no_key(value: str, why: str) -> None:
    with pytest.raises(KeyRingError, match=why) as refused:
        load(value)

    said = str(refused.value)
    pieces = {value[start : start + 6] for start in range(len(value) - 5)} - {"openss"}
    assert "\n" not in said
    assert said.startswith("CRED_SEAL_KEY")
    assert [piece for piece in pieces if piece in said.removesuffix(GOOD)] == []


@pytest.mark.parametrize("value", [STANDARD, f"{OLD},{STANDARD}"])
@pytest.mark.parametrize("secret", [STANDARD, URL_SAFE, MATERIAL.hex(), STANDARD.rstrip("=")])
def test_refuses_a_key_that_is_another_secret_in_whatever_spelling(value: str, secret: str) -> None:
    with pytest.raises(KeyRingError, match=rf"\({ID}\) is SECRET_KEY, too") as refused:
        load(value, MCP_ACCESS_TOKEN="something else", SECRET_KEY=secret)
    assert secret not in str(refused.value)


def test_refuses_the_text_of_another_secret_as_key() -> None:
    with pytest.raises(KeyRingError, match="is SECRET_KEY, too"):
        load(
            base64.b64encode(b"the secret key of 32 characters!").decode(),
            SECRET_KEY="the secret key of 32 characters!",
        )


@pytest.mark.parametrize(
    "made",
    [
        hashlib.sha256(SECRET.encode()).digest(),
        SECRET.encode()[:32],
        base64.b64decode(SECRET)[:32],
        hashlib.sha256(base64.b64decode(SECRET)).digest(),
    ],
    ids=["its hash", "its first 32 letters", "its first 32 bytes", "the hash of its bytes"],
)
def test_refuses_what_people_make_of_another_secret(made: bytes) -> None:
    with pytest.raises(KeyRingError, match="is SECRET_KEY, too"):
        load(base64.b64encode(made).decode(), SECRET_KEY=SECRET)


def test_refuses_a_key_whose_base64_is_another_secret() -> None:
    with pytest.raises(KeyRingError, match="is SECRET_KEY, too"):
        load(STANDARD, SECRET_KEY=base64.b64encode(STANDARD.encode()).decode())


def test_knows_no_secret_that_is_not_set() -> None:
    assert load(STANDARD, MCP_ACCESS_TOKEN="") == [MATERIAL]


def test_names_the_file_where_the_keys_stand_in_one(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{STANDARD}\n{SHORT}\n")
    file.chmod(0o600)

    with pytest.raises(KeyRingError, match=r"^CRED_SEAL_KEY_FILE: key number 2 .* is not 32 bytes"):
        load(file=str(file))


@pytest.mark.parametrize(
    ("words", "changes", "why"),
    [
        ("manage.py check", {"CRED_SEAL_KEY": "your-credential-seal-key"}, "is a placeholder"),
        ("-m signupassist.worker", {"SECRET_KEY": STANDARD}, f"({ID}) is SECRET_KEY, too"),
        ("-m signupassist.wsgi", {"MCP_ACCESS_TOKEN": STANDARD}, "is MCP_ACCESS_TOKEN, too"),
    ],
)
def test_keeps_every_process_from_starting(words: str, changes: dict[str, str], why: str) -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "signupassist.settings"}
    env |= {"CRED_SEAL_KEY": STANDARD, **changes}
    command = [sys.executable, *words.split()]
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode > 0
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert why in line
    assert env["CRED_SEAL_KEY"] not in line


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"REDIS_URL": f"redis://:{quote(STANDARD, safe='')}@127.0.0.1:1/0"},
            "is the password in REDIS_URL, too",
        ),
        (
            {"AUDIT_SIGNING_KEY": f"{ANOTHER_KEY},{STANDARD}"},
            "AUDIT_SIGNING_KEY holds a key that is CRED_SEAL_KEY, too",
        ),
        (
            {"AUDIT_SIGNING_KEY": ANOTHER_KEY, "SECRET_KEY": ANOTHER_KEY},
            "AUDIT_SIGNING_KEY holds a key that is SECRET_KEY, too",
        ),
    ],
    ids=["REDIS_URL", "CRED_SEAL_KEY", "SECRET_KEY"],
)
def test_takes_no_key_that_another_setting_holds(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], why: str
) -> None:
    for name, value in {"CRED_SEAL_KEY": STANDARD, **changes}.items():
        monkeypatch.setenv(name, value)
    said = refusal()
    assert why in said
    assert STANDARD not in said
    assert ANOTHER_KEY not in said
    assert "\n" not in said


def test_holds_the_keys_against_all_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {
        "EMAIL_URL": "smtp+tls://pat:a%2Fb@mail.example:587",
        "DATABASE_OWNER_URL": "postgres://owner:of%20all@db.example/name",
        "MCP_SERVER_URL": "http://[nowhere",
        "CRED_SEAL_KEY": STANDARD,
    }
    monkeypatch.setattr(env, "NAMES", set(read))
    for name, value in read.items():
        monkeypatch.setenv(name, value)
    del read["CRED_SEAL_KEY"]
    assert env.values(but={"CRED_SEAL_KEY"}) == read | {
        "the password in EMAIL_URL": "a/b",
        "the password in DATABASE_OWNER_URL": "of all",
    }


def test_holds_the_keys_against_each_part_of_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "NAMES", {"AUDIT_SIGNING_KEY"})
    monkeypatch.setenv("AUDIT_SIGNING_KEY", f"{ANOTHER_KEY}, {STANDARD}")

    with pytest.raises(KeyRingError, match="is number 2 in AUDIT_SIGNING_KEY, too"):
        keyring.load(STANDARD, other_secrets=env.values(but=set()))


def test_is_done_once_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(STANDARD)
    file.chmod(0o600)
    used_later = (
        "import django, os; django.setup(); os.unlink(os.environ['CRED_SEAL_KEY_FILE']);"
        "from credentials.services import ring; print(ring().primary.id)"
    )
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "signupassist.settings", "CRED_SEAL_KEY": ""}
    done = subprocess.run(
        [sys.executable, "-c", used_later],
        env=env | {"CRED_SEAL_KEY_FILE": str(file)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (f"{ID}\n", "")


def test_shows_no_key_when_it_is_printed() -> None:
    ring = keyring.load(STANDARD)
    assert ring.primary.id == ID  # computed once, and kept: not what is shown
    assert repr(ring) == "KeyRing(keys=(Key(),))"


def test_refuses_to_choose_between_key_and_file(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="both set"):
        load(STANDARD, str(tmp_path / "keys"))
