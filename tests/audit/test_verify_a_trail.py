"""Verifying a bundle that somebody took home…"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

import verify_trail
from audit.canonical import moment
from audit.models import Checkpoint
from audit.notes import Checkpoint as Note
from audit.notes import Signer
from tests.audit.bundles_to_try import Lines, Story, changed, kept, verify, vkey

TAMPERED, CANNOT = 1, 2


def test_says_that_a_trail_is_complete_and_what_is_not_proven(story: Story, bundle: bytes) -> None:
    code, said = verify(bundle)

    seal = Checkpoint.objects.latest()
    assert code == 0, said
    at = moment(Checkpoint.objects.latest().sealed_at)
    assert said.splitlines() == [
        f"10 records of the trail of {story.ours}, complete as of {at}, none changed.",
        "Not proven: anything about 2 records that are not sealed yet.",
        f"Signed by the log {settings.AUDIT_ORIGIN} at size {seal.size}.",
    ]


def test_rebuilds_the_whole_log(story: Story, tmp_path: Path) -> None:
    older = Checkpoint.objects.order_by("size")[0]

    code, said = verify(story.log(), "--checkpoint", kept(older, tmp_path))

    assert code == 0, said
    assert "34 records of the log, complete as of" in said
    assert f"The log still holds all that it held at size {older.size}." in said


def test_proves_what_is_left_of_a_filtered_trail_and_claims_no_more(story: Story) -> None:
    for bundle in (
        story.bundle(filters={"action": "message_sent"}),
        story.log(filters={"until": story.at}),
    ):
        code, said = verify(bundle)
        assert code == 0, said
        assert "Not proven: that none is missing. The bundle was filtered" in said
        assert "complete" not in said


def test_holds_it_against_an_older_checkpoint(story: Story, tmp_path: Path) -> None:
    for older in Checkpoint.objects.all():
        bundle = story.bundle(since_size=older.size)
        code, said = verify(bundle, "--checkpoint", kept(older, tmp_path))
        assert code == 0, said
        assert f"at size {older.size}" in said


def test_asks_for_the_proof_that_an_older_checkpoint_needs(
    story: Story, bundle: bytes, tmp_path: Path
) -> None:
    older = Checkpoint.objects.order_by("size")[0]
    code, said = verify(bundle, "--checkpoint", kept(older, tmp_path))
    assert code == CANNOT
    assert f"since_size={older.size}" in said


def test_finds_a_rewritten_log_by_a_checkpoint_that_was_kept(
    story: Story, bundle: bytes, tmp_path: Path
) -> None:
    """Even by who has the key: the root that they signed before does not go away."""
    last = Checkpoint.objects.latest()
    origin, signers = settings.AUDIT_ORIGIN, settings.AUDIT_SIGNERS
    for size, why in ((last.size, "same size"), (20, "rewritten"), (last.size + 1, "cut short")):
        file = tmp_path / str(size)
        file.write_text(Note(origin, size, b"r" * 32).signed_by(signers))
        code, said = verify(
            story.bundle(since_size=min(size, last.size)), "--checkpoint", str(file)
        )
        assert (code, why in said) == (TAMPERED, True), said
    file = tmp_path / "20"
    assert verify(story.log(), "--checkpoint", str(file))[0] == TAMPERED


def _event(lines: Lines, number: int) -> Any:
    return lines[number]["event"]


def _swap(lines: Lines) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def _renumber(lines: Lines) -> None:
    """Leave the last record out, and say that there were never more."""
    del lines[10]
    lines[0]["subject"]["sealed"] -= 1
    lines[-1]["events"] -= 1


def _leave_out(lines: Lines) -> None:
    del lines[5]
    lines[-1]["events"] -= 1


def _close_the_gap(lines: Lines) -> None:
    _leave_out(lines)
    for number, line in enumerate(lines[1:10], start=1):
        line["subject_seq"] = number


ATTACKS: dict[str, Callable[[Lines], Any]] = {
    "a word changed": lambda lines: _event(lines, 4).update(org_ref="another-club"),
    "a word in the metadata": lambda lines: _event(lines, 4)["metadata"].update(step="form_fill"),
    "a word added": lambda lines: _event(lines, 4)["metadata"].update(more=1),
    "true for one": lambda lines: _event(lines, 4).update(schema_v=True),
    "a moment": lambda lines: _event(lines, 4).update(created_at="2026-07-14T12:00:00.000000Z"),
    "a column gone": lambda lines: _event(lines, 4).pop("provider"),
    "a column added": lambda lines: _event(lines, 4).update(note="seen"),
    "a record gone": lambda lines: lines[4].update(event=None),
    "a record left out": _leave_out,
    "a record left out, the others renumbered": _close_the_gap,
    "a record left out, with its count": _renumber,
    "the last records left out": lambda lines: lines.pop(10),
    "a record twice": lambda lines: lines.insert(4, lines[4]),
    "in another order": _swap,
    "of another person": lambda lines: _event(lines, 4).update(user_id=str(lines[0]["made_at"])),
    "another place": lambda lines: lines[4].update(log_index=lines[4]["log_index"] + 1),
    "sealed made unsealed": lambda lines: lines[4].update(log_index=None, subject_seq=None),
    "unsealed made sealed": lambda lines: lines[11].update(log_index=36, subject_seq=11, nodes={}),
    "no proof": lambda lines: lines[1].update(nodes={}),
    "another's proof": lambda lines: lines[1].update(nodes=lines[5]["nodes"]),
    "a proof of no hashes": lambda lines: lines[1].update(nodes=dict.fromkeys(lines[1]["nodes"], "")),
    "the trail of another": lambda lines: lines[0]["subject"].update(user_id="somebody"),
    "a count raised": lambda lines: lines[0]["subject"].update(sealed=11),
    "a count as text": lambda lines: lines[0]["subject"].update(sealed="10"),
    "a negative place": lambda lines: lines[0]["subject"].update(number=-1),
    "a huge number": lambda lines: lines[4].update(log_index=10**30),
    "a seal of another time": lambda lines: lines[0]["seal"]["leaf"].update(sealed_at="2030"),
    "a seal that is a record": lambda lines: lines[0].update(seal=lines[1]),
    "another origin": lambda lines: lines[0].update(origin="elsewhere"),
    "a line more in the note": lambda lines: lines[0].update(
        checkpoint=lines[0]["checkpoint"].replace("\n\n", "\nmore\n\n")
    ),
    "words before the note": lambda lines: lines[0].update(checkpoint="a\n" + lines[0]["checkpoint"]),
    "words behind the note": lambda lines: lines[0].update(checkpoint=lines[0]["checkpoint"] + "a\n"),
    "no note": lambda lines: lines[0].update(checkpoint="a note"),
    "a note that is a list": lambda lines: lines[0].update(checkpoint=[]),
    "filters that ask for nothing": lambda lines: lines[0].update(filters={}),
    "an unknown member": lambda lines: lines[0].update(more=1),
    "an unknown member of a line": lambda lines: lines[3].update(more=1),
    "a list for a proof": lambda lines: lines[0]["consistency"].append([]),
    "fewer lines than it says": lambda lines: lines.pop(-2),
    "more than it says": lambda lines: lines[-1].update(unsealed=0),
    "an end that is none": lambda lines: lines[-1].update(end=False),
    "something behind the end": lambda lines: lines.append({"event": None}),
    "a line that is a list": lambda lines: lines.insert(3, [1]),  # type: ignore[arg-type]
}  # fmt: skip


def test_finds_whatever_was_done_to_it(bundle: bytes) -> None:
    assert verify(changed(bundle, len))[0] == 0
    found = {name: verify(changed(bundle, attack)) for name, attack in ATTACKS.items()}
    assert {name: answer for name, answer in found.items() if answer[0] != TAMPERED} == {}


def test_finds_whatever_was_done_to_the_whole_log(story: Story) -> None:
    log = story.log()
    for name in (
        "a word changed", "a record gone", "a record left out", "in another order", "a record twice",
        "another place", "sealed made unsealed", "a seal of another time", "fewer lines than it says",
    ):  # fmt: skip
        code, said = verify(changed(log, ATTACKS[name]))
        assert code == TAMPERED, f"{name}: {said}"
    code, said = verify(changed(log, lambda lines: lines[20]["seal"].update(events_total=1)))
    assert code == TAMPERED, said


TWO_MEANINGS = [
    (b'"subject_seq":', b'"subject_seq":3,"subject_seq":'),
    (b'"schema_v":1', b'"schema_v":1.0'),
    (b'"schema_v":1', b'"schema_v":NaN'),
    (b'"schema_v":1', b'"schema_v":' + b"9" * 5000),
    (b'"schema_v":1', b'"schema_v":1e999'),
    (b'"metadata":', b'"metadata":' + b"[" * 100_000 + b"]" * 100_000 + b',"m":'),
    (b'"step":"login"', b'"step":"\\ud800"'),
    (b'"step":"login"', b'"step":"\xff"'),
    (b'{"event"', b'{"' + b"x" * (1 << 20) + b'":1,"event"'),
    (b'{"event"', b'\n{"event"'),
]


def test_takes_no_line_that_could_mean_two_things(bundle: bytes) -> None:
    for old, new in TWO_MEANINGS:
        code, said = verify(bundle.replace(old, new, 1))
        assert code == TAMPERED, (new[:40], said)


def test_cannot_verify_what_is_torn_or_no_bundle(bundle: bytes) -> None:
    first, _, rest = bundle.partition(b"\n")
    for torn in (
        b"", b"\n", b"{}\n", b"[]\n", b"\0\xff", first[:100], first, first + b"\n", bundle[:-2],
        bundle[: len(bundle) // 2], bundle[: bundle.rindex(b'{"end"')],
        first.replace(b'"v":1', b'"v":2') + b"\n" + rest,
        first.replace(b'"v":1', b'"v":true') + b"\n" + rest, b"a" * (1 << 21),
        first.replace(b'"signupassist', b'"other') + b"\n" + rest,
    ):  # fmt: skip
        code, said = verify(torn)
        assert (code, said[:15]) == (CANNOT, "CANNOT VERIFY: "), torn[:80]


def test_cannot_verify_what_nobody_known_has_signed(bundle: bytes) -> None:
    another = Signer(settings.AUDIT_ORIGIN, bytes(range(32))).verifier
    elsewhere = Signer("elsewhere", bytes(range(32))).verifier
    cut = vkey()[:-4]
    for key in (str(another), str(elsewhere), cut, "a key", "a+b+c", vkey().replace("+", "+0", 1)):
        code, said = verify(bundle, key=key)
        assert (code, "CANNOT VERIFY" in said) == (CANNOT, True), key
    named = vkey().replace(settings.AUDIT_ORIGIN, "elsewhere")
    assert verify(bundle, key=named)[0] == CANNOT


def test_takes_any_of_several_keys(bundle: bytes) -> None:
    another = str(Signer(settings.AUDIT_ORIGIN, bytes(range(32))).verifier)
    assert verify(bundle, "--key", vkey(), key=another)[0] == 0


def test_cannot_verify_a_trail_of_which_nothing_is_sealed(db: None, noon: datetime) -> None:
    story = Story(noon)
    story.goes_on(3)
    assert verify(story.bundle())[0] == CANNOT  # no checkpoint at all
    story.others, story.ours = [story.ours], story.others[0]
    story.is_sealed()
    code, said = verify(story.bundle())
    assert (code, "or they were left out" in said) == (CANNOT, True)
    bundle = story.bundle(story.others[0])
    hidden = changed(bundle, lambda lines: lines[0]["subject"].update(number=None))
    assert verify(hidden)[0] == CANNOT  # what is hidden is never called proven


@pytest.mark.once
@settings_of_hypothesis(max_examples=40)
@given(st.data())
def test_never_breaks_down(data: st.DataObject) -> None:
    first = {name: data.draw(JSON) for name in verify_trail.MANIFEST}
    first |= {"kind": verify_trail.KIND, "v": 1}
    lines = [first, *data.draw(st.lists(JSON, max_size=3)), {"end": True}]
    code, _ = verify(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert code in (TAMPERED, CANNOT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


def test_takes_no_other_spelling_of_a_line(bundle: bytes) -> None:
    lines = bundle.splitlines(keepends=True)
    spelled = {
        "carriage returns": (bundle.replace(b"\n", b"\r\n"), CANNOT),
        "and one in the midst": (lines[0] + lines[1].replace(b"\n", b"\r\n"), TAMPERED),
        "no end of the last line": (bundle.rstrip(b"\n"), CANNOT),
        "not ASCII": (lines[0] + lines[1].replace(b"skiclubpro", "Zürich".encode()), TAMPERED),
        "minus nothing": (
            lines[0] + re.sub(rb'"log_index":\d+', b'"log_index":-0', lines[1]),
            TAMPERED,
        ),
        "too large": (
            lines[0] + re.sub(rb'"log_index":\d+', b'"log_index":' + b"9" * 30, lines[1]),
            TAMPERED,
        ),
    }
    for what, (text, code) in spelled.items():
        assert verify(text)[0] == code, what


def test_takes_no_key_of_half_characters() -> None:
    with pytest.raises(verify_trail.CannotVerifyError):
        verify_trail.Key.of("\udcff" + vkey()[vkey().index("+") :])
