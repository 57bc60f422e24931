"""Writing what became of a registration: row and session together, and the session's screen.

Every transaction here takes the session's row first and the registration's second, so that two of
them can wait for each other but never lock each other out.
"""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django_stubs_ext import StrOrPromise

from audit.actions import person
from orchestrator import catalogue
from orchestrator.flow import moves, registering, screens
from orchestrator.flow.parts import Screen
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import logins, refusals, turns
from orchestrator.services.turns import Origin, Turn
from orchestrator.submissions import ledger, watch
from orchestrator.submissions.words import our_words_for
from orchestrator.tools.contract import Booking
from orchestrator.tools.errors import ToolRefusedError
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import Claim
from sessions_store.status import Status

logger = logging.getLogger(__name__)

UNKNOWN = "submission_outcome_unknown"
INTENDED = frozenset({SubmissionStatus.INTENT})
SENT = frozenset({SubmissionStatus.SENT})
SENT_OR_UNKNOWN = SENT | {SubmissionStatus.OUTCOME_UNKNOWN}


def status_url(submission: RegistrationSubmission) -> str:
    """Return where a registration can be asked for."""
    return f"/api/v1/submissions/{submission.pk}"


class Settling:
    """One turn that has a registration under way: how it can end."""

    def __init__(
        self,
        session: AgenticCheckoutSession,
        claim: Claim,
        plan: Plan,
        submission: RegistrationSubmission,
        *,
        news: bool = False,
    ) -> None:
        """`news`: nobody waits for the answer, so the parent has to be told of it."""
        self.session, self.claim, self.plan, self.submission = session, claim, plan, submission
        self.news = news
        self.owed: Callable[[], None] | None = (
            None  # a record that stands or falls with the outcome
        )

    def mark_sent(self) -> bool:
        """Commit that the first byte is about to leave; False where this turn lost its session."""
        with transaction.atomic():
            at = timezone.now()
            return store.renew(self.claim, at=at) and ledger.mark_sent(self.submission, at=at)

    def booked(self, booking: Booking, origin: Origin) -> Turn:
        """Write the provider's yes, and return the receipt.

        :raises LeaseLostError: if somebody settled it otherwise meanwhile; the answer is kept
        """
        with transaction.atomic():
            store.lock(self.session.pk)
            self._pay()
            won = ledger.settle(
                self.submission,
                SubmissionStatus(booking["status"]),
                of=SENT_OR_UNKNOWN,
                at=timezone.now(),
                actor=person(self.session.user_id),
                booking=booking,
                source=origin.source or "",
            )
            if won:
                return self._receipt(booking, origin)
            is_alarming = ledger.keep_late_answer(self.submission, booking, at=timezone.now())
        if is_alarming:
            logger.error("Registration %s was booked after it was settled", self.submission.pk)
        raise store.LeaseLostError

    def refused(self, error: ToolRefusedError) -> refusals.RefusedError:
        """Write the provider's no; return it, for the door, with the session where it can go on.

        :raises LeaseLostError: if somebody settled it otherwise meanwhile
        """
        refusal = refusals.of_tool(error, on_submission=True)
        if refusal.code == "login_failed":
            after = moves.decline_login(self.plan, self.plan.credential_id)
            screen = logins.refused_screen(self.session, self.plan)
            refusal.cta = screen.cards[0]["buttons"]
        else:
            after = self.plan
            standing = turns.screen_at(self.session, after)
            screen = screens.with_lead(refusal.detail, standing, *refusal.cta)
        with transaction.atomic():
            store.lock(self.session.pk)
            won = ledger.settle(
                self.submission,
                SubmissionStatus.REJECTED,
                of=SENT_OR_UNKNOWN,
                at=timezone.now(),
                actor=person(self.session.user_id),
                source=error.source,
                error_code=refusal.code,
            )
            if not won:  # somebody settled it meanwhile, and better: say how it stands
                raise store.LeaseLostError
            turn = self._finish(after, screen, Origin(error.source), code=refusal.code)
        refusal.version = turn["session"]["version"]
        return refusal

    def not_sent(
        self,
        reason: str,
        *,
        of: frozenset[SubmissionStatus],
        sentence: StrOrPromise = catalogue.NOT_SENT,
        origin: Origin = turns.NOWHERE,
    ) -> Turn:
        """Write that nothing left, and put the session back to where it can be tried again.

        :raises LeaseLostError: if somebody settled it otherwise meanwhile
        """
        standing = turns.screen_at(self.session, self.plan)
        screen = screens.with_lead(str(sentence), standing)
        code = "submission_not_sent"
        return self._not_created(reason, self.plan, screen, of=of, origin=origin, code=code)

    def not_opened(self, refusal: refusals.RefusedError) -> Turn:
        """Write that nothing left for want of a login, and put the session where one is chosen."""
        after = moves.refuse_login(self.plan, self.plan.credential_id)
        screen = logins.unusable_screen(self.session, self.plan, refusal)
        return self._not_created(refusal.code, after, screen, of=INTENDED, code=refusal.code)

    def _not_created(
        self,
        reason: str,
        plan: Plan,
        screen: Screen,
        *,
        of: frozenset[SubmissionStatus],
        code: str,
        origin: Origin = turns.NOWHERE,
    ) -> Turn:
        with transaction.atomic():
            store.lock(self.session.pk)
            won = ledger.settle(
                self.submission,
                SubmissionStatus.NOT_CREATED,
                of=of,
                at=timezone.now(),
                error_code=reason,
                news=self.news,
            )
            if of and not won:  # as above
                raise store.LeaseLostError
            return self._finish(plan, screen, origin, code=code)

    def unknown(self, reason: str, origin: Origin = turns.NOWHERE) -> Turn:
        """Write that nobody knows what came of it, and say so."""
        with transaction.atomic():
            store.lock(self.session.pk)
            self._pay()
            ledger.settle(
                self.submission,
                SubmissionStatus.OUTCOME_UNKNOWN,
                of=SENT,
                at=timezone.now(),
                error_code=reason,
            )
            return self._finish(
                self.plan,
                Screen(str(catalogue.OUTCOME_UNKNOWN)),
                origin,
                status=Status.OUTCOME_UNKNOWN,
                code=UNKNOWN,
                status_url=status_url(self.submission),
            )

    def unknown_and_unwritten(self) -> Turn:
        """Say the same where not even that could be written; the session follows its row later."""
        self.session.status, self.session.version = Status.SUBMITTING, self.claim.version
        return turns.assemble(
            self.session,
            Screen(str(catalogue.OUTCOME_UNKNOWN)),
            code=UNKNOWN,
            status_url=status_url(self.submission),
        )

    def follow(self) -> None:
        """Bring the session to where its registration stands (its process died midway)."""
        match self.submission.status:
            case SubmissionStatus.INTENT:
                self.not_sent("interrupted", of=INTENDED)
            case SubmissionStatus.NOT_CREATED:
                sentence = our_words_for(self.submission)
                self.not_sent("interrupted", of=frozenset(), sentence=sentence)
            case SubmissionStatus.REJECTED:
                standing = turns.screen_at(self.session, self.plan)
                sentence = refusals.sentence_of(self.submission.error_code)
                code = self.submission.error_code or "provider_rejected"
                self._finish(self.plan, screens.with_lead(str(sentence), standing), code=code)
            case SubmissionStatus.CONFIRMED | SubmissionStatus.WAITLISTED:
                booking = cast("Booking", self.submission.response)
                self._receipt(booking, Origin(self.submission.source or None))
            case _:
                self.unknown("interrupted")

    def _pay(self) -> None:
        if self.owed:
            self.owed()

    def _receipt(self, booking: Booking, origin: Origin) -> Turn:
        return self._finish(
            self.plan.but(step=Step.COMPLETED, failed=None),
            registering.completed(self.plan, booking, str(self.submission.pk)),
            origin,
            status=Status.COMPLETED,
            status_url=status_url(self.submission),
        )

    def _finish(
        self,
        plan: Plan,
        screen: Screen,
        origin: Origin = turns.NOWHERE,
        *,
        status: Status = Status.OPEN,
        code: str | None = None,
        status_url: str | None = None,
    ) -> Turn:
        """Write the turn back; what became of the registration stays, even if it came late."""
        said: dict[str, Any] = {"code": code, "status_url": status_url}
        try:
            return turns.finish(
                self.session, self.claim, plan, screen, origin, status=status, **said
            )
        except store.LeaseLostError:  # the session follows the row at its next turn, or soon
            watch.look_after(self.submission, at=timezone.now())
            return turns.assemble(self.session, screen, origin, plan=plan, **said)
