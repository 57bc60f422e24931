"""What can be recorded, and who can have done it."""

import re
from uuid import UUID

from django.db import models

SYSTEM = "system"
ANONYMOUS = "anonymous"

_ACTOR = re.compile(
    r"(?:user|staff):[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|system|anonymous", re.ASCII
)


def person(user_id: UUID) -> str:
    """Return the actor who is this person, acting for themselves."""
    return f"user:{user_id}"


def staff(user_id: UUID) -> str:
    """Return the actor who is this person, acting as staff."""
    return f"staff:{user_id}"


def is_actor(text: str) -> bool:
    """Say whether the text names an actor: a person, staff, the system or nobody known."""
    return _ACTOR.fullmatch(text) is not None


class Action(models.TextChoices):
    """Everything the ledger can hold: the stored word, and how a person reads it."""

    # Buttons of the chat, recorded when the turn is claimed
    ACTION_SELECT_PROVIDER = "action_select_provider", "Chose a provider"
    ACTION_REJECT_PROVIDER = "action_reject_provider", "Turned a provider down"
    ACTION_RETRY_SEARCH = "action_retry_search", "Searched for a provider again"
    ACTION_CONNECT_ACCOUNT = "action_connect_account", "Asked to connect an account"
    ACTION_CREDENTIALS_SUBMITTED = "action_credentials_submitted", "Chose a saved login"
    ACTION_SELECT_PROGRAM = "action_select_program", "Chose a program"
    ACTION_CHECK_PREREQS = "action_check_prereqs", "Checked the prerequisites"
    ACTION_RETRY_PREREQS = "action_retry_prereqs", "Checked the prerequisites again"
    ACTION_COMPLETE_PREREQS = "action_complete_prereqs", "Went on from the prerequisites"
    ACTION_SUBMIT_FORM = "action_submit_form", "Filled in the form"
    ACTION_EDIT_FORM = "action_edit_form", "Went back to the form"
    ACTION_CHANGE_PROGRAM = "action_change_program", "Went back to the programs"
    ACTION_CHANGE_PROVIDER = "action_change_provider", "Went back to the providers"
    ACTION_CONFIRM_REGISTRATION = "action_confirm_registration", "Confirmed the registration"
    ACTION_RETRY_PROGRAMS = "action_retry_programs", "Asked for the programs again"
    ACTION_RETRY_LAST = "action_retry_last", "Tried the last step again"
    ACTION_CANCEL_REGISTRATION = "action_cancel_registration", "Cancelled the signup"
    ACTION_RESET = "action_reset", "Started over"
    MESSAGE_SENT = "message_sent", "Sent a message"

    # Logins
    CREDENTIALS_SUBMITTED = "credentials_submitted", "Saved a login"
    CREDENTIALS_ACCESSED = "credentials_accessed", "Opened a login"
    CREDENTIALS_ACCESS_FAILED = "credentials_access_failed", "Could not open a login"
    CREDENTIALS_ACCESS_DENIED = "credentials_access_denied", "Refused to open a login"
    CREDENTIALS_REPLACED = "credentials_replaced", "Replaced a login"
    CREDENTIALS_DELETED = "credentials_deleted", "Deleted a login"
    CREDENTIALS_RESEALED = "credentials_resealed", "Sealed a login with a new key"

    # Provider tools and registrations
    TOOL_SUCCEEDED = "tool_succeeded", "Used a provider tool"
    TOOL_FAILED = "tool_failed", "A provider tool failed"
    REGISTRATION_SUBMITTED = "registration_submitted", "Submitted a registration"
    REGISTRATION_COMPLETED = "registration_completed", "Registration confirmed"
    REGISTRATION_WAITLISTED = "registration_waitlisted", "Registration put on the waiting list"
    REGISTRATION_REJECTED = "registration_rejected", "Registration refused by the provider"
    REGISTRATION_NOT_SENT = "registration_not_sent", "Registration was not sent"
    REGISTRATION_OUTCOME_UNKNOWN = (
        "registration_outcome_unknown",
        "No clear answer to a registration yet",
    )
    REGISTRATION_NEEDS_OPERATOR = (
        "registration_needs_operator",
        "Registration handed to a person to check",
    )
    REGISTRATION_RESOLVED = "registration_resolved", "Registration settled by staff"

    # Signup sessions
    SESSION_CREATED = "session_created", "Started a signup"
    SESSION_RESUMED = "session_resumed", "Resumed a signup"
    SESSION_DELETED = "session_deleted", "Deleted a signup"
    SESSION_ENDED_BY_STAFF = "session_ended_by_staff", "Signup ended by staff"
    SESSIONS_EXPIRED = "sessions_expired", "Expired signups removed"

    # Accounts
    USER_SIGNED_UP = "user_signed_up", "Created an account"
    USER_LOGGED_IN = "user_logged_in", "Logged in"
    USER_LOGIN_FAILED = "user_login_failed", "Failed to log in"
    USER_LOGGED_OUT = "user_logged_out", "Logged out"
    USER_LOGINS_ENDED = "user_logins_ended", "Logged out everywhere"
    USER_PASSWORD_RESET_REQUESTED = "user_password_reset_requested", "Asked for a new password"
    USER_PASSWORD_RESET_MAILED = (
        "user_password_reset_mailed",
        "Mail with a link for a new password",
    )
    USER_PASSWORD_CHANGED = "user_password_changed", "Changed the password"
    USER_SECOND_FACTOR_ADDED = "user_second_factor_added", "Turned two-step log-in on"
    USER_SECOND_FACTOR_REMOVED = "user_second_factor_removed", "Turned two-step log-in off"
    USER_SECOND_FACTOR_RESEALED = (
        "user_second_factor_resealed",
        "Sealed the secret of two-step log-in with a new key",
    )
    USER_RECOVERY_CODES_MADE = "user_recovery_codes_made", "Made new recovery codes"
    USER_DISABLED = "user_disabled", "Account disabled by staff"
    USER_ENABLED = "user_enabled", "Account enabled by staff"
    USER_DELETED = "user_deleted", "Deleted the account"
    STAFF_ROLE_GRANTED = "staff_role_granted", "Given a role"
    STAFF_ROLE_REVOKED = "staff_role_revoked", "Role taken away"

    # The ledger itself
    AUDIT_VIEWED = "audit_viewed", "Record viewed by staff"
    AUDIT_EXPORTED = "audit_exported", "Audit trail exported"
    AUDIT_SEALED = "audit_sealed", "Audit trail sealed"

    @property
    def tells_what_happened(self) -> bool:
        """Return whether it is the word on what happened outside, which no refusal undoes."""
        return self in _HAPPENED

    @classmethod
    def describe(cls, value: str) -> str:
        """Return how a person reads a stored action, also one that is no longer recorded."""
        return (
            str(cls(value).label) if value in cls.values else value.replace("_", " ").capitalize()
        )


_HAPPENED = {
    Action.TOOL_SUCCEEDED,
    Action.TOOL_FAILED,
    Action.REGISTRATION_COMPLETED,
    Action.REGISTRATION_WAITLISTED,
    Action.REGISTRATION_REJECTED,
    Action.REGISTRATION_NOT_SENT,
    Action.REGISTRATION_OUTCOME_UNKNOWN,
    Action.REGISTRATION_NEEDS_OPERATOR,
    Action.REGISTRATION_RESOLVED,
    Action.USER_PASSWORD_RESET_MAILED,
}
