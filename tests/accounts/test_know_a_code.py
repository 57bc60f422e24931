"""Knowing a code of an authenticator app, or a recovery code…"""

import base64
import math
from datetime import UTC, datetime, timedelta

import pytest

from accounts import recovery_codes, totp

pytestmark = pytest.mark.once

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_agrees_with_the_specification(second: int, code: str) -> None:
    """RFC 6238, appendix B (its last six digits of eight)."""
    at = datetime.fromtimestamp(second, UTC)
    assert totp.code_of(SECRET, totp.step_at(at)) == code
    assert totp.step_of(SECRET, code, at=at) == second // 30


@pytest.mark.parametrize(("steps", "is_known"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_bears_with_a_slow_hand_and_no_more(noon: datetime, steps: int, is_known: int) -> None:
    code = totp.code_of(SECRET, totp.step_at(noon + timedelta(seconds=30 * steps)))
    assert bool(totp.step_of(SECRET, code, at=noon)) == is_known


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "１２３４５６", "-12345"]
)
def test_takes_six_digits_for_a_code_and_nothing_else(noon: datetime, code: str) -> None:
    assert totp.step_of(SECRET, code, at=noon) is None


def test_makes_secrets_of_160_bits() -> None:
    made = {totp.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b32decode(secret)) for secret in made} == {20}


def test_draws_ten_recovery_codes_that_nobody_guesses() -> None:
    first, second = recovery_codes.draw(), recovery_codes.draw()
    assert len(set(first) | set(second)) == 20
    letters = len(recovery_codes.bare(first[0]))
    assert letters * math.log2(len(set(recovery_codes.LETTERS))) > 112, (
        "or a plain hash would not do"
    )


def test_knows_a_recovery_code_however_it_is_typed() -> None:
    code, other = recovery_codes.draw()[:2]
    kept = recovery_codes.hash_of(code)
    for typed in (code, code.upper(), f" {code.replace('-', ' ')}\n"):
        assert recovery_codes.hash_of(typed) == kept
    for wrong in ("", code[:-1], code + "2", other):
        assert recovery_codes.hash_of(wrong) != kept


def test_keeps_nothing_of_a_recovery_code_but_a_hash() -> None:
    codes = recovery_codes.draw()
    kept = repr(recovery_codes.hashes_of(codes))
    assert not [code for code in codes if code in kept or recovery_codes.bare(code) in kept]
