"""Finding a provider: the tools are asked first, and the map about what they do not know."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit.actions import Action
from audit.services import AuditUnavailableError
from orchestrator.flow import finding, offers
from orchestrator.flow.moves import Move
from orchestrator.flow.offers import Wanted
from orchestrator.flow.parts import Screen
from orchestrator.flow.plan import Plan
from orchestrator.places import cache
from orchestrator.places import google as maps
from orchestrator.places.answers import Spot, seen_from
from orchestrator.places.contract import SearchUnavailableError
from orchestrator.places.google import Found, Google
from orchestrator.places.question import Question
from orchestrator.services import calls, turns
from orchestrator.services.calls import Answer
from orchestrator.services.turns import Origin
from orchestrator.tools import counts
from orchestrator.tools.contract import Tool
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession

TURN_SECONDS = 30.0  # a parent waits no longer, whoever is asked


def find(session: AgenticCheckoutSession, move: Move) -> Answer:
    """Return the providers that the tools know or, from `google`, places that they do not.

    The map is not asked about a search that `is_private`, for the message told more than it may see.
    Nor is it where samples stand in for the tools: they may well know the provider, and nobody could
    tell.

    :raises ToolError: if the tools, or after them the map, gave no answer
    """
    ends_at = monotonic() + TURN_SECONDS
    search = turns.open_search(session, move.payload)
    words = {name: value for name, value in search.items() if name != "is_private"}
    answer = calls.ask(session, replace(move, payload=words))
    if answer.data:
        return replace(answer, data=offers.in_order(answer.data, Wanted.of(search)))
    google, question = maps.configured(), Question.of(search)
    if google is None or question is None or answer.origin.degraded:
        return answer
    spots = _spots(session, move.plan, google, question, ends_at=ends_at)
    return Answer(seen_from(spots, search.get("coords")), Origin("google"))


def screen(session: AgenticCheckoutSession, move: Move, after: Plan) -> Screen:
    """Return what is shown of what was found, in the light of what was looked for."""
    return finding.providers_found(after, Wanted.of(turns.open_search(session, move.payload)))


def _spots(
    session: AgenticCheckoutSession,
    plan: Plan,
    google: Google,
    question: Question,
    *,
    ends_at: float,
) -> list[Spot]:
    """Return the places for a question, recorded as every call is.

    :raises SearchUnavailableError: if the map gave no answer that can be used
    """
    known = cache.kept(question)
    try:
        found = google.search(question, seconds=ends_at - monotonic()) if known is None else None
    except SearchUnavailableError as error:
        counts.count_error(Tool.SEARCH_PROVIDER, error)
        _record(session, plan, google, question, error, error_code=error.code)
        raise
    except Exception:  # a flaw of ours: what was recorded before has its outcome all the same
        counts.count_flaw(Tool.SEARCH_PROVIDER)
        with suppress(AuditUnavailableError):
            _record(session, plan, google, question, None, error_code="internal_error")
        raise
    if found is None:
        found = Found(known or [])  # nobody was asked: no attempt, no status
    else:
        counts.count_answer(Tool.SEARCH_PROVIDER, "google", found.elapsed_ms)
        cache.keep(question, found.spots)
    _record(session, plan, google, question, found, degraded=False, fallback_reason=None)
    return found.spots


def _record(
    session: AgenticCheckoutSession,
    plan: Plan,
    google: Google,
    question: Question,
    outcome: Found | SearchUnavailableError | None,
    **told: Any,
) -> None:
    """Record a call to the map, under the name of the tool that it stands in for.

    :raises AuditUnavailableError: if that cannot be written
    """
    way: Mapping[str, Any] = {
        "source": "google",
        "server": google.host if outcome and outcome.attempts else None,
        "protocol_version": None,
        "http_status": outcome and outcome.http_status,
        "attempts": outcome and outcome.attempts,
        "elapsed_ms": outcome and outcome.elapsed_ms,
    }
    store.record_for(
        session,
        Action.TOOL_FAILED if "error_code" in told else Action.TOOL_SUCCEEDED,
        at=timezone.now(),
        about=calls.about(plan),
        tool=Tool.SEARCH_PROVIDER.value,
        argument_digest=question.digest("arguments", secret=settings.SECRET_KEY),
        **way,
        **told,
    )
