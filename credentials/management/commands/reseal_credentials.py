"""Seal logins and second factors with the newest key, or say which keys are still needed."""

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from audit.printing import DATABASE_FAILED, counted, reason_of, say
from audit.services import AuditUnavailableError
from credentials import resealing, selectors
from credentials.management.commands._progress import Progress, batch_size, list_flaws
from credentials.registry import lasting_texts, sealed_texts
from credentials.selectors import KeyUse
from credentials.services import ring
from credentials.verification import Flaw

BACKUPS = "Backups keep what they hold: to restore one, the keys of its time are needed."


def limit(text: str) -> int:
    """Return how many logins at most."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError("a whole number from 1")
    return int(text)


@dataclass(frozen=True)
class Walk:
    """One kind of thing to seal anew."""

    thing: str
    due: Callable[[], int]
    reseal: Callable[..., resealing.Progress]


@dataclass(frozen=True)
class Done:
    """What a walk has done, and what it left."""

    thing: str
    resealed: int
    flawed: Mapping[Any, Flaw]
    left: int

    def told(self, *, dry_run: bool) -> str:
        """Return it as a sentence."""
        things, key_id = counted(self.resealed, self.thing), ring().primary.id
        if dry_run:
            cannot = f", {len(self.flawed)} cannot be" if self.flawed else ""
            return f"{things} would be sealed with the key {key_id}{cannot}."
        if self.left:
            why = _why_left(self.left, len(self.flawed))
            return f"{things} sealed with the key {key_id}; {why}"
        return f"{things} sealed with the key {key_id}, none left."


class Command(BaseCommand):
    help = (
        "Seal every saved login and every second factor with the first key of CRED_SEAL_KEY, batch by "
        "batch. May be stopped at any time and run again. Exits with 0 when none is left (--check: when "
        "no other key is needed), else with 1; with 2 where the database failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=resealing.BATCH,
            help=f"how many per transaction (default: {resealing.BATCH})",
        )
        parser.add_argument("--limit", type=limit, help="seal at most so many, and stop")
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--dry-run", action="store_true", help="try to open them, write nothing"
        )
        either.add_argument(
            "--check", action="store_true", help="say what needs which key, and which keys may go"
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        if check:
            self._check()
        else:
            self._reseal(**options)

    def _reseal(self, *, limit: int | None, dry_run: bool, verbosity: int, **options: Any) -> None:
        done: list[Done] = []
        try:
            for walk in self._walks():
                left = None if limit is None else limit - sum(one.resealed for one in done)
                done.append(
                    self._walk(walk, limit=left, dry_run=dry_run, verbosity=verbosity, **options)
                )
        except (AuditUnavailableError, Error) as error:
            said = f"Stopped by the database ({reason_of(error)}). Nothing was lost; run it again."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except KeyboardInterrupt:
            said = "Stopped. What was sealed is recorded; run it again for the rest."
            raise CommandError(said, returncode=130) from None
        for one in done:
            list_flaws(self.stderr, one.flawed, verbosity)
        self._conclude(done, dry_run=dry_run)

    def _walks(self) -> Iterator[Walk]:
        """Yield what is to be sealed anew: the logins, and what lies elsewhere if any of it is due."""
        yield Walk("login", resealing.due, resealing.reseal)
        for text in lasting_texts():
            walk = Walk(
                text.thing,
                partial(resealing.due_elsewhere, text),
                partial(resealing.reseal_elsewhere, text),
            )
            if walk.due():
                yield walk

    def _walk(
        self,
        walk: Walk,
        *,
        batch_size: int,
        limit: int | None,
        dry_run: bool,
        verbosity: int,
        **_: Any,
    ) -> Done:
        due = walk.due()
        total = due if limit is None else min(due, limit)
        tried = "tried" if dry_run else "looked at"
        with Progress(
            self.stdout, total=total, done=tried, verbosity=verbosity, thing=walk.thing
        ) as shown:
            done = walk.reseal(
                batch_size=batch_size,
                limit=limit,
                dry_run=dry_run,
                after_batch=lambda done: shown.reach(done.seen),
            )
        return Done(walk.thing, done.resealed, done.flawed, left=walk.due())

    def _conclude(self, done: Sequence[Done], *, dry_run: bool) -> None:
        said = [one.told(dry_run=dry_run) for one in done]
        if any(one.flawed if dry_run else one.left for one in done):
            raise CommandError(" ".join(said))
        for sentence in said:
            say(self.stdout, sentence if dry_run else self.style.SUCCESS(sentence))
        if not dry_run:
            say(self.stdout, f"Run it with --check before you take an older key away. {BACKUPS}")

    def _check(self) -> None:
        uses = selectors.key_uses(ring())
        idle = [use for use in uses if use.standing == "older" and not use.is_needed]
        unknown = [use for use in idle if not selectors.has_resealed(use.key_id)]
        for use in uses:
            standing = "unused" if use in unknown else use.standing
            say(self.stdout, f"{use.key_id}  {standing:<7}  {_needed_by(use)}")
        for use in idle:
            say(self.stdout, self._what_of_idle(use, is_known=use not in unknown))
        stay = [use for use in uses if use.standing == "older" and use.is_needed]
        for use in stay:
            say(self.stdout, f"The key {use.key_id} must stay: {_what_to_do(use)}")
        missing = [use for use in uses if use.standing == "missing"]
        for use in missing:
            say(
                self.stdout,
                self.style.ERROR(
                    f"The key {use.key_id} is missing: put it back, behind the others."
                ),
            )
        if stay or missing:
            raise CommandError(
                f"{counted(len(stay), 'older key')} still needed, {len(missing)} missing."
            )
        say(self.stdout, self.style.SUCCESS("Only the first key is needed."))

    def _what_of_idle(self, use: KeyUse, *, is_known: bool) -> str:
        """Return what to do with a key that nothing needs: a new one looks just like an old one."""
        if is_known:
            return self.style.SUCCESS(f"The key {use.key_id} may be taken away. {BACKUPS}")
        return (
            f"The key {use.key_id} is not used yet: if it is new, put it first to use it. "
            f"If it is old, it may be taken away. {BACKUPS}"
        )


def _why_left(left: int, flawed: int) -> str:
    reasons = [f"{flawed} left alone, as listed"] if flawed else []
    if left > flawed:
        reasons.append(f"{left - flawed} not reached, or saved meanwhile: run it again")
    return f"{'; '.join(reasons)}."


def _needed_by(use: KeyUse) -> str:
    parts = [counted(use.logins, "login")] if use.logins else []
    parts += [f"{rows} in {name}" for name, rows in use.elsewhere.items()]
    return ", ".join(parts) or "nothing needs it"


def _what_to_do(use: KeyUse) -> str:
    lasting = {text.name for text in lasting_texts()}
    parts = ["run reseal_credentials"] if use.logins or lasting & use.elsewhere.keys() else []
    goes = {text.name: text.goes for text in sealed_texts()}
    parts += [
        f"what is in {name} goes {goes[name]}" for name in use.elsewhere if name not in lasting
    ]
    return "; ".join(parts) + "."
