"""Sealing for a while: what the worker's job and the command `seal_audit` do.

Before each seal a run compares the log with what was published outside of the database, and with what it
signed itself, so that it never signs over one that was cut short or restored. What it seals it publishes
once it is committed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from audit import publication, sealer
from audit.models import Checkpoint, Pending
from audit.notes import Checkpoint as Signed
from audit.notes import Signer, Verifier
from audit.sealer import Seal, SealedElsewhereError

POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0  # between two seals…
CROWD = 1_000  # …unless that many records wait


@dataclass(frozen=True)
class Log:
    """The log that is sealed: its name, who signs, whose signatures count, where it is published."""

    origin: str
    signers: Sequence[Signer]
    known: Sequence[Verifier] = ()
    file: Path | None = None


@dataclass
class Sealed:
    """What a run came to."""

    seals: int = 0
    records: int = 0
    left_out: int = 0
    size: int = 0  # of the tree, as it was last signed
    is_published: bool = False  # whether the newest checkpoint stands in the file
    is_elsewhere: bool = False  # somebody else was sealing in the end, or kept us from it

    def __str__(self) -> str:
        said = f"{self.records} sealed, the log has {self.size} leaves"
        said += f", {self.left_out} left out" if self.left_out else ""
        return said + (", somebody else is sealing" if self.is_elsewhere else "")


def configured() -> Log:
    """Return the log that the settings describe."""
    file = settings.AUDIT_CHECKPOINT_FILE
    return Log(
        origin=settings.AUDIT_ORIGIN,
        signers=settings.AUDIT_SIGNERS,
        known=settings.AUDIT_VERIFIERS,
        file=Path(file) if file else None,
    )


def run(
    log: Log,
    *,
    now: Callable[[], datetime],
    seconds: float = 0,
    is_stopped: Callable[[], bool] = lambda: False,
    after_seal: Callable[[Seal], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> Sealed:
    """Return what came of sealing until nothing waits, and what comes in the seconds after that.

    :param is_stopped: asked between two seals and every second whether to end sooner
    :raises SealingRefusedError: if the log is not what was signed, or published
    :raises PublicationError: if the published checkpoints cannot be read or added to; what was sealed
        stays sealed, and is published by the next run
    """
    until = time.monotonic() + seconds
    done = Sealed()
    _compare(log, done)
    signed = _Signed()
    next_seal = 0.0
    while True:
        if time.monotonic() >= next_seal or Pending.objects.all()[:CROWD].count() >= CROWD:
            _drain(log, done, signed, now=now, is_stopped=is_stopped, after_seal=after_seal)
            next_seal = time.monotonic() + PAUSE_SECONDS
        if is_stopped() or time.monotonic() + POLL_SECONDS >= until:
            return done
        wait(POLL_SECONDS)


@dataclass
class _Signed:
    """The newest checkpoint that this run has signed."""

    newest: Signed | None = None


def _drain(
    log: Log,
    done: Sealed,
    signed: _Signed,
    *,
    now: Callable[[], datetime],
    is_stopped: Callable[[], bool],
    after_seal: Callable[[Seal], None],
) -> None:
    """Seal until nothing is waiting; the ledger is told of the first seal of a run alone.

    Before each seal the log is compared with what was signed: it may be restored in the midst of a run.
    """
    is_drained = done.is_elsewhere = False
    while not is_drained and not (done.seals and is_stopped()):
        elsewhere = [one for one in (_newest(log), signed.newest) if one]
        try:
            made = sealer.seal(
                at=now(),
                signers=log.signers,
                origin=log.origin,
                known=log.known,
                signed=max(elsewhere, key=lambda one: one.size, default=None),
                is_told=not done.seals,
            )
        except SealedElsewhereError:
            done.is_elsewhere = True
            return
        if made is None:
            return
        root = bytes.fromhex(made.checkpoint.root)
        signed.newest = Signed(log.origin, made.checkpoint.size, root)
        is_drained = made.is_drained
        done.seals += 1
        done.records += made.events
        done.left_out += made.left_out
        done.size = made.checkpoint.size
        after_seal(made)
        _publish(log, done, made.checkpoint)


def _compare(log: Log, done: Sealed) -> None:
    """Pass a log that begins with everything that was published; publish what was signed since.

    :raises SealingRefusedError: if it does not
    """
    # in this order: another run may seal and publish meanwhile
    published = _newest(log)
    last = Checkpoint.objects.order_by("-size").first()
    if last is not None:
        done.size = last.size
    if published:
        sealer.must_begin_with(published, last)
        done.is_published = published.size == done.size
    if last is not None and not done.is_published and last.note.startswith(f"{log.origin}\n"):
        _publish(log, done, last)


def _newest(log: Log) -> Signed | None:
    """Return the newest checkpoint that was published."""
    return publication.newest(log.file, _known(log), origin=log.origin) if log.file else None


def _publish(log: Log, done: Sealed, checkpoint: Checkpoint) -> None:
    if log.file:
        done.is_published = False
        publication.publish(log.file, checkpoint.note)
        done.is_published = True


def _known(log: Log) -> list[Verifier]:
    return [*log.known, *(one.verifier for one in log.signers)]
