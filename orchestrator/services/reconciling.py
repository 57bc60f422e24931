"""Finding out what became of registrations whose outcome nobody knows.

What may be done depends on what the provider's server lists *now*: one that honours keys gets the
same key once more, one that can look a registration up is asked, and with neither it is a person's
turn. In doubt nothing is decided. A registration is looked at under a lease of its own, so any number
of runs share the work; every call to a provider happens outside of any transaction.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from audit import opened
from audit.actions import SYSTEM
from audit.context import about_session
from credentials import services as vault
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, confirming
from orchestrator.services.calls import Answer
from orchestrator.submissions import ledger, timetable, watch
from orchestrator.submissions.ledger import Request
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError, ToolRefusedError
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import KEPT

logger = logging.getLogger(__name__)

MOST_PER_RUN = 1000
UNKNOWN = frozenset({SubmissionStatus.OUTCOME_UNKNOWN})
# These say that this very registration was turned down. Any other word of a provider may be about
# the key, the login or the moment, and leaves open what became of the first try.
TURNED_DOWN = frozenset(
    {"program_full", "registration_closed", "prerequisite_missing", "invalid_answers"}
)
NO_WAY_TO_ASK = "no_way_to_ask"
NO_ANSWER = "no_answer_in_24_hours"
ALREADY_REGISTERED = "already_registered"


@dataclass
class Tally:
    """What a run came to."""

    looked_at: int = 0
    now: Counter[str] = field(default_factory=Counter)  # by the status that they have now
    unasked: int = 0  # nobody could be asked: the provider's server did not say what it can do
    failed: int = 0  # something broke; they are looked at again
    left: int = 0  # due, but left for the next run

    def add(self, later: "Tally") -> None:
        """Count another run's as well; what is left is what the later one left."""
        self.looked_at += later.looked_at
        self.now += later.now
        self.unasked += later.unasked
        self.failed += later.failed
        self.left = later.left

    def __str__(self) -> str:
        said = [f"{count} {status}" for status, count in sorted(self.now.items())]
        others = {"not asked about": self.unasked, "failed": self.failed, "left": self.left}
        said += [f"{count} {words}" for words, count in others.items() if count]
        return f"{self.looked_at} looked at" + (f": {', '.join(said)}" if said else "")


@dataclass(frozen=True)
class Abilities:
    """What the provider's server can do about an unclear registration."""

    honours_keys: bool
    looks_up: bool


class Word(Enum):
    """What a provider says when a registration is looked up."""

    KNOWN = auto()  # and the row says so by now
    ABSENT = auto()
    UNCLEAR = auto()


class _TakenOverError(Exception):
    """Somebody else looks at this registration by now, or settled it."""


def reconcile(
    *,
    at: datetime,
    max_seconds: float = float("inf"),
    after_each: Callable[[UUID, str, str], object] = lambda _id, _was, _now: None,
) -> Tally:
    """Look at registrations that are due, one after the other; return what was found.

    `at` is the moment the run begins, and time goes on from there. After each, `after_each` gets
    its id, the status it had and the one it has now. One run takes `MOST_PER_RUN`, and begins
    nothing new after `max_seconds`; what it leaves is counted.
    """
    run, tally = _Run(at), Tally()
    due = list(watch.due(at).values_list("pk", "status")[:MOST_PER_RUN])
    all_due = len(due) if len(due) < MOST_PER_RUN else watch.due(at).count()
    for done, (submission_id, was) in enumerate(due):
        if run.elapsed >= max_seconds:
            tally.left = all_due - done
            return tally
        after_each(submission_id, was, run.look_at(submission_id, tally))
    tally.left = all_due - len(due)
    return tally


class _Run:
    """One run: the server is asked once what it can do, and every row goes by that."""

    def __init__(self, at: datetime) -> None:
        self._at, self._started = at, time.monotonic()
        self._toolbox = get_toolbox()
        self._abilities: Abilities | None = None
        self._has_asked = False

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def now(self) -> datetime:
        return self._at + timedelta(seconds=self.elapsed)

    def look_at(self, submission_id: UUID, tally: Tally) -> str:
        """Look at one registration, count it, and return its status."""
        rows, row = RegistrationSubmission.objects.filter(pk=submission_id), None
        try:
            row = watch.take(submission_id, at=self.now)
            if row is not None:
                with opened.forgetting(), about_session(row.session_id):
                    self._look(row, tally)
                tally.looked_at += 1
        except _TakenOverError:
            row = None
        except Exception as error:  # noqa: BLE001  one that breaks must not hold up the others
            tally.failed += 1  # its lease runs out, and then it is looked at again
            logger.error("Registration %s not looked into: %s", submission_id, _kind(error))
        status = rows.values_list("status", flat=True).get()
        if row is not None:
            tally.now[status] += 1
        return status

    def _look(self, row: RegistrationSubmission, tally: Tally) -> None:
        if row.status in watch.UNDER_WAY:
            self._follow(row)
            row.refresh_from_db()
        match row.status:
            case SubmissionStatus.INTENT | SubmissionStatus.SENT:
                watch.let_go(row)  # its own turn is still at it
            case SubmissionStatus.OUTCOME_UNKNOWN:
                if row.check_at and row.check_at > self.now:
                    watch.let_go(row)
                else:
                    self._inquire(row, tally)
            case _:
                with transaction.atomic():  # both or neither, session first
                    store.lock(row.session_id)
                    watch.is_seen_to(row)
                    confirming.bring_along(row, at=self.now)

    def _follow(self, row: RegistrationSubmission) -> None:
        """Say what is certain of a registration whose process died midway."""
        session = AgenticCheckoutSession.objects.filter(pk=row.session_id).first()
        if session is not None and session.status in KEPT:
            confirming.bring_along(row, at=self.now)
        elif row.updated_at <= self.now - watch.LEASE:  # nobody can send it any more
            if row.status == SubmissionStatus.INTENT:
                self._conclude(row, SubmissionStatus.NOT_CREATED, "interrupted", of=[row.status])
            else:
                unknown = SubmissionStatus.OUTCOME_UNKNOWN
                of = [SubmissionStatus.SENT]
                ledger.settle(row, unknown, of=of, at=self.now, error_code="interrupted")

    # --- One whose outcome is unknown ------------------------------------------------------------

    def _inquire(self, row: RegistrationSubmission, tally: Tally) -> None:
        """Ask the provider, as far as it can be asked, and write down what that comes to."""
        sent_at, asked_at = _sent_at(row), self.now
        abilities = self._abilities_for(row)
        looks_up = abilities is not None and abilities.looks_up
        word = self._look_up(row) if looks_up else Word.UNCLEAR
        if word is Word.KNOWN:
            return
        if timetable.is_given_up(sent_at, asked_at):
            self._hand_over(row, NO_ANSWER)
            return
        if abilities is None:
            tally.unasked += 1
            watch.postpone(row, check_at=self.now + timetable.SOON)
            return
        try:
            request = _sendable(row) if abilities.honours_keys else None
            if request and timetable.is_resend_due(sent_at, row.attempts, asked_at):
                self._send_again(row, request, abilities)
                return
        except (vault.KeyUnavailableError, vault.CredentialUnreadableError) as error:
            logger.error("Registration %s cannot be sent again: %s", row.pk, _kind(error))
            watch.postpone(row, check_at=self.now + timetable.LATER)
            return
        if not request and not looks_up:
            self._hand_over(row, NO_WAY_TO_ASK)
        elif not request and word is Word.ABSENT and self._is_absent(row, asked_at):
            self._conclude(row, SubmissionStatus.NOT_CREATED, "not_found")
        elif looks_up and word is Word.UNCLEAR:
            watch.postpone(row, check_at=self.now + timetable.SOON)
        else:
            self._wait(row, abilities)

    def _look_up(self, row: RegistrationSubmission) -> Word:
        """Ask for the registration by its key: that changes nothing at the provider's."""
        try:
            answer = self._call(row, Tool.GET_REGISTRATION, {"idempotency_key": str(row.pk)})
        except ToolRefusedError as refusal:
            if refusal.code != "not_found":
                return Word.UNCLEAR
            watch.count_lookup(row)
            return Word.ABSENT
        except ToolError:
            return Word.UNCLEAR
        self._booked(row, answer)
        return Word.KNOWN

    @sensitive_variables()
    def _send_again(
        self, row: RegistrationSubmission, request: Request, abilities: Abilities
    ) -> None:
        """Send the same key once more: written and committed before the first byte leaves."""
        if not self._toolbox.accepts_submissions():
            watch.postpone(row, check_at=self.now + timetable.SOON)
            return
        try:
            login = vault.open_login(
                user_id=row.user_id,
                credential_id=UUID(request.credential_id),
                purpose=Tool.SUBMIT_REGISTRATION.value,
                session_id=row.session_id,
                at=self.now,
                actor=SYSTEM,
            )
        except vault.CredentialNotFoundError:  # deleted this moment
            watch.postpone(row, check_at=self.now + timetable.SOON)
            return
        if not watch.write_send(row, at=self.now):
            raise _TakenOverError
        args = {
            "org_ref": request.org_ref,
            "program_ref": request.program_ref,
            "answers": request.answers,
            "idempotency_key": str(row.pk),
        }
        try:
            answer = self._call(row, Tool.SUBMIT_REGISTRATION, args, login)
        except ToolRefusedError as refusal:
            self._refused(row, refusal, abilities)
        except ToolError as error:
            if error.maybe_sent:
                self._wait(row, abilities)
            else:
                watch.unwrite_send(row)
                watch.postpone(row, check_at=self.now + timetable.SOON)
        else:
            self._booked(row, answer)

    def _refused(
        self, row: RegistrationSubmission, refusal: ToolRefusedError, abilities: Abilities
    ) -> None:
        """Write down a no, where it is one to this registration and not to this try alone."""
        if refusal.code in TURNED_DOWN:
            rejected = SubmissionStatus.REJECTED
            self._conclude(row, rejected, refusal.code, source=refusal.source)
        elif refusal.code != ALREADY_REGISTERED:
            self._wait(row, abilities)
        elif not abilities.looks_up or self._look_up(row) is not Word.KNOWN:
            self._hand_over(row, ALREADY_REGISTERED)  # the first try may be what is registered

    # --- Steps ------------------------------------------------------------------------------------

    def _abilities_for(self, row: RegistrationSubmission) -> Abilities | None:
        """Return what can be done about this row; None while nobody can be asked.

        Samples know nothing of a real registration, and a real provider nothing of a sample.
        """
        if row.is_real != self._toolbox.real:
            return None
        if not self._has_asked:
            self._has_asked = True
            try:
                listed = self._toolbox.list_tools()
            except ToolError as error:
                logger.warning(
                    "No registration is reconciled: the tools are not listed (%s)", error
                )
            else:
                takes = listed.get(Tool.SUBMIT_REGISTRATION.mcp_name, frozenset())
                self._abilities = Abilities(
                    honours_keys="idempotency_key" in takes,
                    looks_up=Tool.GET_REGISTRATION.mcp_name in listed,
                )
        return self._abilities

    def _call(
        self,
        row: RegistrationSubmission,
        tool: Tool,
        args: Mapping[str, object],
        login: vault.OpenedLogin | None = None,
    ) -> Answer:
        """Return the provider's answer, recorded; the lease outlasts the call."""
        if not watch.keep(row, at=self.now):
            raise _TakenOverError
        credential_id = login.credential.pk if login else None
        record = partial(ledger.record_about, row, actor=SYSTEM, credential_id=credential_id)
        return calls.recorded(record, tool, args, login)

    def _booked(self, row: RegistrationSubmission, answer: Answer) -> None:
        """Write the provider's yes, which is true even if the lease was lost meanwhile."""
        booking, source = answer.data, answer.origin.source or ""
        status = SubmissionStatus(booking["status"])
        with transaction.atomic():
            if answer.owed:
                answer.owed()
            won = confirming.conclude(
                row, status, of=UNKNOWN, at=self.now, booking=booking, source=source
            )
        if not won and ledger.keep_late_answer(row, booking, at=self.now):
            logger.error("Registration %s was booked after it was settled", row.pk)

    def _is_absent(self, row: RegistrationSubmission, asked_at: datetime) -> bool:
        """Return whether nothing was booked for certain; one sent twice may yet arrive."""
        return row.attempts <= 1 and timetable.is_certainly_absent(
            _sent_at(row), row.lookups, asked_at
        )

    def _wait(self, row: RegistrationSubmission, abilities: Abilities) -> None:
        """Leave the row until its next slot."""
        next_time = timetable.next_resend(_sent_at(row), row.attempts, self.now)
        if abilities.looks_up:
            next_time = timetable.next_lookup(_sent_at(row), self.now)
        watch.postpone(row, check_at=next_time)

    def _hand_over(self, row: RegistrationSubmission, reason: str) -> None:
        """Leave the row to a person, and say why."""
        if self._conclude(row, SubmissionStatus.NEEDS_OPERATOR, reason, told={"reason": reason}):
            logger.warning("Registration %s needs a person: %s", row.pk, reason)

    def _conclude(
        self,
        row: RegistrationSubmission,
        status: SubmissionStatus,
        error_code: str,
        **how: object,
    ) -> bool:
        """Settle the row and its session, if this run still holds the lease."""
        how = {"of": UNKNOWN, "lease": row.lease_token} | how
        return confirming.conclude(row, status, at=self.now, error_code=error_code, **how)


def _sent_at(row: RegistrationSubmission) -> datetime:
    return row.sent_at or row.created_at


@sensitive_variables()
def _sendable(row: RegistrationSubmission) -> Request | None:
    """Return what can be sent again; None where it was not kept, or its login was deleted.

    :raises KeyUnavailableError: if the key it is sealed with is missing
    :raises CredentialUnreadableError: if it is damaged
    """
    if not row.sealed_request:
        return None
    request = ledger.request_of(row)
    own = StoredCredential.objects.for_user(row.user_id)
    return request if own.filter(pk=request.credential_id).exists() else None


def _kind(error: Exception) -> str:
    return type(error).__name__
