"""What a record tells besides its columns: which keys each action has, and what stands under them.

One name has one meaning, whichever action uses it. What is not listed here is not recorded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from audit.actions import Action
from audit.canonical import MAX_INT


class Kind(Enum):
    """What stands under a key; null, too, where it is not known."""

    WORD = "a plain word of ours"
    WORDS = "a list of plain words of ours"
    NUMBER = "a whole number"
    NUMBERS = "whole numbers by plain words of ours"
    FLAG = "true or false"
    ID = "a UUID"
    DIGEST = "a digest, or a piece of one, in hex"
    MOMENT = "a moment as RFC 3339 has it"
    CODE = "a word that we say, or others do"
    NAME = "what others call a thing, or say about it"


KEYS: dict[str, Kind] = {
    # Signups
    "step": Kind.WORD,
    "intent": Kind.WORD,
    "llm": Kind.WORD,
    "turn_interrupted": Kind.FLAG,
    "run_id": Kind.ID,
    "deleted": Kind.NUMBER,
    "by_status": Kind.NUMBERS,
    # Logins
    "credential_alias": Kind.NAME,
    "accessed_at": Kind.MOMENT,
    "purpose": Kind.WORD,
    "reason": Kind.WORD,
    "unrecorded_until": Kind.MOMENT,
    "key_id": Kind.CODE,  # as the row says, whoever wrote it
    "seal_fp": Kind.DIGEST,
    "was_fp": Kind.DIGEST,
    "from": Kind.DIGEST,
    "to": Kind.DIGEST,
    # Provider tools and registrations
    "tool": Kind.WORD,
    "argument_digest": Kind.DIGEST,
    "source": Kind.WORD,
    "server": Kind.CODE,
    "protocol_version": Kind.CODE,
    "http_status": Kind.NUMBER,
    "attempts": Kind.NUMBER,
    "elapsed_ms": Kind.NUMBER,
    "degraded": Kind.FLAG,
    "fallback_reason": Kind.CODE,
    "error_code": Kind.CODE,
    "submission_id": Kind.ID,
    "request_digest": Kind.DIGEST,
    "is_real": Kind.FLAG,
    "outcome": Kind.WORD,
    "late_answer": Kind.FLAG,
    "late_confirmation_ref": Kind.NAME,
    "explanation": Kind.NAME,
    # Accounts
    "method": Kind.CODE,  # an issuer's name, too
    "second_factor": Kind.WORD,
    "role": Kind.WORD,
    "logins": Kind.NUMBER,
    "signups": Kind.NUMBER,
    # The ledger itself
    "table": Kind.WORD,
    "view": Kind.WORD,
    "named_by": Kind.WORD,
    "viewed": Kind.CODE,
    "format": Kind.WORD,
    "scope": Kind.WORD,
    "filters": Kind.WORDS,  # their names: what was asked for is nobody's business
    "rows": Kind.NUMBER,
    "tree_size": Kind.NUMBER,
    "events": Kind.NUMBER,
    "root": Kind.DIGEST,
    "origin": Kind.NAME,
    # Made-up records say so
    "sample": Kind.FLAG,
}

# What comes from outside: it is redacted, and holds no secret that is open.
OF_OTHERS = frozenset(key for key, kind in KEYS.items() if kind in (Kind.CODE, Kind.NAME))
# What others say freely; of a code, only what does not look like a word of ours is theirs.
NAMES = frozenset(key for key, kind in KEYS.items() if kind is Kind.NAME)


@dataclass(frozen=True)
class Told:
    """What the record of one action needs to tell, and what it may."""

    needs: frozenset[str]
    keys: frozenset[str]  # with those that it needs


def _told(needs: str = "", *, may: str = "") -> Told:
    needed = frozenset(needs.split())
    return Told(needed, needed.union(may.split()))


_TURN = _told(may="step sample")
_LOGIN = "credential_alias"
_OPENING = "credential_alias purpose"
_CALL = "tool source attempts elapsed_ms"
_ABOUT_CALL = (
    "step argument_digest server protocol_version http_status degraded fallback_reason sample"
    " submission_id request_digest is_real"
)
_BOOKING = "submission_id is_real"

TOLD: dict[Action, Told] = {
    **{action: _TURN for action in Action if action.startswith("action_")},
    Action.MESSAGE_SENT: _told("step intent", may="llm sample"),
    # Logins
    Action.CREDENTIALS_SUBMITTED: _told(_LOGIN, may="seal_fp"),
    Action.CREDENTIALS_ACCESSED: _told(f"{_OPENING} accessed_at", may="key_id seal_fp sample"),
    Action.CREDENTIALS_ACCESS_FAILED: _told(f"{_OPENING} reason", may="key_id seal_fp"),
    Action.CREDENTIALS_ACCESS_DENIED: _told(_OPENING, may="reason unrecorded_until"),
    Action.CREDENTIALS_REPLACED: _told(_LOGIN, may="seal_fp was_fp"),
    Action.CREDENTIALS_DELETED: _told(_LOGIN, may="was_fp"),
    Action.CREDENTIALS_RESEALED: _told(f"{_LOGIN} from to", may="seal_fp was_fp"),
    # Provider tools and registrations
    Action.TOOL_SUCCEEDED: _told(_CALL, may=_ABOUT_CALL),
    Action.TOOL_FAILED: _told(f"{_CALL} error_code", may=_ABOUT_CALL),
    Action.REGISTRATION_SUBMITTED: _told(_BOOKING, may="request_digest sample"),
    Action.REGISTRATION_COMPLETED: _told(_BOOKING, may="request_digest source sample"),
    Action.REGISTRATION_WAITLISTED: _told(_BOOKING, may="request_digest source"),
    Action.REGISTRATION_REJECTED: _told(_BOOKING, may="request_digest source error_code"),
    Action.REGISTRATION_NOT_SENT: _told(_BOOKING, may="request_digest source error_code"),
    Action.REGISTRATION_OUTCOME_UNKNOWN: _told(_BOOKING, may="request_digest source error_code"),
    Action.REGISTRATION_NEEDS_OPERATOR: _told(
        _BOOKING, may="request_digest source error_code reason late_confirmation_ref"
    ),
    Action.REGISTRATION_RESOLVED: _told(
        f"{_BOOKING} outcome explanation", may="request_digest source late_answer"
    ),
    # Signup sessions
    Action.SESSION_CREATED: _TURN,
    Action.SESSION_RESUMED: _told(may="step"),
    Action.SESSION_DELETED: _told(may="step"),
    Action.SESSION_ENDED_BY_STAFF: _told(may="step turn_interrupted"),
    Action.SESSIONS_EXPIRED: _told("run_id deleted by_status"),
    # Accounts
    Action.USER_SIGNED_UP: _told(may="method"),
    Action.USER_LOGGED_IN: _told("method", may="second_factor"),
    Action.USER_LOGIN_FAILED: _told(may="method reason"),
    Action.USER_LOGGED_OUT: _told(may="method"),
    Action.USER_LOGINS_ENDED: _told(),
    Action.USER_PASSWORD_RESET_REQUESTED: _told(),
    Action.USER_PASSWORD_RESET_MAILED: _told("outcome"),
    Action.USER_PASSWORD_CHANGED: _told("method"),
    Action.USER_SECOND_FACTOR_ADDED: _told("method"),
    Action.USER_SECOND_FACTOR_REMOVED: _told("method"),
    Action.USER_SECOND_FACTOR_RESEALED: _told("from to"),
    Action.USER_RECOVERY_CODES_MADE: _told(),
    Action.USER_DISABLED: _told(),
    Action.USER_ENABLED: _told(),
    Action.USER_DELETED: _told("logins signups"),
    Action.STAFF_ROLE_GRANTED: _told("role"),
    Action.STAFF_ROLE_REVOKED: _told("role"),
    # The ledger itself
    Action.AUDIT_VIEWED: _told("table view viewed", may="named_by"),
    Action.AUDIT_EXPORTED: _told("format scope", may="filters rows"),
    Action.AUDIT_SEALED: _told("tree_size events root", may="origin"),
}

# Neither a number of a person's nor a key of any service looks like this.
_WORD = re.compile(
    r"(?!sa_|gh[pousr]_|akia|aiza)(?![a-z0-9_]*[0-9]{5})(?!(?:[a-z_]*[0-9]){13})"
    r"[a-z][a-z0-9_]{0,63}",
    re.ASCII,
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{16,128}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def is_plain_word(value: Any) -> bool:
    """Say whether a value is a word as we write them: no redaction would touch it."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def check(action: str, metadata: Mapping[str, Any]) -> None:
    """Pass what the record of this action may tell, and all that it needs to.

    :raises ValueError: for anything else; the text names the action and the key, never the value
    """
    told = TOLD[Action(action)]
    if not told.needs <= metadata.keys() <= told.keys:
        raise ValueError(_what_is_wrong(action, told, metadata))
    for key, value in metadata.items():
        if value is not None and not _CHECKS[key](value):
            raise ValueError(f"{action}: {key} is not {KEYS[key].value}")


def _what_is_wrong(action: str, told: Told, metadata: Mapping[str, Any]) -> str:
    if missing := told.needs - metadata.keys():
        return f"{action} needs {', '.join(sorted(missing))} in its metadata"
    strange = sorted(
        key if is_plain_word(key) else "a key that is no plain word"
        for key in metadata.keys() - told.keys
    )
    return f"{action} does not tell {', '.join(strange)} in its metadata"


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INT


def _are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_plain_word(key) and _is_number(item) for key, item in value.items()
    )


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(is_plain_word(item) for item in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_CHECK_OF: dict[Kind, Callable[[Any], bool]] = {
    Kind.WORD: is_plain_word,
    Kind.WORDS: _are_words,
    Kind.NUMBER: _is_number,
    Kind.NUMBERS: _are_numbers,
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.ID: _matches(_ID),
    Kind.DIGEST: _matches(_DIGEST),
    Kind.MOMENT: _matches(_MOMENT),
    Kind.CODE: _is_text,
    Kind.NAME: _is_text,
}
_CHECKS = {key: _CHECK_OF[kind] for key, kind in KEYS.items()}
