"""A provider of one kind or another, whose books tell who was booked how often."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from tests.servers.tools_call_server import SUBMIT, ToolsCallServer


class Kind(StrEnum):
    """What a provider can do for somebody who lost its answer."""

    HONOURS_KEYS = "honours keys"  # the same key again: the same booking
    LOOK_UP = "look-up only"  # tells whether there is a booking for a key, and books whatever comes
    NEITHER = "neither"


class Provider(ToolsCallServer):
    """A tool server that takes its time before and after it books."""

    def __init__(self, kind: Kind, *, dawdle: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__()
        self.become(kind)
        self._dawdle = dawdle  # seconds, asked anew each time
        self._busy = 0
        self._quiet = threading.Condition()

    def become(self, kind: Kind) -> None:
        """Be of this kind from now on."""
        self.lists_keys = self.honours_keys = kind is Kind.HONOURS_KEYS
        self.looks_up = kind is Kind.LOOK_UP

    def keys_of(self, child: str) -> set[str]:
        """Return the idempotency keys that came in for this child, whatever came of them."""
        asked = [call.args for call in self.calls if call.tool == SUBMIT]
        return {args["idempotency_key"] for args in asked if args["answers"]["child_name"] == child}

    def bookings_of(self, child: str) -> list[str]:
        """Return the key of each booking of this child, doubled ones included."""
        keys = self.keys_of(child)
        return [key for key in self.booked if key in keys]

    def reference_of(self, key: str) -> str | None:
        """Return what the provider calls a booking, or None where it has none for this key."""
        return self.bookings[key]["confirmation_ref"] if key in self.bookings else None

    def wait_until_quiet(self) -> None:
        """Return once nothing that came in is still being worked on."""
        with self._quiet:
            assert self._quiet.wait_for(lambda: not self._busy, timeout=30)

    def run(self, name: str, args: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body of an honest answer, in time."""
        if name != SUBMIT:
            return super().run(name, args)
        with self._quiet:
            self._busy += 1
        try:
            time.sleep(self._dawdle())
            answer = super().run(name, args)
            time.sleep(self._dawdle())
            return answer
        finally:
            with self._quiet:
                self._busy -= 1
                self._quiet.notify_all()
