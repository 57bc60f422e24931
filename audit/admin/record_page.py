"""One record on its page: what it tells, what stands beside it in its signup, and how it stands."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages

from audit import finding
from audit.admin.lines import Line, lines_of
from audit.models import MandateAudit
from audit.plain_words import in_words, said, span
from audit.verification.single import Stands, Verdict

IN_COLUMNS = ("sessionId", "provider", "org_ref")  # the page has them once already
SIGNED = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True)
class Neighbour:
    """The record before this one in its signup, or after it."""

    line: Line
    away: str


@dataclass(frozen=True)
class Standing:
    """How a record stands, as the page says it."""

    tone: str  # ok, warn or bad
    title: str
    sentence: str
    is_damaged: bool = False


def about(row: MandateAudit) -> dict[str, Any]:
    """Return what the page of a record says."""
    before, after = finding.neighbours(row)
    line, *others = lines_of([row, *(one for one in (before, after) if one)])
    beside = {
        one.row.pk: Neighbour(one, span(one.row.created_at - row.created_at)) for one in others
    }
    return {
        "line": line,
        "told": in_words(said(row), but=IN_COLUMNS),
        "raw": json.dumps(row.metadata, indent=2, sort_keys=True, ensure_ascii=False),
        "before": before and beside[before.pk],
        "after": after and beside[after.pk],
    }


def standing(verdict: Verdict) -> Standing:
    """Return the verdict in words."""
    proof = verdict.proof
    against = (
        f"checkpoint {proof.checkpoint.size}, signed {proof.checkpoint.sealed_at:{SIGNED}}"
        if proof
        else ""
    )
    if verdict.stands is Stands.VERIFIED and proof:
        return Standing(
            "ok",
            "Verified",
            f"Verified against {against}. Its place is {proof.log_index} in the log, and"
            f" {proof.subject_seq} in its trail: it is there, unchanged since it was sealed.",
        )
    if verdict.stands is Stands.WAITING:
        return Standing(
            "warn",
            "Not sealed yet",
            "It is what was recorded, and waits for the next seal, which comes within a minute while"
            " the worker runs. Then it can be verified.",
        )
    if verdict.stands is Stands.UNSAID:
        return Standing(
            "warn",
            "Cannot be verified here",
            f"It fits {against}, but this service has no key to check the signature with:"
            " AUDIT_VERIFY_KEY is not set.",
        )
    return Standing("bad", "Damaged", f"This record {verdict.flaw}.", is_damaged=True)


def verified_again(verdict: Verdict, *, at: datetime) -> tuple[int, str]:
    """Return what the page says after a press of the button, and how loudly."""
    now = standing(verdict)
    level = {"ok": messages.SUCCESS, "warn": messages.WARNING, "bad": messages.ERROR}[now.tone]
    said = now.sentence if now.sentence.startswith(now.title) else f"{now.title}: {now.sentence}"
    return level, f"Looked at again at {at:%H:%M:%S} UTC. {said}"
