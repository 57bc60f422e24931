"""Asking a provider about one registration whose outcome nobody knows.

What may be done depends on what the provider's server lists *now*: one that honours keys gets the
same key once more, one that can look a registration up is asked, and with neither it is a person's
turn. In doubt nothing is decided. Every call to a provider happens outside of any transaction.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from audit.actions import SYSTEM
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

logger = logging.getLogger(__name__)

UNKNOWN = frozenset({SubmissionStatus.OUTCOME_UNKNOWN})
# These say that this very registration was turned down. Any other word of a provider may be about
# the key, the login or the moment, and leaves open what became of the first try.
TURNED_DOWN = frozenset(
    {"program_full", "registration_closed", "prerequisite_missing", "invalid_answers"}
)
NO_WAY_TO_ASK = "no_way_to_ask"
NO_ANSWER = "no_answer_in_24_hours"
ALREADY_REGISTERED = "already_registered"


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


class TakenOverError(Exception):
    """Somebody else looks at this registration by now, or settled it."""


class Inquiry:
    """What one run asks: the server says once what it can do, and every row goes by that."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._toolbox = get_toolbox()
        self._abilities: Abilities | None = None
        self._has_asked = False

    def ask_about(self, row: RegistrationSubmission) -> bool:
        """Write down what the provider says; return whether there was somebody to ask.

        :raises TakenOverError: if the lease is somebody else's by now
        """
        sent_at, asked_at = _sent_at(row), self._now()
        abilities = self._abilities_for(row)
        looks_up = abilities is not None and abilities.looks_up
        word = self._look_up(row) if looks_up else Word.UNCLEAR
        if word is Word.KNOWN:
            return True
        if timetable.is_given_up(sent_at, asked_at):
            self._hand_over(row, NO_ANSWER)
            return True
        if abilities is None:
            watch.postpone(row, check_at=self._now() + timetable.SOON)
            return False
        try:
            request = _sendable(row) if abilities.honours_keys else None
            if request and timetable.is_resend_due(sent_at, row.attempts, asked_at):
                self._send_again(row, request, abilities)
                return True
        except (vault.KeyUnavailableError, vault.CredentialUnreadableError) as error:
            logger.error("Registration %s cannot be sent again: %s", row.pk, type(error).__name__)
            watch.postpone(row, check_at=self._now() + timetable.LATER)
            return True
        if not request and not looks_up:
            self._hand_over(row, NO_WAY_TO_ASK)
        elif not request and word is Word.ABSENT and self._is_absent(row, asked_at):
            self._conclude(row, SubmissionStatus.NOT_CREATED, "not_found")
        elif looks_up and word is Word.UNCLEAR:
            watch.postpone(row, check_at=self._now() + timetable.SOON)
        else:
            self._wait(row, abilities)
        return True

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
            watch.postpone(row, check_at=self._now() + timetable.SOON)
            return
        try:
            login = vault.open_login(
                user_id=row.user_id,
                credential_id=UUID(request.credential_id),
                purpose=Tool.SUBMIT_REGISTRATION.value,
                session_id=row.session_id,
                at=self._now(),
                actor=SYSTEM,
            )
        except vault.CredentialNotFoundError:  # deleted this moment
            watch.postpone(row, check_at=self._now() + timetable.SOON)
            return
        if not watch.write_send(row, at=self._now()):
            raise TakenOverError
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
                watch.postpone(row, check_at=self._now() + timetable.SOON)
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
        if not watch.keep(row, at=self._now()):
            raise TakenOverError
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
                row, status, of=UNKNOWN, at=self._now(), booking=booking, source=source
            )
        if not won and ledger.keep_late_answer(row, booking, at=self._now()):
            logger.error("Registration %s was booked after it was settled", row.pk)

    def _is_absent(self, row: RegistrationSubmission, asked_at: datetime) -> bool:
        """Return whether nothing was booked for certain; one sent twice may yet arrive."""
        return row.attempts <= 1 and timetable.is_certainly_absent(
            _sent_at(row), row.lookups, asked_at
        )

    def _wait(self, row: RegistrationSubmission, abilities: Abilities) -> None:
        """Leave the row until its next slot."""
        next_time = timetable.next_resend(_sent_at(row), row.attempts, self._now())
        if abilities.looks_up:
            next_time = timetable.next_lookup(_sent_at(row), self._now())
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
        return confirming.conclude(row, status, at=self._now(), error_code=error_code, **how)


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
