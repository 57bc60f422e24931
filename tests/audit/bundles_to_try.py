"""A small sealed ledger, what it exports, and the verifier as an outsider runs it."""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from django.conf import settings

import verify_trail
from audit.actions import SYSTEM, Action, person
from audit.exporting import Wanted, export
from audit.models import Checkpoint
from audit.sealer import seal
from audit.services import Entry, record_many

Lines = list[dict[str, Any]]


@dataclass
class Story:
    """Parents whose records came one by one, sealed now and then."""

    at: datetime
    ours: UUID = field(default_factory=uuid4)
    others: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(4)])

    def goes_on(self, events: int, *, mine: int = 3) -> None:
        """Record so many events: every so many-th is ours, one in seven the system's."""
        record_many(self._entries(events, mine))

    def is_sealed(self) -> Checkpoint:
        """Seal all of it."""
        self.at += timedelta(minutes=1)
        done = seal(at=self.at, signers=settings.AUDIT_SIGNERS, origin=settings.AUDIT_ORIGIN)
        assert done is not None
        return done.checkpoint

    def bundle(self, user_id: UUID | None = None, **how: Any) -> bytes:
        """Return our bundle, or another person's."""
        return self.exported(Wanted(user_id or self.ours, "jsonl", **how))

    def log(self, **how: Any) -> bytes:
        """Return the bundle of the whole log."""
        return self.exported(Wanted(None, "jsonl", **how))

    def exported(self, wanted: Wanted) -> bytes:
        actor = person(wanted.user_id) if wanted.user_id else SYSTEM
        return b"".join(export(wanted, actor=actor, at=self.at + timedelta(seconds=1)))

    def _entries(self, events: int, mine: int) -> Iterator[Entry]:
        for number in range(events):
            self.at += timedelta(seconds=1)
            user_id = self.ours if number % mine == 0 else self.others[number % len(self.others)]
            is_ours = number % 7 != 6
            yield Entry(
                action=Action.CREDENTIALS_SUBMITTED if number % 2 else Action.MESSAGE_SENT,
                user_id=user_id if is_ours else None,
                actor=person(user_id) if is_ours else SYSTEM,
                at=self.at,
                provider="skiclubpro",
                org_ref="blackhawk-ski",
                metadata={"credential_alias": "Größe ☃ \U0001f3bf"}
                if number % 2
                else {"step": "login", "intent": "search"},
            )


def told(at: datetime, **of: Any) -> Story:
    """Return a story of three seals, with records behind the last one."""
    story = Story(at, **of)
    for events in (19, 9, 4):
        story.goes_on(events)
        story.is_sealed()
    story.goes_on(2)
    return story


def vkey() -> str:
    """Return the key that an outsider trusts."""
    return str(settings.AUDIT_VERIFIERS[0])


def verify(bundle: bytes, *options: str, key: str | None = None) -> tuple[int, str]:
    """Return the verifier's exit code and what it said."""
    said = io.StringIO()
    given = ["verify_trail.py", "-", "--key", key or vkey(), *options]
    with (
        patch.object(sys, "argv", given),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(bundle))),
        contextlib.redirect_stdout(said),
    ):
        code = verify_trail.main()
    return code, said.getvalue()


def changed(bundle: bytes, change: Callable[[Lines], Any]) -> bytes:
    """Return a bundle as somebody changed it."""
    lines = [json.loads(line) for line in bundle.splitlines()]
    change(lines)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def kept(checkpoint: Checkpoint, folder: Path) -> str:
    """Return the file in which somebody keeps a checkpoint."""
    file = folder / f"checkpoint-{checkpoint.size}"
    file.write_text(checkpoint.note)
    return str(file)
