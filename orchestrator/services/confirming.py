"""Confirming: the one way to a registration, written so that a crash anywhere tells the truth.

A  claim the session (`submitting`), write the registration down (`intent`), commit;
   open the login, recorded;
B  commit `sent`, which only the turn that still holds the session can;
-  call the provider, outside of any transaction;
C  commit what became of it, row and session together.

A registration that was not certainly refused or never sent is *unknown*, never retried from here.
"""

import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from audit.actions import Action
from audit.services import AuditUnavailableError
from credentials.services import OpenedLogin
from orchestrator import catalogue, idempotency
from orchestrator.flow import parts
from orchestrator.flow.moves import Move
from orchestrator.flow.parts import Screen
from orchestrator.flow.plan import Plan
from orchestrator.models import LIVE, RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, turns
from orchestrator.services.calls import Answer
from orchestrator.services.refusals import RefusedError
from orchestrator.services.settling import INTENDED, SENT, Settling, status_url
from orchestrator.services.turns import Origin, Turn
from orchestrator.submissions import ledger, timetable, watch
from orchestrator.submissions.words import our_words_for
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError, ToolRefusedError
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import Claim
from sessions_store.status import KEPT, Status

logger = logging.getLogger(__name__)

SEND_WITHIN = timedelta(seconds=30)  # of what says `sent`
UNWRITABLE = (AnyDatabaseError, AuditUnavailableError)
STILL_UNKNOWN = {SubmissionStatus.OUTCOME_UNKNOWN, SubmissionStatus.NEEDS_OPERATOR}


@sensitive_variables()
def confirm(session: AgenticCheckoutSession, move: Move, *, at: datetime) -> Turn:
    """Return the receipt, or the Turn that says nobody knows yet.

    :raises RefusedError: if nothing was registered; the catalogue says why
    :raises LeaseLostError: if another process took the session over before anything left
    """
    plan = move.plan
    if calls.is_only_sample(plan):
        raise RefusedError(
            "mock_data_not_submittable",
            cta=[parts.change_provider()],
            turn=turns.last_turn(session),
        )
    given = turns.open_answers(session, plan)
    _must_be_what_was_shown(session, move, turns.summary_of(plan, given))
    if not get_toolbox().accepts_submissions():  # before anything is written: nothing has begun
        raise RefusedError(
            "mcp_circuit_open", detail=str(catalogue.NOT_SENT), turn=turns.last_turn(session)
        )
    claim, submission = _write_down(session, plan, given, at=at)
    settling = Settling(session, claim, plan, submission)
    with _not_sent_on_error(settling):
        login = calls.open_login(session, plan, Tool.SUBMIT_REGISTRATION)
    if not settling.mark_sent():
        raise store.LeaseLostError
    if submission.sent_at is None or timezone.now() - submission.sent_at >= SEND_WITHIN:
        # stood still in between: others count on it having left by now, or never
        turn = settling.not_sent("stalled", of=SENT)
        raise RefusedError("submission_not_sent", version=turn["session"]["version"])
    args = {
        "org_ref": plan.org_ref,
        "program_ref": plan.program_ref,
        "answers": given,
        "idempotency_key": str(submission.pk),
    }
    outcome = _send(settling, args, login)
    if isinstance(outcome, RefusedError):
        raise outcome
    return outcome


def _must_be_what_was_shown(session: AgenticCheckoutSession, move: Move, summary: str) -> None:
    """Refuse a button of another window, made before something changed."""
    confirmed = move.payload.get("summary")
    if not isinstance(confirmed, str):
        raise RefusedError(
            "invalid_request", errors={"payload": [_("The payload needs summary, a text.")]}
        )
    if not hmac.compare_digest(confirmed.encode(), summary.encode()):
        raise RefusedError("session_conflict", turn=turns.last_turn(session))


def _write_down(
    session: AgenticCheckoutSession, plan: Plan, given: dict[str, Any], *, at: datetime
) -> tuple[Claim, RegistrationSubmission]:
    """Claim the session, record the confirmation and write the row, all or nothing."""
    org_ref, program_ref = plan.org_ref or "", plan.program_ref or ""
    wish = ledger.Wish(
        session_id=session.pk,
        user_id=session.user_id,
        provider=plan.provider_key,
        org_ref=org_ref,
        program_ref=program_ref,
        participant=ledger.participant_key(turns.participant_of(plan, given), session.user_id),
        org_name=plan.provider["name"] if plan.provider else "",
        program_title=plan.program["title"] if plan.program else "",
        request_digest=ledger.keyed_digest("request", [plan.org_ref, plan.program_ref, given]),
        is_real=get_toolbox().real,
    )
    request = ledger.Request(plan.credential_id or "", org_ref, program_ref, given)
    try:
        with transaction.atomic():
            claim = store.claim(
                session, intent="confirm_registration", at=at, status=Status.SUBMITTING
            )
            idempotency.note_turn(claim.token)
            store.record_for(
                session, Action.ACTION_CONFIRM_REGISTRATION, at=at, about=calls.about(plan)
            )
            # after the deed, in the trail, too
            return claim, ledger.intend(wish, request, at=timezone.now())
    except ledger.AlreadyRegisteringError as error:
        if error.submission_id is None:  # it was settled this very moment: look again
            raise store.SessionChangedError from None
        raise RefusedError(
            "already_registering",
            turn=turns.last_turn(session),
            status_url=f"/api/v1/submissions/{error.submission_id}",
        ) from None


@contextmanager
def _not_sent_on_error(settling: Settling) -> Iterator[None]:
    """Put the session back where it can go on if the login could not be opened: nothing has left."""
    try:
        yield
    except RefusedError as error:  # the login is gone or damaged: another is needed
        turn = settling.not_opened(error)
        error.turn = turn if error.code == "action_not_available" else None
        error.version = turn["session"]["version"]
        raise
    except Exception:
        with suppress(*UNWRITABLE):  # then the session follows the row once the lease ran out
            settling.not_sent("login_not_opened", of=INTENDED)
        raise


@sensitive_variables()
def _send(
    settling: Settling, args: dict[str, Any], login: OpenedLogin | None
) -> Turn | RefusedError:
    """Call the provider, once, and return what came of it; the row says `sent` already.

    Whatever breaks, the answer is true: an error may be repeated by clients, "unknown" is not.
    """
    session, plan = settling.session, settling.plan
    try:
        try:
            answer = calls.call(session, plan, Tool.SUBMIT_REGISTRATION, args, login)
        except ToolRefusedError as error:
            return settling.refused(error)
        except ToolError as error:
            origin = Origin(error.source)
            if error.maybe_sent:
                return settling.unknown(error.code, origin)
            turn = settling.not_sent(error.code, of=SENT, origin=origin)
            version = turn["session"]["version"]
            return RefusedError("submission_not_sent", version=version, source=error.source)
        settling.owed = answer.owed
        return _written(settling, answer)
    except store.LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001  whatever broke, the first byte may have left
        logger.error("What became of a submission was not written: %s", type(error).__name__)
    try:
        return settling.unknown("not_written")
    except Exception as error:  # noqa: BLE001  the session follows the row once the lease ran out
        logger.error("Nor that it is unknown: %s", type(error).__name__)
    return settling.unknown_and_unwritten()


def _written(settling: Settling, answer: Answer) -> Turn:
    """Write the provider's yes; a database that fails once is asked again: a booking is dear."""
    try:
        return settling.booked(answer.data, answer.origin)
    except UNWRITABLE:
        return settling.booked(answer.data, answer.origin)


def newest_turn(session: AgenticCheckoutSession) -> Turn | None:
    """Return the newest answer of a session; while a registration leaves, that it does."""
    turn = turns.last_turn(session)
    if turn is None or turn["session"]["status"] not in KEPT:
        return turn
    submission = _submissions_of(session).first()
    if turn["session"]["status"] == Status.OUTCOME_UNKNOWN:
        if submission and submission.status == SubmissionStatus.NEEDS_OPERATOR:
            turn["message"] = our_words_for(submission)  # it was written before a person took it
        return turn
    address = status_url(submission) if submission else None
    under_way = Screen(_("Your registration is being sent. One moment, please."))
    leaving = turns.assemble(session, under_way, status_url=address)
    leaving["session"] = turn["session"]
    return leaving


def _submissions_of(session: AgenticCheckoutSession) -> QuerySet[RegistrationSubmission]:
    own = RegistrationSubmission.objects.for_user(session.user_id)
    # a live one first: at most one is, and two hosts' clocks may differ
    is_live = Case(When(status__in=LIVE, then=0), default=1, output_field=IntegerField())
    return own.filter(session_id=session.pk).order_by(is_live, "-created_at", "-id")


def follow(
    session: AgenticCheckoutSession, *, at: datetime, news: bool = False
) -> AgenticCheckoutSession:
    """Return the session after it caught up with its registration, where its process died midway.

    A row that never got past `intent` was not sent: claiming the session takes that right from
    whoever held it. One that was `sent` is unknown until somebody asks the provider. `news`: the
    parent is not here to see what became of it.
    """
    if session.status not in KEPT or store.is_turn_running(session, at):
        return session
    submission = _submissions_of(session).first()
    if submission is None or (
        session.status == Status.OUTCOME_UNKNOWN and submission.status in STILL_UNKNOWN
    ):
        return session
    plan = Plan.from_state(session.step, session.state)
    with suppress(store.SessionChangedError, store.TurnInProgressError), transaction.atomic():
        claim = store.claim(session, intent="follow_registration", at=at, by_person=False)
        submission.refresh_from_db()  # from here on nobody else moves it on from `intent`
        Settling(session, claim, plan, submission, news=news).follow()
    return AgenticCheckoutSession.objects.get(pk=session.pk)


def conclude(
    submission: RegistrationSubmission, status: SubmissionStatus, *, at: datetime, **how: Any
) -> bool:
    """Settle a registration outside of its own turn, and bring its session along: both or neither.

    `how` is what `ledger.settle` takes. The parent is to be told. Return False where the row was
    in none of the states `of`.
    """
    with transaction.atomic():
        store.lock(submission.session_id)
        won = ledger.settle(submission, status, at=at, news=True, **how)
        if won:
            bring_along(submission, at=at)
    return won


def bring_along(submission: RegistrationSubmission, *, at: datetime) -> None:
    """Bring a registration's session, if there still is one, to where the registration stands.

    Where a turn holds the session just now, it is looked at again soon.
    """
    for session in AgenticCheckoutSession.objects.filter(pk=submission.session_id):
        newest = _submissions_of(session).first()
        if newest is None or newest.pk != submission.pk:
            continue  # the session went on with another one
        status = follow(session, at=at, news=True).status
        is_open_still = newest.status in STILL_UNKNOWN and status == Status.OUTCOME_UNKNOWN
        if status in KEPT and not is_open_still:
            watch.look_after(submission, at=at + timetable.SOON)
