"""Asking the model: the one place that sends it anything, and it looks at what it sends.

The SDK is imported when it is first needed: that takes most of a second and 40 MB, and a service
without a key needs neither.
"""

import logging
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

from django.conf import settings

from orchestrator.language import guard
from orchestrator.language.errors import (
    ModelAnswerError,
    ModelError,
    ModelRefusedError,
    ModelRestsError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from orchestrator.language.rest import Rest

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

SECONDS = 6.0  # for all of it, both tries included
MOMENT = 0.01  # a socket's own timer may wake that early
HEADROOM_SECONDS = 1.0  # a second try needs this much to be worth it
LONGEST_PAUSE = 1.0
MOST_TOKENS = 300
TOO_MANY, SERVER_ERROR = 429, 500
REFUSALS = {400, 413, 422}  # what is wrong may be in the message
# What some models and servers do not know. Reasoning costs seconds and is not needed to read.
OPTIONS: Mapping[str, Any] = {"temperature": 0, "reasoning_effort": "none", "store": False}

_dice = secrets.SystemRandom()
rest = Rest()


def is_configured() -> bool:
    """Return whether there is a model to ask."""
    return bool(settings.OPENAI_API_KEY)


def warm_up() -> None:
    """Get ready to ask, beside whatever else goes on: no parent is to wait for the SDK's first use.

    Opens no connection, and does nothing without a key.
    """
    global _warming
    if is_configured():
        _warming = threading.Thread(target=_get_ready, name="model-warm-up", daemon=True)
        _warming.start()


def ask(
    words: str, *, instructions: str, schema: Mapping[str, Any], answers: Mapping[str, Any]
) -> bytes:
    """Return the model's answer to a parent's words, which should hold JSON of the schema.

    `answers` are what the form of this signup was answered with. They are not sent: the words are
    held against them.

    :raises ModelError: if the words may not be sent, or no answer came of it
    """
    guard.may_leave(words, answers)
    if rest.is_on():
        raise ModelRestsError
    try:
        answer = _Call(words, instructions, schema).made()
    except (ModelTimeoutError, ModelUnavailableError):
        rest.failed()
        raise
    except ModelError:
        rest.answered()
        raise
    rest.answered()
    return answer


class _Call:
    """One question to the model: two tries at most, with one deadline for both."""

    def __init__(self, words: str, instructions: str, schema: Mapping[str, Any]) -> None:
        self._words, self._instructions, self._schema = words, instructions, schema

    def made(self) -> bytes:
        """Return what came back.

        :raises ModelError: if nothing did
        """
        import openai

        from orchestrator.language import wire

        line = _line(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
        options = line.options
        with wire.deadline(SECONDS):
            for tries_left in (1, 0):
                try:
                    answer = self._try(line.sdk, options)
                except openai.APIStatusError as error:
                    options = _without_unknown(options, error)
                    trouble: ModelError = _trouble(error.status_code)
                    pause = _pause(error, is_changed=options != line.options)
                except openai.OpenAIError as error:
                    if isinstance(error.__cause__, wire.AnswerRefusedError):
                        raise ModelAnswerError from None
                    trouble, pause = ModelUnavailableError(), _dice.uniform(0, 0.2)
                else:
                    line.options = options  # what it took is what it is asked with from now on
                    return answer
                if wire.left() < MOMENT:
                    raise ModelTimeoutError
                if not tries_left or pause is None or wire.left() - pause < HEADROOM_SECONDS:
                    raise trouble
                sleep(pause)
        raise ModelUnavailableError

    def _try(self, sdk: "OpenAI", options: Mapping[str, Any]) -> bytes:
        """Return what came back, or raise what the SDK raises."""
        from orchestrator.language import wire

        shape = {"name": "reading", "strict": True, "schema": self._schema}
        question: dict[str, Any] = {
            "model": settings.OPENAI_MODEL,
            "messages": [
                {"role": "system", "content": self._instructions},
                {"role": "user", "content": self._words},
            ],
            "response_format": {"type": "json_schema", "json_schema": shape},
            "max_completion_tokens": MOST_TOKENS,
            "timeout": max(MOMENT, wire.left()),
            **options,
        }
        answer = sdk.chat.completions.with_raw_response.create(**question)
        if answer.headers.get("content-type") != "application/json":
            raise ModelAnswerError
        return bytes(answer.content)


@dataclass
class Line:
    """The SDK's client for one address, and the options that the server there takes."""

    sdk: "OpenAI"
    options: Mapping[str, Any]


_lines: dict[tuple[str, str], Line] = {}  # one, unless the settings change
_opening = threading.Lock()
_warming: threading.Thread | None = None


def hang_up() -> None:
    """Close the connections to the model; the next message opens others."""
    while _lines:
        _, line = _lines.popitem()
        line.sdk.close()


def _trouble(status: int) -> ModelError:
    """Return what a status says: it will not read this message, or any."""
    return ModelRefusedError() if status in REFUSALS else ModelUnavailableError()


def _without_unknown(options: Mapping[str, Any], error: "APIStatusError") -> Mapping[str, Any]:
    """Return the options for another try: without what the model does not know, where it says so."""
    if error.status_code not in REFUSALS:
        return options
    named = [name for name in options if name == error.param]
    unknown = named or list(options)
    return {name: value for name, value in options.items() if name not in unknown}


def _pause(error: "APIStatusError", *, is_changed: bool) -> float | None:
    """Return the seconds after which another try may do better, None where none would."""
    if error.status_code >= SERVER_ERROR:
        return _dice.uniform(0.1, 0.4)
    if error.status_code == TOO_MANY:
        wait = _seconds(error.response.headers.get("retry-after", ""))
        return wait if wait is not None and wait <= LONGEST_PAUSE else None
    return 0.0 if is_changed else None


def _seconds(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def _line(key: str, url: str) -> Line:
    """Return the client of this process for an address, which keeps its connections open."""
    with _opening:
        if (key, url) not in _lines:
            _lines[key, url] = _opened(key, url)
        return _lines[key, url]


def _opened(key: str, url: str) -> Line:
    import httpx2
    import openai

    from audit.egress import Origin
    from orchestrator.language.wire import Transport

    for name in ("openai", "httpx2", "httpcore2"):  # OPENAI_LOG in the environment says otherwise
        logging.getLogger(name).setLevel(logging.WARNING)
    http = httpx2.Client(
        transport=Transport(Origin.of(url)), trust_env=False, follow_redirects=False
    )
    sdk = openai.OpenAI(api_key=key, base_url=url, max_retries=0, http_client=http)
    return Line(sdk, OPTIONS)


def _get_ready() -> None:
    line = _line(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
    _ = line.sdk.chat.completions.with_raw_response  # the SDK loads each part when it is named


def _before_fork() -> None:
    """Wait for the SDK: a child would wait for ever for the thread that was importing it."""
    if _warming is not None and _warming is not threading.current_thread():
        _warming.join()


def _after_fork() -> None:
    """Begin without the parent's connections, which are not ours to close either."""
    global _opening, rest, _warming
    _opening, rest, _warming = threading.Lock(), Rest(), None
    _lines.clear()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
