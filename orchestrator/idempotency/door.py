"""The door of a request that may be repeated: wraps the `post` of a view.

Who asks, whether they may and how often is settled before (the view's `initial`). Answers are kept
where the request had its effect: on success, and where a provider refused. Everything else gives the
key free, so that a repetition runs anew.
"""

import functools
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from audit.context import user_id_of
from credentials import services as vault
from orchestrator import errors
from orchestrator.idempotency import keys
from orchestrator.idempotency.digest import digest_of
from orchestrator.idempotency.finished import outcome_of
from orchestrator.idempotency.keys import Kept, Running
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Turn
from sessions_store import services as store

logger = logging.getLogger(__name__)

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
KEY = re.compile(r"[ -~]{1,255}")  # printable ASCII
KEPT_HEADERS = ("ETag", "Location", "Cache-Control", errors.SOURCE_HEADER)
REFUSED_BY_PROVIDER = status.HTTP_422_UNPROCESSABLE_ENTITY

DESCRIBED = [
    OpenApiParameter(
        HEADER,
        {"type": "string", "minLength": 1, "maxLength": 255},
        OpenApiParameter.HEADER,
        description="a new one per deed, the same one to repeat it: the answer is given again",
    ),
    OpenApiParameter(
        REPLAYED,
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        response=True,
        description="this answer was given before, to the same key and body",
    ),
]

Handler = Callable[..., Response]


def repeatable(
    *, answer: Callable[[Turn], Response] | None = None, in_one_commit: bool = False
) -> Callable[[Handler], Handler]:
    """Return a decorator for a view's `post`: same `Idempotency-Key` and body, same answer.

    `answer` shapes the Turn of a request whose process died once its turn was finished.
    `in_one_commit` is for deeds that call nobody outside: deed and answer are written together.
    """

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        @sensitive_variables()
        def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key, at = _key_of(request), timezone.now()
            if key is None:
                return handler(view, request, *args, **kwargs)
            user_id = user_id_of(request)
            digest = digest_of(str(request.method), request.data)
            found = keys.begin(user_id=user_id, path=request.path, key=key, digest=digest, at=at)
            if isinstance(found, Kept):
                return _again(found, user_id, at)
            with _free_on_error(found), keys.running(found):
                before = _finished_before(found, answer)
                if before is not None:
                    _keep(found, before)
                    return _again(before, user_id, at)
                with _commit(together=in_one_commit):
                    response = _run(functools.partial(handler, view, request, *args, **kwargs))
                    _keep(found, _kept(response), must=in_one_commit)
            return response

        return post

    return decorate


def _key_of(request: Request) -> str | None:
    """Return the key that came with the request, or None."""
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        sentence = "Between 1 and 255 printable ASCII characters."
        raise RefusedError("invalid_request", errors={HEADER: [sentence]})
    return key


def _run(handler: Callable[[], Response]) -> Response:
    """Return the view's answer, a provider's refusal included: that one had its effect."""
    try:
        return handler()
    except RefusedError as error:
        if error.status != REFUSED_BY_PROVIDER:
            raise
        return errors.handle(error, {})


def _commit(*, together: bool) -> AbstractContextManager[None]:
    return transaction.atomic() if together else nullcontext()


@contextmanager
def _free_on_error(mine: Running) -> Iterator[None]:
    """Give the key free if what happens inside comes to nothing."""
    try:
        yield
    except BaseException:
        with suppress(AnyDatabaseError):  # then the lease runs out by itself
            keys.give_free(mine)
        raise


def _kept(response: Response) -> Kept:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    return Kept(response.status_code, headers, json.loads(JSONRenderer().render(response.data)))


def _keep(mine: Running, answer: Kept, *, must: bool = False) -> None:
    """Keep the answer. Where the deed is committed already, its answer goes out in any case."""
    try:
        keys.keep(mine, answer)
    except AnyDatabaseError as error:
        if must:
            raise
        logger.error("The answer to a request was not kept: %s", type(error).__name__)


def _finished_before(mine: Running, answer: Callable[[Turn], Response] | None) -> Kept | None:
    """Return the answer that a process which died had finished but not kept, or None."""
    if mine.turn_token is None or answer is None:
        return None
    outcome = outcome_of(mine.turn_token, mine.user_id)
    if outcome is None:
        return None
    if isinstance(outcome, RefusedError):
        return _kept(errors.handle(outcome, {}))
    return _kept(answer(outcome))


def _again(kept: Kept, user_id: UUID, at: datetime) -> Response:
    """Return an answer once more, but nothing of what is gone or past its time.

    :raises SessionNotFoundError: if its session was deleted
    :raises SessionExpiredError: if its session is past its time
    :raises CredentialNotFoundError: if its login was deleted
    """
    if "session" in kept.body:
        session_id = UUID(kept.body["session"]["id"])
        store.find(user_id=user_id, session_id=session_id, at=at)
    elif "alias" in kept.body:
        vault.must_have(user_id=user_id, credential_id=UUID(kept.body["id"]))
    content_type = errors.CONTENT_TYPE if kept.status >= status.HTTP_400_BAD_REQUEST else None
    headers = {**kept.headers, REPLAYED: "true"}
    return Response(kept.body, status=kept.status, headers=headers, content_type=content_type)
