"""Every way a request can end badly: code, status, and the sentence for the user.

The sentences are a contract with frontends. `orchestrator.errors` turns entries into answers.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Entry:
    """One row: its HTTP status, the sentence, and whether trying again may help."""

    status: int
    english: StrOrPromise
    retryable: bool = False
    retry_after: int | None = None  # seconds

    @property
    def sentence(self) -> str:
        """Return the sentence in the reader's language."""
        return str(self.english)


AUTH = "/auth"
AUTH_AGAIN = "/auth/reauthenticate"
PROVIDER_DOWN = _("The provider service is unavailable. Please try again shortly.")
PROVIDER_ODD = _("The provider could not process this request.")
NOT_SENT = _("Your registration was not sent. Nothing was booked. Please try again shortly.")
OUTCOME_UNKNOWN = _(
    "This is taking longer than expected. We are checking whether your "
    "registration went through. Please do not submit it again."
)
TIMED_OUT = _("This signup timed out after 24 hours. Let's start again.")

CATALOGUE: dict[str, Entry] = {
    # Who is asking
    "login_failed": Entry(401, _("That e-mail and password do not match.")),
    "second_factor_required": Entry(
        401, _("Please also give the code from your authenticator app.")
    ),
    "second_factor_refused": Entry(401, _("That code is not right, or it was used before.")),
    "second_factor_unavailable": Entry(
        503,
        _(
            "Codes of apps cannot be checked right now. Please use a recovery code, or try "
            "again later."
        ),
        True,
        60,
    ),
    "session_expired": Entry(401, _("Your session expired. Please log in again.")),
    "not_authenticated": Entry(401, _("Please log in.")),
    "forbidden": Entry(403, _("You are not allowed to do this.")),
    "csrf_failed": Entry(403, _("This page is out of date. Please reload it and try again."), True),
    "reauthentication_required": Entry(
        403, _("For your safety, please log in again before you do this.")
    ),
    "auth_unavailable": Entry(
        503,
        _("We cannot check your log-in right now. Please try again shortly."),
        True,
        10,
    ),
    # What is asked
    "invalid_request": Entry(400, _("Some of this could not be understood. Please check it.")),
    "unknown_action": Entry(400, _("There is no such action.")),
    "not_found": Entry(404, _("We could not find that.")),
    "method_not_allowed": Entry(405, _("This address does not take that kind of request.")),
    "not_acceptable": Entry(406, _("This address answers in JSON.")),
    "payload_too_large": Entry(413, _("That is too much at once. Please send less.")),
    "unsupported_media_type": Entry(415, _("Please send application/json.")),
    "rate_limited": Entry(429, _("Too many requests. Please wait a moment."), True, 30),
    # The same request once more (`Idempotency-Key`)
    "idempotency_key_in_progress": Entry(
        409, _("One moment, I am still working on this request."), True, 2
    ),
    "idempotency_key_reused": Entry(
        422, _("This was already sent once, with other details. Please send it anew.")
    ),
    # Signup sessions
    "checkout_session_expired": Entry(410, TIMED_OUT),
    "checkout_session_not_found": Entry(404, TIMED_OUT),  # shown as `not_found`
    "action_not_available": Entry(409, _("That is not possible right now.")),
    "turn_in_progress": Entry(
        409, _("One moment, I am still working on your last message."), True, 2
    ),
    "session_conflict": Entry(
        409, _("This signup moved on in another window. Here is where it stands now.")
    ),
    "session_closed": Entry(409, _("This signup is finished. You can start a new one.")),
    # Provider tools
    "mcp_timeout": Entry(504, _("This is taking longer than expected. Please try again."), True),
    "mcp_unavailable": Entry(503, PROVIDER_DOWN, True, 30),
    "mcp_circuit_open": Entry(503, PROVIDER_DOWN, True, 30),
    "mcp_auth_failed": Entry(502, _("The provider service is unavailable.")),
    "mcp_tool_error": Entry(502, PROVIDER_ODD),
    "mcp_bad_response": Entry(502, PROVIDER_ODD),
    "mcp_session_lost": Entry(502, PROVIDER_ODD),
    "mcp_tool_missing": Entry(502, PROVIDER_ODD),
    "mcp_input_required": Entry(502, PROVIDER_ODD),
    "mcp_version_unsupported": Entry(502, PROVIDER_ODD),
    "provider_rejected": Entry(422, _("The provider did not accept this registration.")),
    # The map, where the tools know no such provider
    "search_unavailable": Entry(
        503,
        _("Search service temporarily unavailable. Please try again shortly."),
        True,
        30,
    ),
    # Registrations
    "submission_not_sent": Entry(503, NOT_SENT, True, 30),
    "submission_outcome_unknown": Entry(202, OUTCOME_UNKNOWN),
    "submission_in_progress": Entry(
        409,
        _("We are checking whether your registration went through. Please do not submit it again."),
        False,
        10,
    ),
    "already_registering": Entry(409, _("You already have a registration for this program.")),
    "mock_data_not_submittable": Entry(409, _("This plan used sample data. Please search again.")),
    # Logins and the record
    "credential_exists": Entry(
        409,
        _("You already saved a login under this name. Choose another name, or replace it."),
    ),
    "key_unavailable": Entry(
        503,
        _("This saved login cannot be opened right now. Nothing was lost."),
        True,
        60,
    ),
    "credential_unreadable": Entry(
        500, _("This saved login cannot be opened. It was kept; please enter it again.")
    ),
    # A conversation is sealed as logins are, but what is said of a login would mislead
    "conversation_locked": Entry(  # shown as `key_unavailable`
        503, _("This signup cannot be read right now. Nothing was lost."), True, 60
    ),
    "conversation_unreadable": Entry(  # shown as `credential_unreadable`
        500, _("This signup cannot be read any more. Please start a new one.")
    ),
    "audit_unavailable": Entry(
        503,
        _("We could not record this action, so it was not done. Please try again shortly."),
        True,
        10,
    ),
    "proof_unavailable": Entry(
        500,
        _(
            "We cannot prove this right now: a part of our log is missing. Your records "
            "can still be read."
        ),
    ),
    "database_unavailable": Entry(
        503,
        _("We cannot reach our records right now. Please try again shortly."),
        True,
        10,
    ),
    "internal_error": Entry(500, _("Something went wrong. Please try again."), True),
}
