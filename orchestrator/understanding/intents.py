"""What was meant: the one shape in which both readers, the parser and the language model, say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.flow.parts import Button


class Topic(StrEnum):
    """What parents ask in the middle of a signup; `questions` has the answers."""

    PRICE = "price"  # how much is it?
    SPOTS = "spots"  # is it full?
    SCHEDULE = "schedule"  # when is it? when does it open?
    PLACE = "place"  # where is it? how far?
    AGE = "age"  # is she old enough?
    ABOUT = "about"  # what do they do there?
    OPTIONS = "options"  # what else is there?
    REQUIREMENTS = "requirements"  # what is missing? what do I need?
    LOGIN = "login"  # what do you do with my password?
    DATA = "data"  # who sees what I type about my child?
    SENT = "sent"  # did it work? is she registered?
    PAYMENT = "payment"  # do I pay here? refunds?
    TIME = "time"  # how long do I have? can I go on tomorrow?
    NEXT = "next"  # what now?
    WHO = "who"  # who are you? is this a real person?
    REAL = "real"  # is this real?


@dataclass(frozen=True)
class Intent:
    """What was meant. With an `answer` or a `question`, nothing is done: words are the reply."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None
    buttons: tuple[Button, ...] = ()
    question: Topic | None = None

    @property
    def is_search(self) -> bool:
        """Return whether something is to be looked for, at once or instead of what was chosen."""
        return "query" in self.payload


def asked(topic: Topic) -> Intent:
    """Return what was meant by a question."""
    return Intent(f"question_{topic}", question=topic)
