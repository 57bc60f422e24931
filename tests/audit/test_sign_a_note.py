"""Signing a note…"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from audit.notes import Checkpoint, NoteError, Signer, Verifier, read_checkpoint, verified_text

pytestmark = pytest.mark.once

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/transparency/notes.json").read_text())
PETER = VECTORS["notes"][1]
ORIGIN = "log.example.org/audit"
SIGNER, OLDER = Signer(ORIGIN, bytes(range(32))), Signer(ORIGIN, bytes(range(32, 64)))
CHECKPOINT = Checkpoint(ORIGIN, 7, b"\7" * 32)


@pytest.mark.parametrize("case", VECTORS["notes"])
def test_is_verified_as_others_sign(case: dict[str, Any]) -> None:
    keys = [Verifier.parse(key) for key in case["keys"]]

    assert verified_text(case["note"], keys) == case["text"]
    assert [str(key) for key in keys] == case["keys"]
    with pytest.raises(NoteError):
        verified_text(case["note"].replace("e", "f", 1), keys)


def test_makes_what_others_make_with_the_same_key() -> None:
    seed = base64.b64decode(VECTORS["signer"]["seed"])[1:]
    signer = Signer(VECTORS["signer"]["name"], seed)

    assert [str(signer.verifier)] == PETER["keys"]
    assert f"{PETER['text']}\n{signer.line(PETER['text'].encode())}" == PETER["note"]


def test_says_of_a_checkpoint_what_the_specification_shows() -> None:
    said = VECTORS["checkpoint"]
    made = Checkpoint(said["origin"], said["size"], base64.b64decode(said["root"]))

    assert made.text() == said["text"]


def test_reads_a_tree_head_of_others() -> None:
    head = VECTORS["notes"][3]
    read = read_checkpoint(head["note"], [Verifier.parse(head["keys"][0])])

    assert (read.origin, read.size) == ("go.sum database tree", 13485)


@pytest.mark.parametrize("known", [[SIGNER.verifier], [OLDER.verifier], [OLDER.verifier] * 2])
def test_by_two_keys_satisfies_who_knows_either(known: list[Verifier]) -> None:
    note = CHECKPOINT.signed_by([SIGNER, OLDER])

    assert read_checkpoint(note, known, origin=ORIGIN) == CHECKPOINT


def test_passes_over_who_is_not_known() -> None:
    stranger = Signer("witness.example.org", bytes(range(64, 96)))
    note = CHECKPOINT.signed_by([stranger, SIGNER])

    assert read_checkpoint(note, [SIGNER.verifier]) == CHECKPOINT
    with pytest.raises(NoteError, match="no known key"):
        read_checkpoint(note, [OLDER.verifier])
    with pytest.raises(NoteError, match="no known key"):
        read_checkpoint(note, [])


def test_is_for_one_log_alone() -> None:
    with pytest.raises(NoteError, match="another log"):
        read_checkpoint(CHECKPOINT.signed_by([SIGNER]), [SIGNER.verifier], origin="other")


GOOD = CHECKPOINT.signed_by([SIGNER])
TEXT, _, LINE = GOOD.partition("\n\n")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        TEXT,
        GOOD[:-1],
        GOOD + "\n",
        GOOD + "more\n",
        LINE,
        "\n\n" + LINE,
        GOOD.replace("\u2014", "-"),
        GOOD.replace("\n7\n", "\n8\n"),
        GOOD.replace("\n7\n", "\n07\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("log.example", "log\t.example"),
        GOOD.replace("\u2014 log", "\u2014 \ud800log"),
        "\ud800" + GOOD,
        re.sub(r"=\n$", "\n", GOOD),
        re.sub(r"(.)=\n$", lambda found: chr(ord(found[1]) + 1) + "=\n", GOOD),
        GOOD + LINE * 16,
        "x" * 20_000 + GOOD,
    ],
)
def test_is_refused_when_it_is_not_what_was_signed(bad: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(bad, [SIGNER.verifier])


@pytest.mark.parametrize(
    "text", ["o\n1\n", "o\n1\nAAAA\n", f"o\n-1\n{'A' * 43}=\n", f"o\n1e3\n{'A' * 43}=\n", "o\n"]
)
def test_of_something_else_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(f"{text}\n{SIGNER.line(text.encode())}", [SIGNER.verifier])


def test_takes_no_mangled_key() -> None:
    key = PETER["keys"][0]
    mangled = {key[:at] + chr(ord(key[at]) + 1) + key[at + 1 :] for at in range(len(key))}
    cut = {key[start:end] for start in range(len(key)) for end in (len(key), len(key) - 1)} - {key}
    others = {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    }
    for bad in mangled | cut | others:
        with pytest.raises(NoteError):
            Verifier.parse(bad)


@pytest.mark.parametrize(
    ("name", "seed"), [("", b"\1" * 32), ("a b", b"\1" * 32), ("a+b", b"\1" * 32), ("a", b"\1")]
)
def test_needs_a_name_and_a_whole_key(name: str, seed: bytes) -> None:
    with pytest.raises(NoteError):
        Signer(name, seed)


def test_shows_nobody_the_private_key() -> None:
    shown = repr(SIGNER) + str(vars(SIGNER))

    assert str(SIGNER.verifier) in shown
    assert bytes(range(32)).hex() not in shown
    assert base64.b64encode(bytes(range(32))).decode() not in shown
