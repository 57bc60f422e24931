"""Codes of authenticator apps: six digits that are new every half minute (TOTP, RFC 6238).

What every app understands: SHA-1 (sound inside an HMAC), 20 bytes of secret, steps of 30 seconds.
"""

import base64
import hmac
import re
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

CODE = re.compile("[0-9]{6}")
SECRET_BYTES = 20
STEP = 30  # seconds
NEIGHBOURS = (0, -1, 1)  # a code that was typed slowly, a clock that is a little off (section 5.2)


def new_secret() -> str:
    """Return a fresh secret, in base32 as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_of(secret: str, step: int) -> str:
    """Return the code that an app with this secret shows during a step."""
    return HOTP(base64.b32decode(secret), 6, SHA1()).generate(step).decode()  # noqa: S303  RFC 6238


def step_at(moment: datetime) -> int:
    """Return the number of the step: how many there were since 1970."""
    return int(moment.timestamp()) // STEP


def step_of(secret: str, code: str, *, at: datetime) -> int | None:
    """Return the step in which an app shows this code, if that is about now."""
    if not CODE.fullmatch(code):
        return None
    steps = [step_at(at) + offset for offset in NEIGHBOURS]
    found = [step for step in steps if hmac.compare_digest(code_of(secret, step), code)]
    return found[0] if found else None
