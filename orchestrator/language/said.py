"""What the model says that a parent said: taken apart as a stranger's words, which they are.

Structured outputs promise the shape, and other servers than OpenAI's promise less.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.language.errors import ModelAnswerError, ModelRefusedError
from orchestrator.language.prompts import LONGEST, WEEKDAYS
from orchestrator.tools import schema
from orchestrator.tools.schema import InvalidError
from orchestrator.understanding.intents import Topic

MOST_OPTIONS = 200


@dataclass(frozen=True)
class Which:
    """Which of those shown is meant, in the model's words."""

    position: int | None = None
    words: str | None = None
    weekday: str | None = None
    cheapest: bool = False


@dataclass(frozen=True)
class Said:
    """What a message means, as the model reads it: well formed, and not yet to be believed."""

    intent: str
    query: str | None = None
    location: str | None = None
    which: Which = Which()
    topic: Topic | None = None


def read(answer: bytes, intents: Collection[str]) -> Said:
    """Return what an answer of the API says; `intents` are those that may be meant.

    :raises ModelRefusedError: if the model would not read the message
    :raises ModelAnswerError: if it was cut off, or is not what was asked for
    """
    try:
        return _said(_content(json.loads(answer.decode())), intents)
    except (InvalidError, ValueError, RecursionError):
        raise ModelAnswerError from None


def _content(answer: object) -> object:
    """Return the JSON in the only choice of a chat completion.

    (https://platform.openai.com/docs/api-reference/chat/object)
    """
    choices = schema.items(schema.mapping(answer).get("choices"))
    if not choices:
        raise ModelAnswerError
    choice = schema.mapping(choices[0])
    message = schema.mapping(choice.get("message"))
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise ModelRefusedError
    if choice.get("finish_reason") != "stop":
        raise ModelAnswerError
    return json.loads(schema.text(message.get("content")))


def _said(value: object, intents: Collection[str]) -> Said:
    answer = _exactly(value, "intent", "query", "location", "which", "topic")
    which = _exactly(answer["which"], "position", "words", "weekday", "cheapest")
    return Said(
        intent=schema.one_of(answer["intent"], *intents),
        query=_line(answer["query"]),
        location=_line(answer["location"]),
        which=Which(
            position=schema.optional(_position, which["position"]),
            words=_line(which["words"]),
            weekday=schema.one_of(which["weekday"], None, *WEEKDAYS),
            cheapest=schema.flag(which["cheapest"]),
        ),
        topic=schema.one_of(answer["topic"], None, *Topic),
    )


def _exactly(value: object, *names: str) -> Mapping[str, object]:
    found = schema.mapping(value)
    if set(found) != set(names):
        raise InvalidError
    return found


def _position(value: object) -> int:
    return -1 if value == -1 else schema.count(value, high=MOST_OPTIONS)


def _line(value: object) -> str | None:
    """Return a short text, or None where there is none: models write "" for null."""
    found = schema.optional(lambda one: schema.line(one, low=0, high=LONGEST), value)
    return (found or "").strip() or None
