"""How secrets are kept out of a record: what looks like one, and what lies open just now.

A password may well be a word that we use ourselves, `source` or `reveal`: where we say it, it is not
the password that is told. Held against the open secrets is what comes from outside.
"""

import re
from collections.abc import Mapping
from typing import Any

from audit import opened, redaction, vocabulary
from audit.redaction import REDACTED

# What the doors let in is shorter; no happening outside may be lost for the length of a name.
LONGEST_NAME, LONGEST_TOLD = 200, 500
SHORTENED = "…"

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # in a database, or anywhere
_OUR_WORD = re.compile(r"[\w.:+-]{1,128}", re.ASCII)
_TAKEN_OUT = {REDACTED, opened.SEALED}


def redacted(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the metadata in which "[redacted]" stands for every person's detail."""
    told = dict(metadata)
    for key in told.keys() & vocabulary.OF_OTHERS:
        if told[key] is not None and not vocabulary.is_plain_word(told[key]):
            told |= redaction.redact({key: told[key]})
    return told


def without_secrets(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with "[sealed]" for each word of others that holds an open secret."""
    return {
        key: opened.SEALED if key in vocabulary.OF_OTHERS and _holds_secret(key, value) else value
        for key, value in metadata.items()
    }


def name_without_secrets(name: str | None) -> str | None:
    """Return what others call a thing, or "[sealed]" if that holds an open secret."""
    return opened.SEALED if name is not None and opened.is_in_name(name) else name


def shortened(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with words of others cut, and marked with "…", where they are too long."""
    return {
        key: _cut(value, LONGEST_TOLD if key in vocabulary.NAMES else LONGEST_NAME)
        if key in vocabulary.OF_OTHERS
        else value
        for key, value in metadata.items()
    }


def shortened_name(name: str | None) -> str | None:
    """Return what others call a thing, cut and marked with "…" where it is too long."""
    return _cut(name, LONGEST_NAME)


def _cut(text: str | None, longest: int) -> str | None:
    if text is None:
        return None
    text = _UNWRITABLE.sub("\ufffd", text)
    return text if len(text) <= longest else text[: longest - len(SHORTENED)] + SHORTENED


def _holds_secret(key: str, text: str | None) -> bool:
    if text is None or text in _TAKEN_OUT:
        return False
    if key not in vocabulary.NAMES and _OUR_WORD.fullmatch(text):
        return False
    return opened.is_held(text)
