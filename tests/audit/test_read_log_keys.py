"""Reading the keys of the log…"""

import base64

import pytest

from audit import log_keys

pytestmark = pytest.mark.once

ORIGIN = "log.example.org/audit"
NEW, OLD = (base64.b64encode(bytes(range(at, at + 32))).decode() for at in (0, 32))


def test_gives_who_signs_in_their_order() -> None:
    new, old = log_keys.signers(f" {NEW}, {OLD},", ORIGIN)

    assert [new.verifier, old.verifier] == [
        log_keys.signers(key, ORIGIN)[0].verifier for key in (NEW, OLD)
    ]
    assert new.verifier.name == ORIGIN


def test_gives_nobody_where_there_is_none() -> None:
    assert log_keys.signers("", ORIGIN) == ()
    assert log_keys.verifiers("", ()) == ()


def test_believes_whom_it_is_told_of_and_who_signs_here() -> None:
    (new,), (old,) = log_keys.signers(NEW, ORIGIN), log_keys.signers(OLD, ORIGIN)

    known = log_keys.verifiers(f"{old.verifier},{new.verifier}", (new,))

    assert known == (old.verifier, new.verifier)


@pytest.mark.parametrize(
    "bad",
    [
        "not base64",
        base64.b64encode(b"short").decode(),
        base64.b64encode(b"\0" * 32).decode(),
        base64.b64encode(b"abcabcab" * 4).decode(),
        f"{NEW},{NEW}",
        f"{NEW},x",
        "\u20ac" * 44,
    ],
)
def test_refuses_in_one_line_what_is_no_key_and_repeats_none(bad: str) -> None:
    with pytest.raises(log_keys.LogKeyError) as caught:
        log_keys.signers(bad, ORIGIN)

    said = str(caught.value)
    assert said.startswith("AUDIT_SIGNING_KEY holds")
    assert "\n" not in said
    assert not any(word in said for word in bad.split(","))


def test_refuses_a_private_key_in_the_place_of_a_public_one_and_does_not_repeat_it() -> None:
    with pytest.raises(log_keys.LogKeyError, match="AUDIT_VERIFY_KEY") as caught:
        log_keys.verifiers(NEW, ())

    assert NEW not in str(caught.value)
