"""The lines of an export: CSV for spreadsheets, and JSON lines that prove what they say.

No database is asked here.
`docs/verify.md` describes the bundle for those who check it; `verify_trail.py` is one who does.
"""

import base64
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import leaves, merkle
from audit.canonical import COLUMNS_OF, SCHEMA_V, moment
from audit.models import Checkpoint, MandateAudit
from audit.proofs import RecordProof, Standing

KIND = "signupassist-audit-bundle"
V = 1

# The table's columns, in its order
COLUMNS = (*COLUMNS_OF[SCHEMA_V], "content_hash")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, CSV injection
_PARTED = re.compile(r"""([;\t\r\n][\s;"']*)([^\s;"'])""")


def line(said: Mapping[str, Any]) -> bytes:
    """Return a line of a bundle: JSON in plain ASCII."""
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def manifest(
    *,
    at: datetime,
    origin: str,
    verify_keys: Iterable[str],
    filters: Mapping[str, Any],
    standing: Standing | None,
    consistency: Mapping[int, list[bytes]],
    user_id: UUID | None,
) -> dict[str, Any]:
    """Return the first line: what is signed, and whose trail this is.

    :param verify_keys: a hint: whoever checks a bundle has the key from elsewhere
    :param filters: what was asked for; empty: nothing was left out
    :param consistency: for older sizes of the log, the proofs that it only grew
    :param user_id: whose trail it is; None: the whole log
    """
    return {
        "kind": KIND,
        "v": V,
        "origin": origin,
        "verify_keys": list(verify_keys),
        "checkpoint": standing.checkpoint.note if standing else None,
        "seal": _seal(standing) if standing else None,
        "subject": _subject(user_id, standing) if user_id else None,
        "filters": {name: _plain(value) for name, value in filters.items()} or None,
        "consistency": [
            {"size": size, "proof": _base64(proof)} for size, proof in consistency.items()
        ],
        "made_at": moment(at),
    }


def event(row: MandateAudit) -> dict[str, Any]:
    """Return what a record's hash was computed over, as the canonical form has it."""
    names = COLUMNS_OF.get(row.schema_v, COLUMNS_OF[SCHEMA_V])
    said = {name: getattr(row, name) for name in names if name != "metadata"}
    return {name: _plain(value) for name, value in said.items()} | {"metadata": row.metadata}


def record(row: MandateAudit) -> dict[str, Any]:
    """Return a record by itself: the table's columns."""
    return event(row) | {"content_hash": row.content_hash}


def event_line(
    row: MandateAudit | None,
    *,
    log_index: int | None,
    subject_seq: int | None,
    nodes: Mapping[str, str] | None = None,
) -> bytes:
    """Return the line of a record.

    :param row: None, if it is in the log and gone from the table
    :param log_index: None, as long as it waits to be sealed
    :param nodes: of its proof, those hashes that the proof before did not have
    """
    said: dict[str, Any] = {
        "event": event(row) if row else None,
        "log_index": log_index,
        "subject_seq": subject_seq,
    }
    return line(said if nodes is None else said | {"nodes": nodes})


def seal_line(checkpoint: Checkpoint) -> bytes:
    """Return the line of a seal's own leaf."""
    return line({"seal": json.loads(checkpoint.leaf()), "log_index": checkpoint.size - 1})


def end_line(*, events: int, unsealed: int) -> bytes:
    """Return the last line, without which a bundle was torn off.

    :param events: all lines of records, the unsealed ones too
    """
    return line({"end": True, "events": events, "unsealed": unsealed})


class Proofs:
    """The inclusion proofs of records in the order of the log, no hash of them told twice in a row.

    A hash beside the way from a leaf to the root is needed by the leaves of one neighbouring subtree.
    They stand together: what the next proof does not need, none will need again.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._told: set[merkle.Span] = set()

    def news(self, index: int, node: merkle.Node) -> dict[str, str]:
        """Return the hashes of the leaf's proof that the last one did not have, by their spans."""
        spans = merkle.inclusion_spans(index, self._size)
        new = [span for span in spans if span not in self._told]
        self._told = set(spans)
        return {
            f"{start}-{end}": _text(made)
            for (start, end), made in zip(new, merkle.hashes(new, node), strict=True)
        }


def record_proof(row: MandateAudit, proof: RecordProof) -> dict[str, Any]:
    """Return the proof of one record as the API gives it."""
    return {
        "log_index": proof.log_index,
        "subject_seq": proof.subject_seq,
        "subject_tag": leaves.subject_tag(row.user_id),
        "tree_size": proof.checkpoint.size,
        "checkpoint": proof.checkpoint.note,
        "inclusion": _base64(proof.inclusion),
    }


def csv_rows(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows of CSV (RFC 4180) in UTF-8 that no spreadsheet takes for formulas."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8", "replace")


def csv_row(row: MandateAudit) -> list[str]:
    """Return a record's cells, the metadata as JSON."""
    cells = [getattr(row, name) for name in COLUMNS if name != "metadata"]
    texts = ["" if cell is None else str(_plain(cell)) for cell in cells]
    metadata = json.dumps(row.metadata, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    texts.insert(COLUMNS.index("metadata"), metadata)
    return texts


def _seal(standing: Standing) -> dict[str, Any]:
    return {
        "leaf": json.loads(standing.checkpoint.leaf()),
        "log_index": standing.checkpoint.size - 1,
        "proof": _base64(standing.seal),
    }


def _subject(user_id: UUID, standing: Standing | None) -> dict[str, Any]:
    found = standing.subject if standing else None
    return {
        "user_id": str(user_id),
        "tag": leaves.subject_tag(user_id),
        "number": found.number if found else None,
        "salt": found.salt if found else None,
        "sealed": found.sealed if found else 0,
        "proof": _base64(found.inclusion) if found else [],
    }


def _plain(value: Any) -> Any:
    """Return a column as JSON has it: ids and moments as text, the rest as it is."""
    if isinstance(value, datetime):
        return moment(value)
    return str(value) if isinstance(value, UUID) else value


def _harmless(cell: str) -> str:
    # where a semicolon, a tab or a line parts cells, quotes hold nothing together
    inside = _PARTED.sub(lambda it: f"{it[1]}'{it[2]}" if _is_sign(it[2]) else it[0], cell)
    return f"'{inside}" if _is_sign(cell[:1]) else inside


def _is_sign(letter: str) -> bool:
    # ＝ and its like are taken for what they look like
    return unicodedata.normalize("NFKC", letter).startswith(_FORMULA)


def _base64(hashes: Iterable[bytes]) -> list[str]:
    return [_text(made) for made in hashes]


def _text(made: bytes) -> str:
    return base64.b64encode(made).decode()
