"""Sealing a secret…"""

import base64
import hmac
import re
import string
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from credentials import sealing
from credentials.keyring import Key, KeyRing
from credentials.sealing import Place, SealError, UnknownKeyError, UnreadableError, seal, unseal
from tests.credentials import by_hand, two_keys

pytestmark = pytest.mark.once

KEY = Key(bytes(range(32)))
OTHER_KEY = Key(bytes(range(100, 132)))
RING = KeyRing((KEY,))
PLACE = Place(
    table="stored_credentials",
    row_id=UUID("11111111-1111-4111-8111-111111111111"),
    user_id=UUID("22222222-2222-4222-8222-222222222222"),
    label="skiclubpro",
)
SECRET = b'{"email": "pat@ski.example", "password": "hunter2"}'
SEALED = by_hand.seal(
    by_hand.padded(SECRET),
    key=KEY.material.hex(),
    salt=bytes(range(32)).hex(),
    **{name: str(value) for name, value in vars(PLACE).items()},
)
HEAD, BODY = SEALED.rsplit(".", 1)
RAW = base64.urlsafe_b64decode(BODY)


def with_body(raw: bytes) -> str:
    return f"{HEAD}.{base64.urlsafe_b64encode(raw).decode()}"


def opens(text: str, ring: KeyRing = RING, place: Place = PLACE) -> bool:
    """Say whether a text opens; anything but a SealError passes through and fails the test."""
    try:
        unseal(text, ring=ring, place=place)
    except SealError:
        return False
    return True


@given(
    secret=st.binary(max_size=700),
    row_id=st.uuids(),
    user_id=st.uuids(),
    label=st.text(max_size=64),
)
@settings(deadline=None)
def test_can_be_undone_for_any_secret_and_place(
    secret: bytes, row_id: UUID, user_id: UUID, label: str
) -> None:
    place = Place(table="stored_credentials", row_id=row_id, user_id=user_id, label=label)

    text = seal(secret, key=KEY, place=place)

    assert unseal(text, ring=RING, place=place) == secret
    assert sealing.key_id_of(text) == KEY.id


def test_is_different_every_time() -> None:
    assert len({seal(SECRET, key=KEY, place=PLACE) for _ in range(100)}) == 100


def test_hides_how_long_the_secret_is() -> None:
    lengths = [len(seal(bytes(size), key=KEY, place=PLACE)) for size in (0, 1, 16, 64, 127)]

    assert lengths == [301] * 5
    assert len(seal(bytes(128), key=KEY, place=PLACE)) > 301


def test_opens_with_an_older_key_of_the_ring() -> None:
    assert unseal(SEALED, ring=KeyRing((OTHER_KEY, KEY)), place=PLACE) == SECRET


def test_tries_no_other_key_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing((*(Key(bytes(range(start, start + 32))) for start in range(1, 10)), KEY))
    unseal(SEALED, ring=ring, place=PLACE)
    naming = Mock(side_effect=AssertionError("a key's id was made anew"))
    preparing = Mock(side_effect=sealing._prepare)
    monkeypatch.setattr(hmac, "digest", naming)
    monkeypatch.setattr(sealing, "_prepare", preparing)

    assert unseal(SEALED, ring=ring, place=PLACE) == SECRET
    assert [call.args[0] for call in preparing.mock_calls] == [KEY]


def test_says_when_the_key_is_missing() -> None:
    with pytest.raises(UnknownKeyError):
        unseal(SEALED, ring=KeyRing((OTHER_KEY,)), place=PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, row_id=PLACE.user_id),
        replace(PLACE, user_id=PLACE.row_id),
        replace(PLACE, row_id=PLACE.user_id, user_id=PLACE.row_id),
        replace(PLACE, label="swimdesk"),
        replace(PLACE, label="SkiClubPro"),
        replace(PLACE, label=""),
        replace(PLACE, table="session_turns"),
    ],
    ids=["row", "user", "both", "label", "case of the label", "no label", "table"],
)
def test_opens_nowhere_else(elsewhere: Place) -> None:
    with pytest.raises(UnreadableError):
        unseal(SEALED, ring=RING, place=elsewhere)


def test_does_not_open_after_any_bit_was_flipped() -> None:
    flipped = [
        with_body(RAW[:index] + bytes([RAW[index] ^ 1 << bit]) + RAW[index + 1 :])
        for index in range(len(RAW))
        for bit in range(8)
    ]

    assert len(flipped) == 1664
    assert [text for text in flipped if opens(text)] == []


def test_does_not_open_after_any_character_was_changed() -> None:
    alphabet = string.ascii_letters + string.digits + "-_=.+/ \n"
    changed = (
        SEALED[:index] + character + SEALED[index + 1 :]
        for index in range(len(SEALED))
        for character in alphabet
        if character != SEALED[index]
    )

    assert [text for text in changed if opens(text)] == []


def test_does_not_open_after_it_was_cut() -> None:
    cut = [SEALED[:length] for length in range(len(SEALED))]
    cut += [with_body(RAW[:length]) for length in range(len(RAW))]
    cut += [with_body(RAW[length:]) for length in range(1, len(RAW))]

    assert [text for text in cut if opens(text)] == []


@pytest.mark.parametrize(
    "spelled",
    [
        SEALED.rstrip("="),
        SEALED + "=",
        SEALED + "\n",
        " " + SEALED,
        SEALED.replace("_", "/").replace("-", "+"),
        f"{HEAD}.{BODY[:40]}={BODY[40:]}",
        f"{HEAD}.{BODY[:40]}\n{BODY[40:]}",
        SEALED.upper(),
        SEALED.replace("sa1.", "sa2."),
        SEALED.replace("sa1.", "SA1."),
        f"{HEAD}.{BODY}.{BODY}",
        with_body(RAW + RAW[-128:]),
        "",
        "sa1..",
        "sa1.0123456789abcdef.",
        "sa1.é.ü",
        SECRET.decode(),
    ],
)
def test_knows_one_spelling_alone(spelled: str) -> None:
    with pytest.raises(SealError):
        unseal(spelled, ring=RING, place=PLACE)


def test_does_not_open_under_another_key_of_the_ring_by_its_name() -> None:
    renamed = SEALED.replace(KEY.id, OTHER_KEY.id)

    with pytest.raises(UnreadableError, match="commitment"):
        unseal(renamed, ring=KeyRing((KEY, OTHER_KEY)), place=PLACE)


def test_refuses_a_ciphertext_made_for_two_keys() -> None:
    keys = [Key(KEY.material), Key(OTHER_KEY.material)]
    for key in keys:
        vars(key)["id"] = "0" * 16  # the one thing that else tells keys apart
    salt = bytes(range(32))
    data_key, head, bound = sealing._prepare(keys[0], PLACE, salt)
    other_data_key, _, _ = sealing._prepare(keys[1], PLACE, salt)
    wanted = sealing._pad(SECRET)
    forged = two_keys.forge(data_key, other_data_key, salt[:12], bound, wanted, free=1)
    text = with_body(head + forged).replace(HEAD, f"sa1.{'0' * 16}")
    for one in (data_key, other_data_key):
        assert AESGCM(one).decrypt(salt[:12], forged, bound)  # GCM alone has no objection

    with pytest.raises(UnreadableError, match="commitment"):
        unseal(text, ring=KeyRing((keys[1],)), place=PLACE)


def test_refuses_padding_that_is_none() -> None:
    broken: list[Callable[[], bytes]] = [
        lambda: sealing._unpad(bytes(128)),
        lambda: sealing._unpad(SECRET.ljust(128, b"\0")),
        lambda: sealing._unpad(b"\x80".ljust(127, b"\0") + b"\1"),
    ]
    for unpad in broken:
        with pytest.raises(UnreadableError, match="padding"):
            unpad()


def test_shows_no_key_when_a_key_is_printed() -> None:
    shown = f"{RING!r} {KEY!r} {RING} {KEY}"

    assert KEY.material.hex() not in shown
    assert not re.search(r"\\x0|material", shown)
