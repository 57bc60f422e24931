#!/usr/bin/env python3
"""Verify an exported audit trail offline: that no record was changed, and that none is missing.

    python3 verify_trail.py BUNDLE --key VKEY [--checkpoint OLDER_NOTE]

It needs Python 3.11 and the package `cryptography`, and nothing of the service that made the bundle.
`docs/verify.md` says what is proven, what cannot be, and all formats to the byte.

Exit code 0: what is said holds. 1: something was changed, left out or made up. 2: it cannot be verified,
or not be printed.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("CANNOT VERIFY: the package is missing; run: pip install cryptography")
    sys.exit(2)

KIND, V = "signupassist-audit-bundle", 1
MOST_BYTES = 1 << 20  # of a line
MOST_OF_A_NOTE = 16 * 1024
EVENT, SUBJECT = b"mandate-audit/v1\0", b"mandate-audit/subject/v1\0"
MANIFEST = {
    "kind", "v", "origin", "verify_keys", "checkpoint", "seal", "subject", "filters", "consistency",
    "made_at",
}  # fmt: skip

Said = dict[str, Any]
Span = tuple[int, int]  # leaves from the first number on, up to before the second


class TamperedError(Exception):
    """Something contradicts what was signed, or is not as any export writes it."""


class CannotVerifyError(Exception):
    """There is nothing to hold it against, or it is not whole."""


def need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TamperedError(otherwise)


# --- What is read ---------------------------------------------------------------------------------


def lines_of(stream: BinaryIO) -> Iterator[Said]:
    """Yield the lines of a bundle up to the last one, which says how many there must be."""
    number = 0
    while line := stream.readline(MOST_BYTES + 1):
        number += 1
        if number > 1 and not line.endswith(b"\n") and len(line) <= MOST_BYTES:
            break  # in the midst of a line
        try:
            need(len(line) <= MOST_BYTES, f"Line {number} is too long.")
            said = parsed(line, number)
        except TamperedError as error:
            if number == 1:
                raise CannotVerifyError("This is no bundle of an audit trail.") from error
            raise
        yield said
        if "end" in said:
            need(not stream.read(1), "There is something behind the end.")
            return
    raise CannotVerifyError("The bundle is torn off: its end is missing. Export it again.")


def parsed(line: bytes, number: int) -> Said:
    """Return the object that a line holds; it must mean the same to everybody who reads it."""
    try:
        said = json.loads(
            line.removesuffix(b"\n").decode("ascii"),
            object_pairs_hook=unique,
            parse_int=integer,
            parse_float=refuse,
            parse_constant=refuse,
        )
    except (ValueError, RecursionError):
        raise TamperedError(f"Line {number} is not as an export writes it.") from None
    is_good = isinstance(said, dict) and b"\r" not in line
    need(is_good, f"Line {number} is not as an export writes it.")
    made: Said = said
    return made


def unique(pairs: list[tuple[str, Any]]) -> Said:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a member stands there twice")
    return made


def integer(number: str) -> int:
    """Return a whole number that has one spelling, and that everybody can read."""
    if number == "-0" or len(number) > 20 or abs(int(number)) > 1 << 63:
        raise ValueError("a number is not as an export writes it")
    return int(number)


def refuse(number: str) -> NoReturn:
    raise ValueError("a number has a fraction, or is none")


def whole(value: Any) -> int:
    """Return a whole number from 0."""
    need(type(value) is int and 0 <= value < 1 << 63, "There is no number where one must be.")
    number: int = value
    return number


def text(value: Any) -> str:
    need(isinstance(value, str), "There is no text where one must be.")
    said: str = value
    return said


def members(value: Any, names: set[str]) -> Said:
    is_good = isinstance(value, dict) and value.keys() == names
    need(is_good, f"There must be {', '.join(sorted(names))}, and nothing else.")
    said: Said = value
    return said


def listed(value: Any) -> list[Any]:
    need(isinstance(value, list), "There is no list where one must be.")
    made: list[Any] = value
    return made


def decoded(value: Any) -> bytes:
    """Return what base64 holds; there is one way to write it."""
    try:
        made = base64.b64decode(text(value), validate=True)
    except ValueError:
        made = b""
    need(bool(made) and base64.b64encode(made).decode() == value, "Something is no base64.")
    return made


def hash_in(value: Any) -> bytes:
    made = decoded(value)
    need(len(made) == 32, "A hash has 32 bytes.")
    return made


def hex_in(value: Any) -> bytes:
    need(bool(re.fullmatch("[0-9a-f]{64}", text(value))), "A hash has 64 hexadecimal digits.")
    return bytes.fromhex(value)


def canonical(value: Any) -> bytes:
    """Return the form of RFC 8785, which for what a record may hold is what Python writes sorted."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise TamperedError("A record has no canonical form.") from None


def shown(value: Any) -> str:
    """Return a text of the bundle as a terminal may show it."""
    return ascii(value)[1:-1][:200] if isinstance(value, str) else ascii(value)[:200]


# --- Signed notes (C2SP signed-note.md, tlog-checkpoint.md) ---------------------------------------


@dataclass(frozen=True)
class Key:
    name: str
    key_id: bytes
    public: Ed25519PublicKey

    @classmethod
    def of(cls, vkey: str) -> "Key":
        try:
            name, key_id, encoded = vkey.strip().split("+", 2)
            raw = decoded(encoded)
            made = cls(name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:]))
            named = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        except (ValueError, TamperedError):
            raise CannotVerifyError("A key is <name>+<8 hex digits>+<base64>.") from None
        if raw[0] != 1 or named != made.key_id:
            raise CannotVerifyError("A key does not fit the digits in it: was it copied whole?")
        return made


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def checkpoint_of(note: str, keys: Sequence[Key]) -> Checkpoint:
    """Return what a note says, once one of the keys has signed it."""
    said, gap, signed = note.rpartition("\n\n")
    lines = signed.split("\n")
    is_note = gap and len(note) <= MOST_OF_A_NOTE and lines.pop() == "" and 0 < len(lines) <= 16
    need(bool(is_note), "The checkpoint is no signed note.")
    body = (said + "\n").encode("utf-8", "replace")
    signers = set()
    for line in lines:
        found = re.fullmatch("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)", line)
        need(found is not None, "The checkpoint is no signed note.")
        name, signature = (found[1], decoded(found[2])) if found else ("", b"")
        for key in keys:
            if (key.name, key.key_id) == (name, signature[:4]):
                try:
                    key.public.verify(signature[4:], body)
                except InvalidSignature:
                    raise TamperedError("The signature does not fit the checkpoint.") from None
                signers.add(name)
    if not signers:
        raise CannotVerifyError("None of the given keys has signed the checkpoint.")
    parts = said.split("\n")
    is_checkpoint = len(parts) >= 3 and re.fullmatch(r"0|[1-9][0-9]{0,17}", parts[1])
    need(bool(is_checkpoint) and parts[0] in signers, "The signed note is no checkpoint.")
    return Checkpoint(parts[0], int(parts[1]), hash_in(parts[2]))


# --- The tree (RFC 9162 section 2.1) --------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def beside(index: int, size: int) -> list[Span]:
    """Return the subtrees beside the way from a leaf up to the root."""
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        spans.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return spans[::-1]


def root_from(index: int, leaf: bytes, spans: Sequence[Span], hashes: Sequence[bytes]) -> bytes:
    made = leaf
    for (start, _), sibling in zip(spans, hashes, strict=True):
        made = node_hash(made, sibling) if start > index else node_hash(sibling, made)
    return made


def check_included(index: int, size: int, leaf: bytes, proof: Any, root: bytes, what: str) -> None:
    spans = beside(index, size) if index < size else None
    hashes = [hash_in(one) for one in listed(proof)]
    holds = spans is not None and len(spans) == len(hashes)
    need(
        holds and root_from(index, leaf, spans or [], hashes) == root, f"{what} is not in the log."
    )


def grew(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """Say whether the tree of the first size is the beginning of the other (section 2.1.4.2)."""
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    made_old = made_new = path[0] if path else b""
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            made_old, made_new = node_hash(sibling, made_old), node_hash(sibling, made_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            made_new = node_hash(made_new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and made_old == old_root and made_new == new_root


@dataclass
class Tree:
    """A tree that grows leaf by leaf: the hashes of its complete parts, from the left."""

    size: int = 0
    edge: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        index = self.size
        while index & 1:
            leaf, index = node_hash(self.edge.pop(), leaf), index >> 1
        self.edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        made = self.edge[-1] if self.edge else hashlib.sha256().digest()
        for left in reversed(self.edge[:-1]):
            made = node_hash(left, made)
        return made


# --- A bundle -------------------------------------------------------------------------------------


def tag_of(user_id: Any) -> str:
    named = "system" if user_id is None else text(user_id)
    return hashlib.sha256(SUBJECT + named.encode("utf-8", "replace")).hexdigest()


def event_leaf(event: Said, log_index: int, subject_seq: int) -> bytes:
    """Return the hash of a record's leaf, made anew from all that the record says."""
    said = {
        "event_id": event.get("id"),
        "content_hash": hashlib.sha256(EVENT + canonical(event)).hexdigest(),
        "log_index": log_index,
        "subject_tag": tag_of(event.get("user_id")),
        "subject_seq": subject_seq,
    }
    return leaf_hash(canonical(said))


class Bundle:
    """What a bundle's lines add up to, one after another; it remembers nothing of what is checked."""

    def __init__(self, manifest: Said, keys: Sequence[Key], sizes: set[int]) -> None:
        said = members(manifest, MANIFEST)
        self.filters, self.subject, self.sizes = said["filters"], said["subject"], sizes
        is_asked = isinstance(self.filters, dict) and bool(self.filters)
        need(self.filters is None or is_asked, "What was asked for is not clear.")
        if said["checkpoint"] is None:
            raise CannotVerifyError(
                "Nothing was sealed yet when this was exported: try again later."
            )
        self.checkpoint = checkpoint_of(text(said["checkpoint"]), keys)
        need(said["origin"] == self.checkpoint.origin, "The checkpoint is of another log.")
        need(self.checkpoint.size > 0, "A log that is exported has a seal.")
        self.seal = self._seal(said["seal"])
        self.signed_count = self._signed_count() if self.subject is not None else 0
        self.consistency = {
            whole(one["size"]): [hash_in(part) for part in listed(one["proof"])]
            for one in listed(said["consistency"])
            if members(one, {"size", "proof"})
        }
        self.is_whole_log = self.subject is None and self.filters is None
        self.sealed = self.unsealed = self.seq = 0
        self.index = -1
        self.known: dict[Span, bytes] = {}
        self.tree, self.roots = Tree(), dict[int, bytes]()
        self.counts: dict[str, int] = {}

    def add(self, line: Said) -> None:
        """Take the next line, which must fit all before it."""
        if self.is_whole_log and "seal" in line:
            self._add_seal(members(line, {"seal", "log_index"}))
        elif line.get("log_index", 0) is None:
            self._add_unsealed(members(line, {"event", "log_index", "subject_seq"}))
        else:
            also = set() if self.is_whole_log else {"nodes"}
            self._add_sealed(members(line, {"event", "log_index", "subject_seq"} | also))

    def end(self, line: Said) -> None:
        """Take the last line: nothing may be missing that must be there."""
        said = members(line, {"end", "events", "unsealed"})
        need(said["end"] is True, "The end is no end.")
        told = (whole(said["events"]), whole(said["unsealed"]))
        need(
            told == (self.sealed + self.unsealed, self.unsealed), "Lines are missing, or too many."
        )
        if self.is_whole_log:
            self._end_of_log()
        elif self.subject is not None:
            missing = self.signed_count - (self.sealed if self.filters is None else self.seq)
            is_right = missing == 0 if self.filters is None else missing >= 0
            need(is_right, f"The trail has {self.signed_count} sealed records, not {self.seq}.")

    def check_older(self, older: Checkpoint) -> None:
        """Pass an older checkpoint, if the log that it signed is the beginning of this one."""
        now = self.checkpoint
        need(
            older.size <= now.size,
            f"The other checkpoint signed {older.size} leaves, and the log of this bundle has"
            f" {now.size}: unless the bundle is older than that checkpoint, the log was cut short.",
        )
        if older.size == now.size:
            need(older.root == now.root, "Two logs of the same size were signed.")
        elif older.size in self.roots:
            need(
                self.roots[older.size] == older.root, "The log was rewritten since that checkpoint."
            )
        elif older.size in self.consistency:
            proof = self.consistency[older.size]
            holds = grew(older.size, now.size, older.root, now.root, proof)
            need(holds, "The log was rewritten since that checkpoint.")
        elif older.size:
            raise CannotVerifyError(
                "The bundle holds no proof for the older checkpoint: export it with"
                f" since_size={older.size}."
            )

    def _add_sealed(self, line: Said) -> None:
        index, seq = whole(line["log_index"]), whole(line["subject_seq"])
        need(not self.unsealed, "A sealed record stands behind those that are not.")
        event = self._event(line, f"The record with log_index {index}")
        leaf = event_leaf(event, index, seq)
        if self.is_whole_log:
            self._grow(index, leaf)
            tag = tag_of(event.get("user_id"))
            self.counts[tag] = self.counts.get(tag, 0) + 1
            need(seq == self.counts[tag], f"The record with log_index {index} is not in its place.")
        else:
            self._check(index, leaf, line["nodes"])
            if self.subject is not None:
                follows = seq > self.seq if self.filters else seq == self.seq + 1
                need(follows, f"Behind record {self.seq} of the trail stands record {seq}.")
        self.index, self.seq = index, seq
        self.sealed += 1

    def _check(self, index: int, leaf: bytes, nodes: Any) -> None:
        """Pass a leaf that is in the log; its proof goes on from the one before it."""
        what = f"The record with log_index {index}"
        need(self.index < index < self.checkpoint.size, f"{what} is out of order.")
        need(
            isinstance(nodes, dict) and len(nodes) < 128, f"The proof of log_index {index} is none."
        )
        spans = beside(index, self.checkpoint.size)
        try:
            hashes = [
                hash_in(nodes[name])
                if (name := f"{start}-{end}") in nodes
                else self.known[start, end]
                for start, end in spans
            ]
        except KeyError:
            raise TamperedError(f"The proof of log_index {index} is not whole.") from None
        holds = root_from(index, leaf, spans, hashes) == self.checkpoint.root
        need(holds, f"{what} was changed, or was never in the log.")
        self.known = dict(zip(spans, hashes, strict=True))

    def _add_unsealed(self, line: Said) -> None:
        need(line["subject_seq"] is None, "A record that is not sealed has no number.")
        self._event(line, "A record that is not sealed")
        self.unsealed += 1

    def _event(self, line: Said, what: str) -> Said:
        event = line["event"]
        need(isinstance(event, dict), f"{what} is gone.")
        is_theirs = self.subject is None or event.get("user_id") == self.subject["user_id"]
        need(is_theirs, f"{what} is of another trail.")
        made: Said = event
        return made

    def _add_seal(self, line: Said) -> None:
        index, leaf = whole(line["log_index"]), line["seal"]
        need(isinstance(leaf, dict) and leaf.get("type") == "seal", "A seal is no seal.")
        need(not self.unsealed, "A seal stands behind records that are not sealed.")
        self._grow(index, leaf_hash(canonical(leaf)))
        said = (leaf.get("events_total"), leaf.get("subjects"))
        need(
            said == (self.sealed, len(self.counts)),
            f"The seal with log_index {index} counts wrong.",
        )

    def _grow(self, index: int, leaf: bytes) -> None:
        need(index == self.tree.size, f"Behind leaf {self.tree.size - 1} stands leaf {index}.")
        self.tree.append(leaf)
        if self.tree.size in self.sizes:
            self.roots[self.tree.size] = self.tree.root()

    def _end_of_log(self) -> None:
        size = self.checkpoint.size
        need(self.tree.size == size, f"The log has {size} leaves, not {self.tree.size}.")
        need(self.tree.root() == self.checkpoint.root, "A record was changed: the root differs.")

    def _seal(self, said: Any) -> Said:
        seal, size = members(said, {"leaf", "log_index", "proof"}), self.checkpoint.size
        leaf = seal["leaf"]
        need(isinstance(leaf, dict) and leaf.get("type") == "seal", "The seal is no seal.")
        need(seal["log_index"] == size - 1, "The seal is not the last leaf.")
        made = leaf_hash(canonical(leaf))
        check_included(size - 1, size, made, seal["proof"], self.checkpoint.root, "The seal")
        told: Said = leaf
        return told

    def _signed_count(self) -> int:
        """Return how many records of the trail are sealed."""
        said = members(self.subject, {"user_id", "tag", "number", "salt", "sealed", "proof"})
        need(said["tag"] == tag_of(said["user_id"]), "The name of the trail is not of its person.")
        if said["number"] is None:
            raise CannotVerifyError(
                "The bundle does not show that any record of this trail is sealed: none was yet when it"
                " was exported, or they were left out. Try again later."
            )
        leaf = {"sealed": said["sealed"], "salt": said["salt"], "subject_tag": said["tag"]}
        check_included(
            whole(said["number"]),
            whole(self.seal.get("subjects")),
            leaf_hash(canonical(leaf)),
            said["proof"],
            hex_in(self.seal.get("subjects_root")),
            "The count of the trail",
        )
        return whole(said["sealed"])


def report(bundle: Bundle, older: Sequence[Checkpoint]) -> Iterator[str]:
    """Yield what is proven, and what is not, a sentence each."""
    at, count = shown(bundle.seal.get("sealed_at")), records(bundle.sealed)
    whose = (
        f"of the trail of {shown(bundle.subject['user_id'])}" if bundle.subject else "of the log"
    )
    if bundle.filters is None:
        yield f"{count} {whose}, complete as of {at}, none changed."
    else:
        known = f" The trail has {bundle.signed_count} in all." if bundle.subject else ""
        yield f"{count} {whose}, none changed; all were sealed by {at}.{known}"
        asked = ", ".join(shown(name) for name in bundle.filters)
        yield f"Not proven: that none is missing. The bundle was filtered ({asked})."
    for one in older:
        yield f"The log still holds all that it held at size {one.size}."
    if bundle.unsealed:
        does = "is" if bundle.unsealed == 1 else "are"
        yield f"Not proven: anything about {records(bundle.unsealed)} that {does} not sealed yet."
    name, size = shown(bundle.checkpoint.origin), bundle.checkpoint.size
    yield f"Signed by the log {name} at size {size}."


def records(number: int) -> str:
    return "1 record" if number == 1 else f"{number} records"


def verified(stream: BinaryIO, keys: Sequence[Key], older: Sequence[Checkpoint]) -> list[str]:
    """Return what is proven.

    :raises TamperedError: if anything contradicts what was signed
    :raises CannotVerifyError: if it cannot be said
    """
    lines = lines_of(stream)
    first = next(lines)
    if first.get("kind") != KIND:
        raise CannotVerifyError("This is no bundle of an audit trail.")
    if first.get("v") is True or first.get("v") != V:
        raise CannotVerifyError(f"This is a bundle of version {shown(first.get('v'))}, not {V}.")
    bundle = Bundle(first, keys, {one.size for one in older})
    for line in lines:
        if "end" in line:
            bundle.end(line)
        else:
            bundle.add(line)
    for one in older:
        bundle.check_older(one)
    return list(report(bundle, older))


def older_checkpoint(name: str, keys: Sequence[Key]) -> Checkpoint:
    try:
        return checkpoint_of(Path(name).read_text("utf-8").lstrip("\n"), keys)
    except (OSError, ValueError, TamperedError, CannotVerifyError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CannotVerifyError(f"The checkpoint {shown(name)} is of no use: {why}") from None


def main() -> int:
    """Return the exit code, once what is proven is printed."""
    doc = (__doc__ or "").strip()
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="a file of JSON lines; - reads stdin")
    parser.add_argument(
        "--key", metavar="VKEY", action="append", default=[], help="a public key you trust"
    )
    parser.add_argument(
        "--checkpoint", metavar="NOTE", action="append", default=[], help="a checkpoint you kept"
    )
    asked = parser.parse_args()
    try:
        if not asked.key:
            raise CannotVerifyError("Which key do you trust? Give it with --key.")
        keys = [Key.of(vkey) for vkey in asked.key]
        older = [older_checkpoint(name, keys) for name in asked.checkpoint]
        if asked.bundle == "-":
            said = verified(sys.stdin.buffer, keys, older)
        else:
            with Path(asked.bundle).open("rb") as stream:
                said = verified(stream, keys, older)
    except TamperedError as error:
        return told(1, [f"TAMPERED: {error}"])
    except CannotVerifyError as error:
        return told(2, [f"CANNOT VERIFY: {error}"])
    except OSError as error:
        return told(2, [f"CANNOT VERIFY: {shown(asked.bundle)}: {error.strerror}."])
    return told(0, said)


def told(code: int, sentences: Sequence[str]) -> int:
    """Print it, and return the exit code: nothing is good that nobody could be told."""
    if sys.stdout is None:  # it was closed before we began
        return code or 2
    try:
        print("\n".join(sentences), flush=True)
    except (OSError, UnicodeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still held
        return code or 2
    return code


if __name__ == "__main__":
    sys.exit(main())
