"""Showing how far a walk over sealed texts is, and what it found: a bar for a person, else lines."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Mapping
from typing import Any, Self

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from audit.printing import counted, say
from credentials.resealing import MOST_IN_BATCH
from credentials.verification import Flaw

LISTED = 100


class Progress:
    """As a context manager it clears up the bar, whatever happens."""

    def __init__(
        self,
        stdout: OutputWrapper,
        *,
        total: int,
        done: str,
        verbosity: int,
        thing: str = "login",
    ) -> None:
        self._stdout, self._total, self._done, self._thing = stdout, total, done, thing
        watched = sys.stderr.isatty()
        self._bar = tqdm(total=total, unit=thing, disable=not (verbosity and watched))
        self._is_piped = bool(verbosity) and not watched

    def reach(self, seen: int) -> None:
        """Show that so many have been looked at."""
        self._bar.update(seen - self._bar.n)
        if self._is_piped:
            total = counted(max(seen, self._total), self._thing)
            say(self._stdout, f"{seen} of {total} {self._done}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()


def list_flaws(stderr: OutputWrapper, flawed: Mapping[Any, Flaw], verbosity: int) -> None:
    """Name what does not hold; a ring without its key would fill the terminal."""
    listed = list(flawed.items())
    for one, flaw in listed if verbosity > 1 else listed[:LISTED]:
        say(stderr, f"{one}: {flaw}{'' if flaw.endswith('?') else '.'}")
    if verbosity <= 1 and len(listed) > LISTED:
        say(stderr, f"… and {len(listed) - LISTED} more; --verbosity 2 lists them all.")


def batch_size(text: str) -> int:
    """Return a number of logins per transaction."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_IN_BATCH:
        raise ArgumentTypeError(f"a whole number from 1 to {MOST_IN_BATCH}")
    return int(text)
