"""Turns: putting together what one answer holds, and keeping it sealed for a reload."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from django.utils import timezone

from audit import opened, redaction
from audit.context import current_request_id
from credentials import services as vault
from orchestrator.flow import answers as form_answers
from orchestrator.flow import parts, screens
from orchestrator.flow.parts import Button, Card, FilledField, Screen
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.services import logins
from orchestrator.submissions.ledger import keyed_digest
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import Claim
from sessions_store.status import Status


class SessionView(TypedDict):
    """The session as every Turn and every list shows it."""

    id: str
    step: str
    status: str
    version: int
    provider: str | None
    org_ref: str | None
    created_at: str
    expires_at: str


class Meta(TypedDict):
    """Where a turn's data came from, and what else a frontend should know of it."""

    source: str | None
    degraded: bool
    fallback_reason: str | None
    llm: str | None
    code: str | None
    status_url: str | None
    request_id: str | None


class Turn(TypedDict):
    """What a message or an action is answered with."""

    session: SessionView
    message: str
    cards: list[Card]
    cta: list[Button]
    form: list[FilledField] | None
    meta: Meta


class ConversationLockedError(vault.KeyUnavailableError):
    """The key that sealed what was said in this signup is missing."""


class ConversationUnreadableError(vault.CredentialUnreadableError):
    """What was said in this signup is damaged."""


@dataclass(frozen=True)
class Origin:
    """Where the data of a turn came from."""

    source: str | None = None
    degraded: bool = False
    fallback_reason: str | None = None


NOWHERE = Origin()


def rfc3339(moment: datetime) -> str:
    """Return a time as the API writes it: UTC, with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def session_view(session: AgenticCheckoutSession) -> SessionView:
    """Return the session as every Turn shows it."""
    return {
        "id": str(session.pk),
        "step": session.step,
        "status": session.status,
        "version": session.version,
        "provider": session.provider_id or None,
        "org_ref": session.state.get("org_ref"),
        "created_at": rfc3339(session.created_at),
        "expires_at": rfc3339(session.expires_at),
    }


def assemble(
    session: AgenticCheckoutSession,
    screen: Screen,
    origin: Origin = NOWHERE,
    *,
    plan: Plan | None = None,
    llm: str | None = None,
    code: str | None = None,
    status_url: str | None = None,
) -> Turn:
    """Return the Turn that shows a screen of this session, saying so where it shows sample data."""
    message = screen.message
    shows = code is None and bool(screen.cards or screen.form)  # a failed turn says what failed
    if screen.is_aside and plan and plan.step is not Step.CONFIRMATION:
        shows = False  # it was said when this was first shown; before Confirm it is said again
    if shows and plan and plan.is_sample and plan.step is not Step.LOGIN:
        done = plan.step is Step.COMPLETED
        message += " " + parts.sample(is_booking=done)
    return {
        "session": session_view(session),
        "message": message,
        "cards": screen.cards,
        "cta": screen.cta,
        "form": screen.form,
        "meta": {
            "source": origin.source,
            "degraded": origin.degraded,
            "fallback_reason": origin.fallback_reason,
            "llm": llm,
            "code": code,
            "status_url": status_url,
            "request_id": current_request_id(),
        },
    }


# --- Sealed: parents type about children --------------------------------------------------------


def _place(session: AgenticCheckoutSession, label: str) -> dict[str, Any]:
    return {
        "table": session._meta.db_table,
        "row_id": session.pk,
        "user_id": session.user_id,
        "label": label,
    }


def _opened(session: AgenticCheckoutSession, text: str, label: str) -> Any:
    """Return what was sealed for this session.

    :raises ConversationLockedError: if its key is missing
    :raises ConversationUnreadableError: if it is damaged or out of place
    """
    try:
        return vault.open_json(text, **_place(session, label))
    except vault.KeyUnavailableError as error:
        raise ConversationLockedError(str(error)) from None
    except vault.CredentialUnreadableError as error:
        raise ConversationUnreadableError(str(error)) from None


def seal_answers(session: AgenticCheckoutSession, answers: dict[str, Any]) -> str:
    """Return form answers as the plan carries them."""
    return vault.seal_json(answers, **_place(session, "answers"))


def open_answers(session: AgenticCheckoutSession, plan: Plan) -> dict[str, Any]:
    """Return the form answers of a plan, for the form, the confirmation and the submission alone."""
    if plan.answers is None:
        return {}
    given: dict[str, Any] = _opened(session, plan.answers, "answers")
    opened.remember_typed(*redaction.texts_in(given))
    return given


def seal_search(session: AgenticCheckoutSession, search: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search as the plan keeps it for a retry: words may name a child, too."""
    return {"sealed": vault.seal_json(dict(search), **_place(session, "search"))}


def open_search(session: AgenticCheckoutSession, search: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is searched for, sealed or not."""
    if "sealed" not in search:
        return dict(search)
    words: dict[str, Any] = _opened(session, search["sealed"], "search")
    opened.remember_typed(*redaction.texts_in(words))
    return words


def seal_body(session: AgenticCheckoutSession, seq: int, said: str | None, turn: Turn) -> str:
    """Return what was said and answered as `session_turns` keeps it (without the session part)."""
    answer = {name: value for name, value in turn.items() if name != "session"}
    return vault.seal_json({"said": said, "turn": answer}, **_place(session, f"turn {seq}"))


def last_turn(session: AgenticCheckoutSession) -> Turn | None:
    """Return the newest answer of the session, with the session as it stands by then.

    It may have moved on since it was read: what is shown of it and the answer belong together.
    """
    newest = store.last_answer(session.pk)
    return None if newest is None else answer_of(newest.session, newest)


def answer_of(session: AgenticCheckoutSession, kept: SessionTurn) -> Turn:
    """Return what a kept turn was answered with, with the session as it stands now."""
    body = _opened(session, kept.body, f"turn {kept.seq}")
    return cast("Turn", {"session": session_view(session), **body["turn"]})


def summary_of(plan: Plan, given: dict[str, Any]) -> str:
    """Return the digest that binds a confirmation to exactly what was shown."""
    return keyed_digest(
        "confirmation", [plan.provider, plan.program, given, plan.sources.get("programs")]
    )


def participant_of(plan: Plan, given: dict[str, Any]) -> str | None:
    """Return the child's name in the answers, or None."""
    return form_answers.participant_of(plan.fields or (), given)


def finish(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    screen: Screen,
    origin: Origin = NOWHERE,
    *,
    status: Status = Status.OPEN,
    said: str | None = None,
    llm: str | None = None,
    code: str | None = None,
    status_url: str | None = None,
) -> Turn:
    """Write a turn's result back, give the session free, and return the Turn.

    :raises LeaseLostError: if another turn took over meanwhile
    """
    session.step, session.status, session.state = plan.step, status, plan.to_state()
    session.provider_id, session.version = plan.provider_key, claim.version + 1
    turn = assemble(session, screen, origin, plan=plan, llm=llm, code=code, status_url=status_url)
    store.finish(
        claim,
        step=plan.step,
        status=status,
        provider_id=plan.provider_key,
        state=session.state,
        body=seal_body(session, claim.seq, said, turn),
        failed=code is not None,
        at=timezone.now(),
    )
    return turn


def write(
    session: AgenticCheckoutSession,
    plan: Plan,
    screen: Screen,
    token: UUID,
    *,
    intent: str,
    status: Status,
    said: str | None,
    llm: str | None = None,
    at: datetime,
) -> Turn:
    """Write a turn that waited for nobody, without a claim before it, and return the Turn.

    Call it inside the transaction that records what the turn is for.

    :raises TurnInProgressError: if a turn is running
    :raises SessionChangedError: if the session moved on since it was read
    """
    turn, state = assemble(session, screen, plan=plan, llm=llm), plan.to_state()
    version = store.write(
        session,
        token=token,
        intent=intent,
        step=plan.step,
        status=status,
        provider_id=plan.provider_key,
        state=state,
        body=lambda seq: seal_body(session, seq, said, turn),
        at=at,
    )
    session.step, session.status, session.state = plan.step, status, state
    session.provider_id, session.version = plan.provider_key, version
    turn["session"] = session_view(session)
    return turn


def screen_at(session: AgenticCheckoutSession, plan: Plan) -> Screen:
    """Return the screen of the plan's step as it stands."""
    if plan.step in (Step.FORM_FILL, Step.CONFIRMATION):
        given = open_answers(session, plan)
        return screens.at(plan, given, summary_of(plan, given), now=timezone.now())
    if plan.step is Step.LOGIN and plan.is_connecting:
        return logins.standing_screen(session, plan)
    return screens.at(plan, {}, "", now=timezone.now())
