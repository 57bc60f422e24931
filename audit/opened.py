"""The secrets that lie open right now, so that nothing else that is written can hold one.

Whoever opens a secret or takes one in says so with `remember`; `forgetting` is put around a request
or a job, and forgets them all at its end. In between, `scrub` takes them out of texts, however they
are spelled, and the ledger takes no word from outside in which one `is_held`.
"""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

SEALED = "[sealed]"

# Shorter ones stand in every text by chance, above all those that are nothing but a word.
SHORTEST, SHORTEST_WORD, SHORTEST_TYPED_WORD, SHORTEST_CODE = 4, 6, 12, 8
_WORD = re.compile(r"[a-z_-]+|[0-9]+")
# `registration` is no secret inside of `submit_registration` or `registration.example`
_RUNS_ON_BEFORE = re.compile(r"(?:[\w-]|\w\.)\Z")
_RUNS_ON_AFTER = re.compile(r"[\w-]|\.\w")
_PERCENT = re.compile(r"%[0-9A-F]{2}")


@dataclass(repr=False)
class _Open:
    """What is open: each secret with its spellings, once somebody has asked for them."""

    secrets: dict[str, list[str]] = field(default_factory=dict)
    typed: dict[str, list[str]] = field(default_factory=dict)


_open: ContextVar[_Open | None] = ContextVar("opened_secrets", default=None)


@contextmanager
def forgetting() -> Iterator[None]:
    """Forget at the end what is remembered inside."""
    token = _open.set(_Open())
    try:
        yield
    finally:
        _open.reset(token)


def remember(*secrets: str) -> None:
    """Keep these out of everything that is written from now on."""
    now = _now().secrets
    for secret in secrets:
        if len(secret) >= (SHORTEST_WORD if _is_word(secret) else SHORTEST):
            now.setdefault(secret, [])


def remember_typed(*texts: str) -> None:
    """Keep a person's own words out of logs and reports.

    The ledger does not refuse them: a form's answer may well be the name of a program.
    """
    now = _now().typed
    for text in texts:
        if len(text) >= (SHORTEST_TYPED_WORD if _is_word(text) else SHORTEST):
            now.setdefault(text, [])


def scrub(text: str, *, typed: bool = True) -> str:
    """Return the text with "[sealed]" in place of every secret, and of what was `typed`."""
    now = _open.get()
    if now is None:
        return text
    for found in (now.secrets, now.typed if typed else {}):
        for secret in sorted(found, key=len, reverse=True):
            text = _without(text, secret, found)
    return text


def is_held(value: Any) -> bool:
    """Return whether a secret that is open stands in a JSON value, in its keys or its texts."""
    now = _open.get()
    if now is None or not now.secrets:
        return False
    return any(
        _without(text, secret, now.secrets) != text
        for text in _texts(value)
        for secret in now.secrets
    )


def is_in_name(name: str) -> bool:
    """Return whether a secret that is open stands in what others call a thing.

    A mere word that is the whole name counts as theirs: a club may be called what somebody chose
    for a password, and nobody who reads the name can tell.
    """
    now = _open.get()
    return now is not None and any(
        _without(name, secret, now.secrets) != name
        for secret in now.secrets
        if not (secret == name and _is_word(name))
    )


def _now() -> _Open:
    now = _open.get()
    if now is None:  # outside of `forgetting`, for as long as the thread lives
        now = _Open()
        _open.set(now)
    return now


def _is_word(text: str) -> bool:
    return bool(_WORD.fullmatch(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _without(text: str, secret: str, found: dict[str, list[str]]) -> str:
    for spelling in _spellings_of(secret, found):
        if spelling == secret and _is_word(secret):
            text = _without_word(text, secret)
        else:
            text = text.replace(spelling, SEALED)
    return text


def _without_word(text: str, word: str) -> str:
    """Return the text without the word where it stands alone.

    Without a regular expression of it: Python would keep that.
    """
    kept, start = "", 0
    while (place := text.find(word, start)) >= 0:
        end = place + len(word)
        runs_on = _RUNS_ON_BEFORE.search(text[:place][-2:]) or _RUNS_ON_AFTER.match(text, end)
        kept += text[start:place] + (word if runs_on else SEALED)
        start = end
    return kept + text[start:]


def _spellings_of(secret: str, found: dict[str, list[str]]) -> list[str]:
    """Return the spellings, worked out once: most secrets are never looked for."""
    if not found[secret]:
        found[secret] = sorted(spellings(secret), key=len, reverse=True)
    return found[secret]


def spellings(secret: str) -> set[str]:
    """Return what a secret looks like plain, in Python, JSON, HTML, URLs, hex and base64."""
    plain = {secret} | {json.dumps(secret, ensure_ascii=only)[1:-1] for only in (True, False)}
    written = plain | {
        said
        for text in plain
        for said in (
            repr(text)[1:-1],
            repr(text.encode())[2:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
        )
    }
    written |= {text.replace("'", r"\'") for text in written} | {ascii(secret)[1:-1]}
    written |= {html.escape(text) for text in written}
    in_urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    in_urls |= {_PERCENT.sub(lambda code: code[0].lower(), url) for url in in_urls}
    raw = {text.encode() for text in plain}
    codes = {code for one in raw for code in (one.hex(), one.hex().upper(), *_base64s(one))}
    return written | in_urls | {code for code in codes if len(code) >= SHORTEST_CODE}


def _base64s(raw: bytes) -> Iterator[str]:
    """Yield the base64 digits that are the secret's own, wherever it begins in what is encoded."""
    for shift in range(3):
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw).decode()[first:last]
