"""Asking one provider tool: with the login opened for that one call, and the call recorded."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from audit import opened
from audit.actions import Action
from audit.services import AuditUnavailableError
from credentials import services as vault
from credentials.services import OpenedLogin
from orchestrator.flow.moves import Move
from orchestrator.flow.plan import Plan
from orchestrator.services import turns
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Origin
from orchestrator.tools import counts
from orchestrator.tools.contract import Tool, argument_digest
from orchestrator.tools.errors import ToolError, ToolRefusedError
from orchestrator.tools.toolbox import ToolAnswer, get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession

logger = logging.getLogger(__name__)

# Our own words, and names that the provider has to know again: these are let in without a login.
AS_THEY_ARE = frozenset(
    {"status", "type", "currency", "org_ref", "program_ref", "provider", "name", "role", "value"}
)


@dataclass(frozen=True)
class Answer:
    """What a tool answered, and where the answer came from."""

    data: Any
    origin: Origin
    owed: Callable[[], None] | None = None  # writes the call down, where that failed at first


@sensitive_variables()
def ask(session: AgenticCheckoutSession, move: Move) -> Answer:
    """Return what the move's tool answers.

    :raises ToolError: if it does not
    :raises RefusedError: if the login was deleted meanwhile, or is damaged
    """
    tool, plan = move.calls, move.plan
    if tool is None:
        raise ValueError(f"{move.action} asks no tool")
    login = None if tool is Tool.SEARCH_PROVIDER else open_login(session, plan, tool)
    return call(session, plan, tool, _arguments(session, tool, move), login)


def _arguments(session: AgenticCheckoutSession, tool: Tool, move: Move) -> dict[str, Any]:
    """Return the tool's arguments for a read, without the login."""
    if tool is Tool.SEARCH_PROVIDER:
        search = turns.open_search(session, move.payload)
        return {name: value for name, value in search.items() if value is not None}
    if tool is Tool.FIND_PROGRAMS:
        return {"org_ref": move.plan.org_ref}
    return {"org_ref": move.plan.org_ref, "program_ref": move.plan.program_ref}


def about(plan: Plan) -> dict[str, Any]:
    """Return what a record says a deed was about."""
    return {
        "provider": plan.provider_key or None,
        "org_ref": plan.org_ref,
        "program_ref": plan.program_ref,
        "credential_id": UUID(plan.credential_id) if plan.credential_id else None,
    }


def is_only_sample(plan: Plan) -> bool:
    """Return whether a plan begun on sample data must stay on it: in real mode, always."""
    return get_toolbox().real and plan.is_sample


def open_login(session: AgenticCheckoutSession, plan: Plan, tool: Tool) -> OpenedLogin | None:
    """Return the plan's login in plain text, recorded first; None where no secret may be opened.

    :raises RefusedError: if the login was deleted meanwhile, or is damaged: another is needed
    """
    if is_only_sample(plan):
        return None
    if plan.credential_id is None:
        raise _deleted()
    try:
        return vault.open_login(
            user_id=session.user_id,
            credential_id=UUID(plan.credential_id),
            purpose=tool.value,
            session_id=session.pk,
            at=timezone.now(),  # its own moment: the trail tells deed and opening in order
        )
    except vault.CredentialNotFoundError:
        raise _deleted() from None
    except vault.CredentialUnreadableError:
        logger.error("Saved login %s cannot be opened", plan.credential_id)
        raise RefusedError("credential_unreadable") from None


def _deleted() -> RefusedError:
    return RefusedError(
        "action_not_available",
        detail=_("This saved login was deleted. Please connect your account again."),
    )


@sensitive_variables()
def call(
    session: AgenticCheckoutSession,
    plan: Plan,
    tool: Tool,
    args: Mapping[str, Any],
    login: OpenedLogin | None,
) -> Answer:
    """Return the tool's answer; the call is recorded, whatever comes of it.

    :raises ToolError: if the tool gave no result
    """
    return recorded(
        partial(store.record_for, session, about=about(plan)),
        tool,
        args,
        login,
        only_sample=tool is not Tool.SEARCH_PROVIDER and is_only_sample(plan),
    )


@sensitive_variables()
def recorded(
    record: Callable[..., None],
    tool: Tool,
    args: Mapping[str, Any],
    login: OpenedLogin | None,
    *,
    only_sample: bool = False,
) -> Answer:
    """Return the tool's answer; `record(action, at=…, **told)` writes the call down.

    A booking is dear: where its call cannot be recorded at once, the answer is returned all the same,
    and its record is owed by the transaction that writes what became of the registration.

    :raises AuditUnavailableError: if another call cannot be recorded
    :raises ToolError: if the tool gave no result
    """
    told: dict[str, Any] = {
        "tool": tool.value,
        "argument_digest": argument_digest(tool, args, secret=settings.SECRET_KEY),
    }
    try:
        answer = get_toolbox().call(
            tool, args, credentials=login.reveal() if login else None, only_mock=only_sample
        )
    except ToolError as error:
        counts.count_error(tool, error)
        if isinstance(error, ToolRefusedError) and not error.is_known:
            error.code = error.code if _is_clean(error.code) else "provider_rejected"
        record(
            Action.TOOL_FAILED,
            at=timezone.now(),
            **told,
            **_way(error),
            error_code=error.code[:64],
        )
        raise
    except Exception:  # a flaw of ours: what was recorded before has its outcome all the same
        counts.count_flaw(tool)
        with suppress(AuditUnavailableError):
            nothing = {"source": None, "attempts": None, "elapsed_ms": None}
            record(
                Action.TOOL_FAILED,
                at=timezone.now(),
                **told,
                **nothing,
                error_code="internal_error",
            )
        raise
    is_fallback = answer.fallback_reason is not None
    counts.count_answer(tool, answer.source, answer.elapsed_ms, is_fallback=is_fallback)
    write_down = partial(
        record,
        Action.TOOL_SUCCEEDED,
        at=timezone.now(),
        **told,
        **_way(answer),
        degraded=answer.degraded,
        fallback_reason=answer.fallback_reason,
    )
    origin = Origin(answer.source, answer.degraded, answer.fallback_reason)
    is_owed = False
    try:
        write_down()
    except AuditUnavailableError:
        if tool is not Tool.SUBMIT_REGISTRATION:
            raise
        is_owed = True
        logger.error("A submission was answered, and its call could not be recorded yet")
    return Answer(_without_echoes(answer.data), origin, write_down if is_owed else None)


def _is_clean(text: str) -> bool:
    return text == opened.scrub(text, typed=False)


def _without_echoes(data: Any) -> Any:
    """Return what a tool said; should it repeat the login that it got, that is not kept or shown."""
    if isinstance(data, str):
        return opened.scrub(data, typed=False)
    if isinstance(data, list):
        return [_without_echoes(item) for item in data]
    if isinstance(data, dict):
        return {
            name: value if name in AS_THEY_ARE else _without_echoes(value)
            for name, value in data.items()
        }
    return data


def _way(outcome: ToolAnswer | ToolError) -> dict[str, Any]:
    """Return whom a call went to and what it took, as the record keeps it."""
    went_out = outcome.source == "mcp"
    return {
        "source": outcome.source,
        "server": urlsplit(settings.MCP_SERVER_URL).hostname if went_out else None,
        "protocol_version": outcome.protocol,
        "http_status": outcome.http_status,
        "attempts": outcome.attempts,
        "elapsed_ms": outcome.elapsed_ms,
    }
