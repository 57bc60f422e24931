"""Asking Google Places (New), Text Search: one question, one answer, within seconds.

It goes over the same wire as the provider tools: a socket that the watchdog shuts at the deadline
whatever the other end does, one origin, nothing of the environment, no cookies. The key travels in
its header alone.

Sources: https://developers.google.com/maps/documentation/places/web-service/text-search and, for
errors, https://cloud.google.com/apis/design/errors
"""

import json
import logging
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from audit.egress import Origin
from orchestrator.places.answers import FIELDS, Spot, spots_in
from orchestrator.places.contract import SearchUnavailableError
from orchestrator.places.question import Question
from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import HttpStream, Transport

log = logging.getLogger("orchestrator.places")

PATH = "/v1/places:searchText"
SECONDS = 5.0  # for both tries
RETRIES = 1
ANSWER_LIMIT = 256 * 1024  # five places are some kilobytes


@dataclass(frozen=True)
class Found:
    """The places that were found, and what finding them took."""

    spots: list[Spot]
    attempts: int = 0
    elapsed_ms: int = 0
    http_status: int | None = None


class Google:
    """The map at one address, asked with one key."""

    def __init__(self, base_url: str, key: str) -> None:
        self.host = Origin.of(base_url).host
        self._transport = Transport(base_url, "")
        self._key = key

    def search(self, question: Question, *, seconds: float = SECONDS) -> Found:
        """Return the places that fit.

        :raises SearchUnavailableError: if there is no answer that can be used, with `attempts`,
            `elapsed_ms` and `http_status` for the record
        """
        seconds = min(SECONDS, seconds)
        effort = Effort(seconds=seconds, retries=RETRIES)
        try:
            spots = spots_in(self._ask(question, effort))
        except SearchUnavailableError as error:
            error.attempts, error.http_status = effort.attempts, effort.status
            error.elapsed_ms = _milliseconds(seconds, effort)
            # whoever runs this has to mend a key or a quota themselves
            level = logging.ERROR if error.reason in ("key", "quota") else logging.WARNING
            log.log(level, "[Places] Search failed: %s", error.reason)
            raise
        log.info("[Places] Search succeeded")
        took = _milliseconds(seconds, effort)
        return Found(spots, effort.attempts, took, effort.status)

    def _ask(self, question: Question, effort: Effort) -> object:
        """Return the answer's JSON; what may pass is tried once more.

        :raises SearchUnavailableError: if there is none
        """
        body = json.dumps(question.body()).encode()
        try:
            return self._try(body, effort)
        except SearchUnavailableError as trouble:
            if not trouble.is_passing or not effort.try_again():
                raise
        return self._try(body, effort)

    def _try(self, body: bytes, effort: Effort) -> object:
        """Return the answer's JSON.

        :raises SearchUnavailableError: if there is none
        """
        headers = {
            "Content-Type": "application/json",
            "X-Goog-Api-Key": self._key,
            "X-Goog-FieldMask": FIELDS,
        }
        try:
            with self._transport.open(
                "POST", PATH, effort=effort, body=body, headers=headers
            ) as answer:
                if answer.status != 200:
                    raise _refusal(answer)
                text = _read(answer)
        except ToolTimeoutError:
            raise SearchUnavailableError("timeout") from None
        except ToolUnavailableError:
            raise SearchUnavailableError("unavailable", is_passing=True) from None
        except ToolBadResponseError:
            raise SearchUnavailableError("bad_response") from None
        return _parsed(text)


def _refusal(answer: HttpStream) -> SearchUnavailableError:
    """Return what a status means; a redirect that the wire did not follow is a refusal."""
    status = answer.status
    if status in (401, 403):
        return SearchUnavailableError("key")
    if status != 429 and status < 500:
        return SearchUnavailableError("refused")
    # whoever says when to come back means it, and that is later than a parent waits
    is_passing = "Retry-After" not in answer.headers
    return SearchUnavailableError(
        "quota" if status == 429 else "unavailable", is_passing=is_passing
    )


def _read(answer: HttpStream) -> bytes:
    """Return the body.

    :raises ToolBadResponseError: if it is larger than any honest answer
    """
    body = bytearray()
    for chunk in answer.chunks():
        body += chunk
        if len(body) > ANSWER_LIMIT:
            raise ToolBadResponseError
    return bytes(body)


def _parsed(text: bytes) -> object:
    """Return the JSON of a body.

    :raises SearchUnavailableError: if it is none
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # raised below: no context may carry the text
    raise SearchUnavailableError("bad_response")


def _milliseconds(seconds: float, effort: Effort) -> int:
    return round((seconds - effort.left) * 1000)


def configured() -> Google | None:
    """Return the map that the settings name, the same for as long as they do; None without a key."""
    key: str = settings.GOOGLE_PLACES_API_KEY
    return _at(settings.GOOGLE_PLACES_BASE_URL, key) if key else None


_at = cache(Google)
