"""What stands in the leaves of the log, to the byte. Pure.

Each is JSON in the canonical form of RFC 8785, which for plain ASCII and whole numbers is what
`json.dumps` writes with sorted keys: anybody can make it again.
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.canonical import moment

_SUBJECT = b"mandate-audit/subject/v1\0"
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def subject_tag(user_id: UUID | None) -> str:
    """Return by what name the log knows whose trail it is: SHA-256, in hex.

    Whoever holds a record can compute it; from the name alone nobody finds the person, whose id is
    random.
    """
    return hashlib.sha256(_SUBJECT + (str(user_id) if user_id else "system").encode()).hexdigest()


def event_leaf(
    *, event_id: UUID | str, content_hash: str, log_index: int, subject_tag: str, subject_seq: int
) -> bytes:
    """Return the leaf of a record: which one it is, and its place in the log and in its trail."""
    return _canonical(
        {
            "event_id": str(event_id),
            "content_hash": content_hash,
            "log_index": log_index,
            "subject_tag": subject_tag,
            "subject_seq": subject_seq,
        }
    )


def seal_leaf(
    *,
    sealed_at: datetime,
    since: datetime | None,
    is_drained: bool,
    prev_size: int,
    events_total: int,
    subjects: int,
    subjects_root: str,
) -> bytes:
    """Return the leaf that ends a seal.

    :param since: what it seals was recorded from about then on; None: there was no seal before
    :param is_drained: whether nothing was waiting any more
    :param prev_size: of the tree before it
    :param events_total: all records that are sealed now
    :param subjects_root: of the tree of subjects, in hex
    """
    return _canonical(
        {
            "type": "seal",
            "sealed_at": moment(sealed_at),
            "since": moment(since) if since else None,
            "drained": is_drained,
            "prev_size": prev_size,
            "events_total": events_total,
            "subjects": subjects,
            "subjects_root": subjects_root,
        }
    )


def subject_leaf(*, tag: str, salt: str, sealed: int) -> bytes:
    """Return the leaf of a subject: how many records of it are sealed."""
    return _canonical({"sealed": sealed, "salt": salt, "subject_tag": tag})


def _canonical(said: dict[str, Any]) -> bytes:
    return _ENCODER.encode(said).encode()
