"""One message or action in, one Turn out.

Read the session, see what the deed comes to, claim the turn (recorded in the same transaction), ask the
tool outside of any transaction, write back. A deed that needs no tool is all of that in a single
transaction. Whatever goes wrong in between leaves a session that can go on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.actions import Action
from orchestrator import idempotency
from orchestrator.flow import finding, moves, registering, screens
from orchestrator.flow.answers import AnswersError, validate
from orchestrator.flow.moves import Move
from orchestrator.flow.parts import Screen
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.services import calls, confirming, counts, logins, refusals, searching, turns
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Origin, Turn
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from sessions_store import services as store
from sessions_store.ids import time_ordered
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import Claim
from sessions_store.status import Status

TRIES = 3  # how often a deed is looked at anew when another one got in between


@dataclass(frozen=True)
class Deed:
    """What a parent did: pressed a button, or wrote something that was understood as one."""

    action: str
    payload: Mapping[str, Any]
    said: str | None = None  # the words, where it was a message
    screen: Screen | None = None  # the answer, where it changes nothing
    llm: str | None = None  # who read it: `model`, `fallback`, or nobody had to


def take_turn(
    user_id: UUID,
    session_id: UUID,
    understand: Callable[[AgenticCheckoutSession, Plan], Deed],
    *,
    if_match: int | None,
    at: datetime,
) -> Turn:
    """Return the Turn that a message or a button comes to, as the session stands.

    :raises RefusedError: if it cannot be done; the catalogue says why
    """
    with counts.turn() as counted:
        return counted.answered(
            _take(user_id, session_id, understand, if_match=if_match, at=at, counted=counted)
        )


def _take(
    user_id: UUID,
    session_id: UUID,
    understand: Callable[[AgenticCheckoutSession, Plan], Deed],
    *,
    if_match: int | None,
    at: datetime,
    counted: counts.Counted,
) -> Turn:
    for _try in range(TRIES):
        session = store.find(user_id=user_id, session_id=session_id, at=at)
        counted.step = session.step
        session = confirming.follow(session, at=at)
        store.must_be_live(session, at)
        gate_running(session, at)
        plan = Plan.from_state(session.step, session.state)
        if session.status == Status.OUTCOME_UNKNOWN:
            return _while_unknown(session, understand(session, plan))
        if session.status != Status.OPEN:
            raise refusals.closed(turns.last_turn(session))
        if if_match is not None and if_match != session.version:
            raise RefusedError("session_conflict", turn=turns.last_turn(session))
        deed = understand(session, plan)
        try:
            return _do(session, plan, deed, at=store.in_order(session, at))
        except store.SessionChangedError:
            if if_match is not None:
                break
        except store.LeaseLostError:
            break
        except store.TurnInProgressError:
            raise with_turn("turn_in_progress", user_id, session_id, at) from None
    raise with_turn("session_conflict", user_id, session_id, at)


def gate_running(session: AgenticCheckoutSession, at: datetime) -> None:
    """Refuse while a turn holds the session, or a registration of it is on its way."""
    if store.is_turn_running(session, at) or session.status == Status.SUBMITTING:
        raise RefusedError("turn_in_progress", turn=confirming.newest_turn(session))


def _while_unknown(session: AgenticCheckoutSession, deed: Deed) -> Turn:
    """Return the same answer to a second confirmation; anything else has to wait."""
    turn = turns.last_turn(session)
    if deed.action == "confirm_registration" and deed.said is None and turn is not None:
        return turn
    raise RefusedError("submission_in_progress", turn=turn)


def _do(session: AgenticCheckoutSession, plan: Plan, deed: Deed, *, at: datetime) -> Turn:
    """Return the Turn that a deed comes to."""
    if deed.screen is not None:
        return at_once(session, plan, deed, deed.screen, calls.about(plan), at=at)
    try:
        move = moves.move(plan, deed.action, _prepared(session, plan, deed, at=at))
        if move.action == "credentials_submitted":
            logins.must_fit(session, move.plan)
    except moves.UnknownActionError:
        raise RefusedError("unknown_action") from None
    except moves.NotAvailableError as error:
        raise RefusedError(
            "action_not_available", detail=str(error), turn=turns.last_turn(session)
        ) from None
    except moves.BadPayloadError as error:
        raise RefusedError("invalid_request", errors={"payload": [str(error)]}) from None
    if move.calls is Tool.SUBMIT_REGISTRATION:
        return confirming.confirm(session, move, at=at)
    about = _about(plan, move.plan)
    if move.calls is None:
        screen = _screen_after(session, move)
        status = Status.CANCELLED if move.action == "cancel_registration" else Status.OPEN
        return at_once(session, move.plan, deed, screen, about, status=status, at=at)
    claim = _claim(session, deed, about, at=at)
    with _giving_up(claim):
        outcome = _carry_out(session, claim, plan, move, deed)
    if isinstance(outcome, RefusedError):
        raise outcome
    return outcome


def _about(before: Plan, after: Plan) -> dict[str, Any]:
    """Return what a deed was about: what it chose, or what it left behind."""
    left = calls.about(before)
    return {name: value or left[name] for name, value in calls.about(after).items()}


def _claim(
    session: AgenticCheckoutSession, deed: Deed, about: Mapping[str, Any], *, at: datetime
) -> Claim:
    """Claim the turn and record the deed, both or neither."""
    with transaction.atomic():
        claim = store.claim(session, intent=deed.action, at=at)
        idempotency.note_turn(claim.token)
        _record(session, deed, about, at=at)
    return claim


def _record(
    session: AgenticCheckoutSession, deed: Deed, about: Mapping[str, Any], *, at: datetime
) -> None:
    """Record a deed, as of the step at which it found the session."""
    if deed.said is None:
        store.record_for(session, Action(f"action_{deed.action}"), at=at, about=about)
    else:
        store.record_for(
            session, Action.MESSAGE_SENT, at=at, about=about, intent=deed.action, llm=deed.llm
        )


def at_once(
    session: AgenticCheckoutSession,
    after: Plan,
    deed: Deed,
    screen: Screen,
    about: Mapping[str, Any],
    *,
    status: Status = Status.OPEN,
    at: datetime,
) -> Turn:
    """Return the Turn of a deed that waits for nobody: claimed, recorded and written in one."""
    token = time_ordered(at)
    with transaction.atomic():
        _record(session, deed, about, at=at)
        turn = turns.write(
            session,
            after,
            screen,
            token,
            intent=deed.action,
            status=status,
            said=deed.said,
            llm=deed.llm,
            at=at,
        )
        idempotency.note_turn(token)
    return turn


@contextmanager
def _giving_up(claim: Claim) -> Iterator[None]:
    """Give the session free if what happens inside does not finish its turn."""
    try:
        yield
    except BaseException:
        with suppress(AnyDatabaseError):  # then the lease runs out by itself
            store.give_up(claim, status=Status.OPEN, at=timezone.now())
        raise


def _carry_out(
    session: AgenticCheckoutSession,
    claim: Claim,
    before: Plan,
    move: Move,
    deed: Deed,
) -> Turn | RefusedError:
    """Ask the move's tool; return what came of it, written."""
    origin, is_search = turns.NOWHERE, move.calls is Tool.SEARCH_PROVIDER
    try:
        answer = (searching.find if is_search else calls.ask)(session, move)
    except ToolError as error:
        refusal, origin = refusals.of_tool(error), Origin(error.source)
        if refusal.code == "login_failed":
            after = moves.decline_login(before, move.plan.credential_id)
            screen = logins.refused_screen(session, move.plan)
            refusal.cta = screen.cards[0]["buttons"]
        else:
            after = moves.fail(before, _sealed(session, move))
            standing = turns.screen_at(session, after)
            screen = screens.with_lead(refusal.detail, standing, *refusal.cta)
    except RefusedError as error:  # the login is gone or damaged: another is needed
        refusal, after = error, moves.refuse_login(before, move.plan.credential_id)
        screen = logins.unusable_screen(session, move.plan, error)
    else:
        after = moves.learn(move, answer.data, answer.origin.source or "")
        found = searching.screen(session, move, after) if is_search else None
        screen = found or turns.screen_at(session, after)
        return turns.finish(
            session, claim, after, screen, answer.origin, said=deed.said, llm=deed.llm
        )
    turn = turns.finish(
        session, claim, after, screen, origin, said=deed.said, llm=deed.llm, code=refusal.code
    )
    refusal.turn = turn if refusal.code == "action_not_available" else None
    refusal.version = turn["session"]["version"]
    return refusal


def _sealed(session: AgenticCheckoutSession, move: Move) -> Move:
    """Return the move as it may lie in the state until it is tried again."""
    if move.action != moves.SEARCH:
        return move
    search = turns.open_search(session, move.payload)
    return replace(move, payload=turns.seal_search(session, search))


def _prepared(
    session: AgenticCheckoutSession, plan: Plan, deed: Deed, *, at: datetime
) -> Mapping[str, Any]:
    """Return the payload as the pure flow takes it: form answers validated and sealed."""
    if deed.action != "submit_form" or plan.step is not Step.FORM_FILL:
        return deed.payload
    given = deed.payload.get("answers")
    if not isinstance(given, Mapping):
        raise moves.BadPayloadError(_("The payload needs answers, an object."))
    try:
        tidy = validate(plan.fields or (), given, at=at)
    except AnswersError as error:
        raise RefusedError("invalid_request", errors=error.errors) from None
    return {"sealed_answers": turns.seal_answers(session, tidy)}


def _screen_after(session: AgenticCheckoutSession, move: Move) -> Screen:
    """Return what is shown after a move that asked no tool."""
    match move.action:
        case "connect_account":
            return logins.choice_screen(session, move.plan)
        case "reject_provider" | "retry_search" | "change_provider":
            return finding.asking_again()
        case "cancel_registration":
            return registering.cancelled()
    return turns.screen_at(session, move.plan)


def with_turn(code: str, user_id: UUID, session_id: UUID, at: datetime) -> RefusedError:
    """Return a refusal that shows where the session stands now."""
    session = store.find(user_id=user_id, session_id=session_id, at=at)
    return RefusedError(code, turn=confirming.newest_turn(session))
