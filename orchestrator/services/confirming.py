"""Confirming: the one way to a registration, written so that a crash anywhere tells the truth.

A  claim the session (`submitting`), write the registration down (`intent`), commit;
   open the login, recorded;
B  commit `sent`;
-  call the provider, outside of any transaction;
C  commit what became of it, row and session together.

A registration that was not certainly refused or never sent is *unknown*, never retried from here.
"""

import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, cast

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit.actions import Action, person
from audit.services import AuditUnavailableError
from credentials.services import OpenedLogin
from orchestrator import catalogue
from orchestrator.flow import moves, screens
from orchestrator.flow.moves import Move
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.flow.screens import Screen
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, refusals, turns
from orchestrator.services.calls import Answer
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Origin, Turn
from orchestrator.submissions import ledger
from orchestrator.submissions.refusals import OTHER_REFUSAL
from orchestrator.tools.contract import Booking, Tool
from orchestrator.tools.errors import ToolError, ToolRefusedError
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import Claim
from sessions_store.status import KEPT, Status

logger = logging.getLogger(__name__)

UNKNOWN = "submission_outcome_unknown"
UNKNOWN_SCREEN = Screen(catalogue.OUTCOME_UNKNOWN)


@contextmanager
def giving_up(claim: Claim) -> Iterator[None]:
    """Give the session free if what happens inside does not finish its turn."""
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # then the lease runs out by itself
            store.give_up(claim, status=Status.OPEN, at=timezone.now())
        raise


def status_url(submission: RegistrationSubmission) -> str:
    """Return where a registration can be asked for."""
    return f"/api/v1/submissions/{submission.pk}"


@sensitive_variables()
def confirm(session: AgenticCheckoutSession, move: Move, *, at: datetime) -> Turn:
    """Return the receipt, or the Turn that says nobody knows yet.

    :raises RefusedError: if nothing was registered; the catalogue says why
    """
    plan = move.plan
    if calls.is_only_sample(plan):
        raise RefusedError("mock_data_not_submittable", turn=turns.last_turn(session))
    given = turns.open_answers(session, plan)
    _must_be_what_was_shown(session, move, turns.summary_of(plan, given))
    claim, submission = _write_down(session, plan, given, at=at)
    with _not_sent_on_error(session, claim, plan, submission):
        login = calls.open_login(session, plan, Tool.SUBMIT_REGISTRATION)
    if not ledger.mark_sent(submission, at=timezone.now()):
        raise store.LeaseLostError  # another process settled it while this one slept
    return _send(session, claim, move, submission, given, login)


@sensitive_variables()
def _send(
    session: AgenticCheckoutSession,
    claim: Claim,
    move: Move,
    submission: RegistrationSubmission,
    given: dict[str, Any],
    login: OpenedLogin | None,
) -> Turn:
    """Call the provider, once, and write what came of it; from here on the row says `sent`.

    Whatever breaks, the answer is true: an error may be repeated by clients, "unknown" is not.
    """
    plan = move.plan
    args = {
        "org_ref": plan.org_ref,
        "program_ref": plan.program_ref,
        "answers": given,
        "idempotency_key": str(submission.pk),
    }
    try:
        try:
            answer = calls.call(session, plan, Tool.SUBMIT_REGISTRATION, args, login)
        except ToolRefusedError as error:
            return _refused(session, claim, plan, submission, error)
        except ToolError as error:
            if error.maybe_sent:
                return _unknown(session, claim, plan, submission, error.code)
            _not_sent(session, claim, plan, submission, error.code)
            raise RefusedError("submission_not_sent") from None
        return _done(session, claim, move, submission, answer)
    except RefusedError:
        raise
    except Exception:
        logger.exception("What became of a submission could not be written")
        with suppress(DatabaseError, AuditUnavailableError):  # then the session follows the row
            return _unknown(session, claim, plan, submission, "not_written")
        return _unknown_turn(session, submission)


def _must_be_what_was_shown(session: AgenticCheckoutSession, move: Move, summary: str) -> None:
    """Refuse a button of another window, made before something changed."""
    confirmed = move.payload.get("summary")
    if not isinstance(confirmed, str):
        raise RefusedError(
            "invalid_request", errors={"payload": ["The payload needs summary, a text."]}
        )
    if not hmac.compare_digest(confirmed.encode(), summary.encode()):
        raise RefusedError("session_conflict", turn=turns.last_turn(session))


def _write_down(
    session: AgenticCheckoutSession, plan: Plan, given: dict[str, Any], *, at: datetime
) -> tuple[Claim, RegistrationSubmission]:
    """Claim the session, record the confirmation and write the row, all or nothing."""
    wish = ledger.Wish(
        session_id=session.pk,
        user_id=session.user_id,
        provider=plan.provider_key,
        org_ref=plan.org_ref or "",
        program_ref=plan.program_ref or "",
        participant=ledger.participant_key(turns.participant_of(plan, given), session.user_id),
        request_digest=ledger.keyed_digest("request", [plan.org_ref, plan.program_ref, given]),
        is_real=get_toolbox().real,
    )
    try:
        with transaction.atomic():
            claim = store.claim(
                session, intent="confirm_registration", at=at, status=Status.SUBMITTING
            )
            store.record_for(
                session, Action.ACTION_CONFIRM_REGISTRATION, at=at, about=calls.about(plan)
            )
            return claim, ledger.intend(wish, at=timezone.now())  # after, in the trail, too
    except ledger.AlreadyRegisteringError as error:
        raise RefusedError(
            "already_registering",
            turn=turns.last_turn(session),
            status_url=f"/api/v1/submissions/{error.submission_id}",
        ) from None


@contextmanager
def _not_sent_on_error(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    submission: RegistrationSubmission,
) -> Iterator[None]:
    """Put the session back where it was if the login could not be opened: nothing has left."""
    try:
        yield
    except RefusedError as error:  # the login was deleted
        _not_sent(session, claim, moves.refuse_login(plan), submission, error.code, error.detail)
        raise
    except Exception:
        with suppress(DatabaseError):  # then the session follows the row once the lease ran out
            _not_sent(session, claim, plan, submission, "login_not_opened")
        raise


def _done(
    session: AgenticCheckoutSession,
    claim: Claim,
    move: Move,
    submission: RegistrationSubmission,
    answer: Answer,
) -> Turn:
    status = SubmissionStatus(answer.data["status"])
    screen = screens.completed(move.plan, answer.data, str(submission.pk))
    with transaction.atomic():
        ledger.settle(
            submission,
            status,
            at=timezone.now(),
            actor=person(session.user_id),
            booking=answer.data,
            source=answer.origin.source or "",
        )
        return _finish(
            session,
            claim,
            moves.learn(move, answer.data, answer.origin.source or ""),
            screen,
            answer.origin,
            status=Status.COMPLETED,
            status_url=status_url(submission),
        )


def _refused(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    submission: RegistrationSubmission,
    error: ToolRefusedError,
) -> Turn:
    """Record the refusal, leave the session where something else can be chosen, and say so."""
    refusal = refusals.of_tool(error, on_submission=True)
    after = moves.refuse_login(plan) if refusal.code == "login_failed" else plan
    standing = turns.screen_at(session, after)
    screen = screens.with_lead(refusal.detail, standing, *refusal.cta)
    with transaction.atomic():
        ledger.settle(
            submission,
            SubmissionStatus.REJECTED,
            at=timezone.now(),
            actor=person(session.user_id),
            source=error.source,
            error_code=refusal.code,
        )
        _finish(session, claim, after, screen, code=refusal.code)
    raise refusal


def _not_sent(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    submission: RegistrationSubmission,
    reason: str,
    sentence: str = catalogue.NOT_SENT,
) -> None:
    screen = screens.with_lead(sentence, turns.screen_at(session, plan))
    with transaction.atomic():
        ledger.settle(
            submission, SubmissionStatus.NOT_CREATED, at=timezone.now(), error_code=reason
        )
        _finish(session, claim, plan, screen, code="submission_not_sent")


def _unknown(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    submission: RegistrationSubmission,
    reason: str,
) -> Turn:
    with transaction.atomic():
        ledger.settle(
            submission, SubmissionStatus.OUTCOME_UNKNOWN, at=timezone.now(), error_code=reason
        )
        return _finish(
            session,
            claim,
            plan,
            UNKNOWN_SCREEN,
            status=Status.OUTCOME_UNKNOWN,
            code=UNKNOWN,
            status_url=status_url(submission),
        )


def _unknown_turn(session: AgenticCheckoutSession, submission: RegistrationSubmission) -> Turn:
    """Return the same words where not even they could be written."""
    session.status = Status.SUBMITTING
    return turns.assemble(session, UNKNOWN_SCREEN, code=UNKNOWN, status_url=status_url(submission))


def _finish(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    screen: Screen,
    origin: Origin = turns.NOWHERE,
    **how: Any,
) -> Turn:
    """Write the turn back; what became of the registration stays written even if it came late."""
    with suppress(store.LeaseLostError):  # the session follows the row at its next turn
        return turns.finish(session, claim, plan, screen, origin, **how)
    return turns.assemble(session, screen, origin)


def follow(session: AgenticCheckoutSession, *, at: datetime) -> AgenticCheckoutSession:
    """Return the session after it caught up with its registration, where its process died midway.

    A row that never got past `intent` was not sent, whoever holds it now; one that was `sent` is
    unknown until somebody asks the provider.
    """
    if session.status not in KEPT or store.is_turn_running(session, at):
        return session
    submission = (
        RegistrationSubmission.objects.for_user(session.user_id)
        .filter(session_id=session.pk)
        .order_by("-created_at", "-id")
        .first()
    )
    if submission is None or (
        session.status == Status.OUTCOME_UNKNOWN
        and submission.status in (SubmissionStatus.OUTCOME_UNKNOWN, SubmissionStatus.NEEDS_OPERATOR)
    ):
        return session
    plan = Plan.from_state(session.step, session.state)
    try:
        with transaction.atomic():
            claim = store.claim(session, intent="follow_registration", at=at)
            _catch_up(session, claim, plan, submission)
    except (store.SessionChangedError, store.TurnInProgressError):
        pass  # another process is at it
    return AgenticCheckoutSession.objects.get(pk=session.pk)


def _catch_up(
    session: AgenticCheckoutSession,
    claim: Claim,
    plan: Plan,
    submission: RegistrationSubmission,
) -> None:
    match submission.status:
        case SubmissionStatus.INTENT | SubmissionStatus.NOT_CREATED:
            _not_sent(session, claim, plan, submission, "interrupted")
        case SubmissionStatus.REJECTED:
            screen = screens.with_lead(OTHER_REFUSAL, turns.screen_at(session, plan))
            _finish(session, claim, plan, screen, code="provider_rejected")
        case SubmissionStatus.CONFIRMED | SubmissionStatus.WAITLISTED:
            booking = cast("Booking", submission.response)
            screen = screens.completed(plan, booking, str(submission.pk))
            _finish(
                session,
                claim,
                plan.but(step=Step.COMPLETED),
                screen,
                Origin(submission.source),
                status=Status.COMPLETED,
                status_url=status_url(submission),
            )
        case _:
            _unknown(session, claim, plan, submission, "interrupted")
