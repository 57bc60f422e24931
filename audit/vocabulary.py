"""Which words of a record are our own, and how an open secret is kept out of the others.

A password may well be a word that we use ourselves, `source` or `reveal`: where we say it, it is not
the password that is told. Held against the open secrets is what comes from outside, and whatever is
not listed here.
"""

import re
from collections.abc import Mapping
from typing import Any

from audit import opened
from audit.redaction import REDACTED

# Keys of metadata under which constants, digests, ids and moments of ours stand. Of error codes, a
# provider's own are looked at where they come in.
OURS = frozenset(
    {
        "accessed_at", "argument_digest", "attempts", "by_status", "degraded", "deleted",
        "elapsed_ms", "error_code", "fallback_reason", "from", "http_status", "intent", "is_real",
        "key_id", "late_answer", "method", "outcome", "protocol_version", "purpose", "reason",
        "request_digest", "run_id", "seal_fp", "server", "source", "step", "submission_id", "to",
        "tool", "turn_interrupted", "unrecorded_until", "view", "viewed", "was_fp",
    }
)  # fmt: skip
# Keys of ours, too, but what stands there was said by a person or a provider.
THEIRS = frozenset({"credential_alias", "late_confirmation_ref"})

_OUR_WORD = re.compile(r"[\w.:+-]{1,128}", re.ASCII)
_TAKEN_OUT = {REDACTED, opened.SEALED}


def without_secrets(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with "[sealed]" for each word of others that holds an open secret."""
    return {
        key if key in OURS | THEIRS else _key(key): _value(value, ours=key in OURS)
        for key, value in metadata.items()
    }


def name_without_secrets(name: str | None) -> str | None:
    """Return what others call a thing, or "[sealed]" if that holds an open secret."""
    return opened.SEALED if name is not None and opened.is_in_name(name) else name


def _value(value: Any, *, ours: bool) -> Any:
    if isinstance(value, Mapping):
        return {_key(key, ours=ours): _value(item, ours=ours) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, ours=ours) for item in value]
    return _text(value, ours=ours) if isinstance(value, str) else value


def _key(key: str, *, ours: bool = False) -> str:
    return key if _text(key, ours=ours) == key else "sealed"  # a key is a plain word


def _text(text: str, *, ours: bool) -> str:
    if text in _TAKEN_OUT or (ours and _OUR_WORD.fullmatch(text)):
        return text
    return opened.SEALED if opened.is_held(text) else text
