"""One parent who signs one child up while the service dies; and whether all that is told is true."""

from collections import Counter
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import requests
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from audit.actions import Action
from audit.models import MandateAudit
from orchestrator import catalogue
from orchestrator.models import IdempotencyKey, RegistrationSubmission, SubmissionStatus
from orchestrator.submissions import words
from orchestrator.submissions.ledger import RECORDS
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import LEASE
from tests.orchestrator.chat import ANSWERS, Chat
from tests.servers.web_process import Api, WebServer, token_of
from tests.soak.provider import Provider

UNKNOWN = {SubmissionStatus.OUTCOME_UNKNOWN, SubmissionStatus.NEEDS_OPERATOR}
UNCLEAR = {
    SubmissionStatus.INTENT,
    SubmissionStatus.SENT,
    SubmissionStatus.OUTCOME_UNKNOWN,
}
KNOWN = UNKNOWN | {SubmissionStatus.CONFIRMED, SubmissionStatus.WAITLISTED}


class Trial:
    """A parent of their own with one child, at one server, for one program of one provider."""

    def __init__(self, web: WebServer, provider: Provider) -> None:
        name = uuid4().hex
        self.user = User.objects.create(email=f"{name}@example.com")
        self.child = f"Child {name}"
        self.provider = provider
        self.chat = Chat(self.user, cast("APIClient", Api(web, token=token_of(self.user))))
        self.summary = ""
        self._key = ""  # of the newest press
        self.process = 0  # the one that answered last
        self.killed: UUID | None = None  # the registration over which a process died
        self.untrue: list[str] = []  # what was said that is not so, at any time

    def come_to_confirmation(self) -> None:
        """Walk to where there is but one button left to press."""
        self.chat.walk_to("form_fill")
        self.chat.press("submit_form", answers=ANSWERS | {"child_name": self.child})
        self.summary = self.chat.summary
        self.process = int(self.chat.response.headers["X-Process"])

    def confirm(self, **headers: str) -> int | None:
        """Press Confirm; return the status of the answer, or None where the server died over it."""
        self._key = uuid4().hex
        return self.repeat(**headers)

    def repeat(self, **headers: str) -> int | None:
        """Send the last press once more, with its Idempotency-Key, as a page does by itself."""
        body = {"action": "confirm_registration", "payload": {"summary": self.summary}}
        path = f"/api/v1/sessions/{self.chat.id}/actions"
        try:
            answer = self.chat.client.post(
                path, body, headers={"Idempotency-Key": self._key, **headers}
            )
        except requests.RequestException:
            return None
        return int(answer.status_code)

    def repeat_by_itself(self) -> None:
        """Send the last press once more, and see that it ends well or honestly."""
        if (status := self.repeat()) not in {200, 202}:
            self.untrue.append(f"the same request once more ended with {status}")

    def let_the_lease_pass(self) -> None:
        """Spare everybody the 90 seconds after which a dead process gives way to the next one."""
        past = timezone.now() - LEASE
        AgenticCheckoutSession.objects.filter(pk=self.chat.id, turn_token__isnull=False).update(
            turn_until=past
        )
        IdempotencyKey.objects.filter(user_id=self.user.pk, is_done=False).update(lease_until=past)

    def look(self) -> list[str]:
        """Read the session as a reloaded page does; return what was said so far that is not so."""
        session = self.chat.read()
        turn = session["last_turn"]
        buttons = [button for card in turn["cards"] for button in card["buttons"]]
        offered = any(button["action"] == "confirm_registration" for button in buttons)
        match session["status"]:
            case "open":
                untrue = self._is_free(turn, offered)
            case "outcome_unknown":
                untrue = self._is_unknown(turn)
            case "completed":
                untrue = self._is_booked(turn)
            case other:
                untrue = [f"a session that nobody works on says {other}"]
        self.untrue += untrue
        return self.untrue

    def look_and_try_again(self) -> None:
        """Look, and press Confirm once more where the page offers it."""
        self.look()
        if self.status == "open":
            status = self.confirm()
            if status != 200:
                self.untrue.append(f"it may be tried again, and that ends with {status}")
            self.look()

    @property
    def status(self) -> str:
        """What the session's status was when it was last looked at."""
        return str(self.chat.last["status"])

    @property
    def receipts(self) -> list[RegistrationSubmission]:
        """What the service knows of this parent's registrations, oldest first."""
        own = RegistrationSubmission.objects.for_user(self.user.pk)
        return list(own.order_by("created_at"))

    def lost(self) -> list[str]:
        """Return the keys of the provider's bookings that the service does not own up to."""
        known = {str(receipt.pk) for receipt in self.receipts if receipt.status in KNOWN}
        return [key for key in self.provider.bookings_of(self.child) if key not in known]

    def is_doubled(self) -> bool:
        """Return whether the child was booked twice, or asked for under two keys."""
        bookings = self.provider.bookings_of(self.child)
        return len(bookings) > 1 or len(self.provider.keys_of(self.child)) > 1

    def made_up(self) -> list[str]:
        """Return the confirmations that the provider knows nothing of."""
        confirmed = [one for one in self.receipts if one.status == SubmissionStatus.CONFIRMED]
        return [
            f"{one.pk} was made up"
            for one in confirmed
            if one.confirmation_ref != self.provider.reference_of(str(one.pk))
        ]

    def unrecorded(self) -> list[str]:
        """Return what became of the registrations and stands in no record, or in two."""
        missing = []
        for receipt in self.receipts:
            rows = MandateAudit.objects.filter(metadata__submission_id=str(receipt.pk))
            actions = Counter(rows.values_list("action", flat=True))
            expected = [Action.REGISTRATION_SUBMITTED, RECORDS[SubmissionStatus(receipt.status)]]
            missing += [
                f"{receipt.pk} has {actions[one]} records {one}"
                for one in expected
                if actions[one] != 1
            ]
        return missing

    def _is_free(self, turn: dict[str, Any], offered: bool) -> list[str]:
        receipts = self.receipts
        untrue = [
            f"it may be tried again, and {receipt.pk} is {receipt.status}"
            for receipt in receipts
            if receipt.status != SubmissionStatus.NOT_CREATED
        ]
        if not offered:
            untrue.append("the button to confirm is missing")
        last = max(receipts, key=lambda one: one.created_at, default=None)
        was_looked_for = last is not None and last.error_code == "not_found"
        said = words.DID_NOT_GO_THROUGH if was_looked_for else catalogue.NOT_SENT
        if last and not turn["message"].startswith(str(said)):
            untrue.append(f"nothing was booked, and it says {turn['message']!r}")
        if self.provider.bookings_of(self.child):
            untrue.append(f"there is a booking, and it says {turn['message']!r}")
        return untrue

    def _is_unknown(self, turn: dict[str, Any]) -> list[str]:
        untrue = []
        [receipt] = [one for one in self.receipts if one.status in UNKNOWN]
        said = (words.our_words_for(receipt), "submission_outcome_unknown")
        if (turn["message"], turn["meta"]["code"]) != said:
            untrue.append(f"nobody knows, and it says {turn['message']!r}")
        told = self.chat.client.get(turn["meta"]["status_url"]).json()
        if told["status"] not in UNKNOWN:
            untrue.append(f"nobody knows, and its address says {told['status']}")
        return untrue

    def _is_booked(self, turn: dict[str, Any]) -> list[str]:
        [receipt] = [one for one in self.receipts if one.status in KNOWN]
        if receipt.confirmation_ref not in str(turn["cards"]):
            return [f"the receipt does not show {receipt.confirmation_ref!r}"]
        return self.made_up()


def forward(time: timedelta) -> None:
    """Let all registrations grow older by so much: nobody wants to wait until a check is due."""
    RegistrationSubmission.objects.update(
        sent_at=F("sent_at") - time,
        check_at=F("check_at") - time,
        lease_until=F("lease_until") - time,
    )


def nothing_is_unclear() -> bool:
    """Return whether every registration has an outcome, or a person who looks after it."""
    return not RegistrationSubmission.objects.filter(status__in=UNCLEAR).exists()
