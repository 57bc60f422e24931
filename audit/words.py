"""What the record says, in the words of the parent whose record it is, all in one place.

Each sentence is written in English, and said in the reader's language.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from audit.actions import Action
from audit.doers import Doer
from audit.kinds import Topic

TOPICS: dict[Topic, StrPromise] = {  # what one can ask for
    Topic.REGISTRATIONS: _("Registrations"),
    Topic.LOGINS: _("Saved logins"),
    Topic.SIGNUPS: _("Steps of a signup"),
    Topic.REQUESTS: _("Requests to providers"),
    Topic.ACCOUNT: _("Your account"),
    Topic.RECORD: _("This record"),
}

# Whose hand it was
DOERS: dict[Doer, StrPromise] = {
    Doer.PARENT: _("You"),
    Doer.AGENT: _("SignupAssist, for you"),
    Doer.STAFF: _("Our staff"),
    Doer.SYSTEM: _("SignupAssist"),
    Doer.ANONYMOUS: _("Somebody not logged in"),
    Doer.OTHER: _("Somebody else"),
}

# What a login was opened for, as its record names it, and as its owner reads it
PURPOSES: dict[str, StrPromise] = {
    "find_programs": _("to list the programs"),
    "check_prerequisites": _("to check the prerequisites"),
    "discover_fields": _("to prepare the form"),
    "submit_registration": _("to send your registration"),
    "get_registration": _("to ask how your registration stands"),
    "reveal": _("to show it to you"),
}

# What the parent did
YOU: dict[str, StrPromise] = {
    Action.ACTION_SELECT_PROVIDER: _("You chose a provider."),
    Action.ACTION_REJECT_PROVIDER: _("You turned a provider down."),
    Action.ACTION_RETRY_SEARCH: _("You searched for a provider again."),
    Action.ACTION_CONNECT_ACCOUNT: _("You asked to connect your account at the provider."),
    Action.ACTION_CREDENTIALS_SUBMITTED: _("You chose the saved login to use."),
    Action.ACTION_SELECT_PROGRAM: _("You chose a program."),
    Action.ACTION_CHECK_PREREQS: _("You asked to check the prerequisites."),
    Action.ACTION_RETRY_PREREQS: _("You asked to check the prerequisites again."),
    Action.ACTION_COMPLETE_PREREQS: _("You went on from the prerequisites."),
    Action.ACTION_SUBMIT_FORM: _("You filled in the form."),
    Action.ACTION_EDIT_FORM: _("You went back to the form."),
    Action.ACTION_CHANGE_PROGRAM: _("You went back to the programs."),
    Action.ACTION_CHANGE_PROVIDER: _("You went back to the providers."),
    Action.ACTION_CONFIRM_REGISTRATION: _("You confirmed that the registration may be sent."),
    Action.ACTION_RETRY_PROGRAMS: _("You asked for the programs again."),
    Action.ACTION_RETRY_LAST: _("You asked to try the last step again."),
    Action.ACTION_CANCEL_REGISTRATION: _("You cancelled the signup."),
    Action.ACTION_RESET: _("You started over."),
    Action.MESSAGE_SENT: _("You sent a message. What it said is not recorded."),
    Action.CREDENTIALS_SUBMITTED: _("You saved a login. It was sealed at once."),
    Action.CREDENTIALS_REPLACED: _("You replaced a saved login."),
    Action.CREDENTIALS_DELETED: _("You deleted a saved login."),
    Action.SESSION_CREATED: _("You started a signup."),
    Action.SESSION_RESUMED: _("You went on with this signup."),
    Action.SESSION_DELETED: _("You deleted this signup."),
    Action.USER_SIGNED_UP: _("You created your account."),
    Action.USER_LOGGED_IN: _("You logged in."),
    Action.USER_LOGGED_OUT: _("You logged out."),
    Action.USER_LOGINS_ENDED: _("You logged out everywhere."),
    Action.USER_PASSWORD_CHANGED: _("You changed your password."),
    Action.USER_SECOND_FACTOR_ADDED: _("You turned two-step log-in on."),
    Action.USER_SECOND_FACTOR_REMOVED: _("You turned two-step log-in off."),
    Action.USER_RECOVERY_CODES_MADE: _("You made new recovery codes."),
    Action.USER_DELETED: _("You deleted your account."),
    Action.AUDIT_EXPORTED: _("You exported this trail."),
}

# What happened, whoever did it
DONE: dict[str, StrPromise] = {
    Action.ACTION_SELECT_PROVIDER: _("A provider was chosen."),
    Action.ACTION_REJECT_PROVIDER: _("A provider was turned down."),
    Action.ACTION_RETRY_SEARCH: _("A provider was searched for again."),
    Action.ACTION_CONNECT_ACCOUNT: _("An account at the provider was to be connected."),
    Action.ACTION_CREDENTIALS_SUBMITTED: _("The saved login to use was chosen."),
    Action.ACTION_SELECT_PROGRAM: _("A program was chosen."),
    Action.ACTION_CHECK_PREREQS: _("The prerequisites were to be checked."),
    Action.ACTION_RETRY_PREREQS: _("The prerequisites were to be checked again."),
    Action.ACTION_COMPLETE_PREREQS: _("The signup went on from the prerequisites."),
    Action.ACTION_SUBMIT_FORM: _("The form was filled in."),
    Action.ACTION_EDIT_FORM: _("The signup went back to the form."),
    Action.ACTION_CHANGE_PROGRAM: _("The signup went back to the programs."),
    Action.ACTION_CHANGE_PROVIDER: _("The signup went back to the providers."),
    Action.ACTION_CONFIRM_REGISTRATION: _("It was confirmed that the registration may be sent."),
    Action.ACTION_RETRY_PROGRAMS: _("The programs were asked for again."),
    Action.ACTION_RETRY_LAST: _("The last step was to be tried again."),
    Action.ACTION_CANCEL_REGISTRATION: _("The signup was cancelled."),
    Action.ACTION_RESET: _("The signup was started over."),
    Action.MESSAGE_SENT: _("A message was sent. What it said is not recorded."),
    Action.CREDENTIALS_SUBMITTED: _("A login was saved. It was sealed at once."),
    Action.CREDENTIALS_REPLACED: _("A saved login was replaced."),
    Action.CREDENTIALS_DELETED: _("A saved login was deleted."),
    Action.SESSION_CREATED: _("A signup was started."),
    Action.SESSION_RESUMED: _("This signup went on."),
    Action.SESSION_DELETED: _("This signup was deleted."),
    Action.USER_SIGNED_UP: _("Your account was created."),
    Action.USER_LOGGED_IN: _("Somebody logged in to your account."),
    Action.USER_LOGGED_OUT: _("Somebody logged out of your account."),
    Action.USER_LOGINS_ENDED: _("Your account was logged out everywhere."),
    Action.USER_PASSWORD_CHANGED: _("Your password was changed."),
    Action.USER_SECOND_FACTOR_ADDED: _("Two-step log-in was turned on."),
    Action.USER_SECOND_FACTOR_REMOVED: _("Two-step log-in was turned off."),
    Action.USER_RECOVERY_CODES_MADE: _("New recovery codes were made."),
    Action.USER_DELETED: _("Your account was deleted."),
    Action.AUDIT_EXPORTED: _("Your trail was exported."),
    Action.CREDENTIALS_ACCESSED: _("Your saved login was opened."),
    Action.CREDENTIALS_ACCESS_FAILED: _("Your saved login could not be opened."),
    Action.CREDENTIALS_ACCESS_DENIED: _("Your saved login was asked for, and stayed closed."),
    Action.CREDENTIALS_RESEALED: _("Your saved login was sealed with a new key."),
    Action.TOOL_SUCCEEDED: _("A provider was asked, and answered."),
    Action.TOOL_FAILED: _("A provider was asked, and that failed."),
    Action.REGISTRATION_SUBMITTED: _("Your registration was made ready to send."),
    Action.REGISTRATION_COMPLETED: _("Your registration is confirmed."),
    Action.REGISTRATION_WAITLISTED: _("Your child is on the waiting list."),
    Action.REGISTRATION_REJECTED: _("The provider did not accept your registration."),
    Action.REGISTRATION_NOT_SENT: _("Your registration was not sent. Nothing was booked."),
    Action.REGISTRATION_OUTCOME_UNKNOWN: _(
        "The provider gave no clear answer yet. We keep asking."
    ),
    Action.REGISTRATION_NEEDS_OPERATOR: _("A person took over to check your registration."),
    Action.REGISTRATION_RESOLVED: _("Our staff found out how your registration ended."),
    Action.SESSION_ENDED_BY_STAFF: _("Our staff ended this signup."),
    Action.SESSIONS_EXPIRED: _("Signups past their 24 hours were removed."),
    Action.USER_LOGIN_FAILED: _("Somebody tried to log in as you, and did not get in."),
    Action.USER_PASSWORD_RESET_REQUESTED: _("A link for a new password was asked for."),
    Action.USER_PASSWORD_RESET_MAILED: _("The mail with a link for a new password was sent off."),
    Action.USER_SECOND_FACTOR_RESEALED: _("The secret of your two-step log-in got a new seal."),
    Action.USER_DISABLED: _("Our staff disabled your account."),
    Action.USER_ENABLED: _("Our staff enabled your account again."),
    Action.STAFF_ROLE_GRANTED: _("You were given a role."),
    Action.STAFF_ROLE_REVOKED: _("A role of yours was taken away."),
    Action.AUDIT_VIEWED: _("Our staff looked at your record."),
    Action.AUDIT_SEALED: _("The record was sealed."),
}

ASKED: dict[str, StrPromise] = {  # what a tool was used for
    "search_provider": _("Providers were searched."),
    "find_programs": _("The provider was asked for its programs."),
    "check_prerequisites": _("The provider was asked about the prerequisites."),
    "discover_fields": _("The provider was asked for its form."),
    "submit_registration": _("Your registration was sent to the provider."),
    "get_registration": _("The provider was asked how your registration stands."),
}
FAILED: dict[str, StrPromise] = {
    "search_provider": _("The search for providers failed."),
    "find_programs": _("Asking the provider for its programs failed."),
    "check_prerequisites": _("Asking the provider about the prerequisites failed."),
    "discover_fields": _("Asking the provider for its form failed."),
    "submit_registration": _("Sending your registration brought no success."),
    "get_registration": _("Asking the provider how your registration stands failed."),
}
OPENED = _("Your saved login was opened {purpose}.")

# What a record tells besides
LABELS: dict[str, StrPromise] = {
    "sessionId": _("Signup"),
    "org_ref": _("Organisation"),
    "request_id": _("Request"),
    "step": _("Step"),
    "intent": _("What was wanted"),
    "llm": _("Language model"),
    "turn_interrupted": _("An answer was under way"),
    "run_id": _("Run of the clean-up"),
    "deleted": _("Deleted"),
    "by_status": _("By status"),
    "credential_alias": _("Name of the login"),
    "accessed_at": _("Opened at"),
    "purpose": _("Opened for"),
    "reason": _("Reason"),
    "unrecorded_until": _("Could not be recorded until"),
    "key_id": _("Sealed with key"),
    "seal_fp": _("Fingerprint of the seal"),
    "was_fp": _("Fingerprint of the seal before"),
    "from": _("From key"),
    "to": _("To key"),
    "tool": _("Provider tool"),
    "argument_digest": _("Digest of what was asked"),
    "source": _("Answered by"),
    "server": _("Server"),
    "protocol_version": _("Protocol version"),
    "http_status": _("HTTP status"),
    "attempts": _("Tries"),
    "elapsed_ms": _("Took"),
    "degraded": _("Fell back to samples"),
    "fallback_reason": _("Fell back because"),
    "error_code": _("Error"),
    "submission_id": _("Registration"),
    "request_digest": _("Digest of the registration"),
    "is_real": _("A real registration"),
    "outcome": _("Outcome"),
    "explanation": _("Explanation"),
    "late_answer": _("The answer came late"),
    "late_confirmation_ref": _("Reference that came late"),
    "method": _("Method"),
    "second_factor": _("Second factor"),
    "role": _("Role"),
    "logins": _("Saved logins"),
    "signups": _("Signups"),
    "table": _("Table"),
    "view": _("Page"),
    "named_by": _("Found by"),
    "viewed": _("What was read"),
    "format": _("Format"),
    "scope": _("Of"),
    "filters": _("Filtered by"),
    "rows": _("Records"),
    "tree_size": _("Size of the log"),
    "events": _("Events"),
    "root": _("Root of the log"),
    "origin": _("Origin"),
    "sample": _("Made-up record"),
}
SOURCES: dict[str, StrPromise] = {
    "mcp": _("the provider (mcp)"),
    "mock": _("bundled samples (mock)"),
    "google": _("Google Places"),
}


def sentence(action: str, metadata: Mapping[str, Any], *, is_own_deed: bool) -> str:
    """Return what happened, also for an action that nobody wrote a sentence for."""
    purpose, tool = str(metadata.get("purpose")), str(metadata.get("tool"))
    if action == Action.CREDENTIALS_ACCESSED and purpose in PURPOSES:
        return OPENED.format(purpose=PURPOSES[purpose])
    if action == Action.TOOL_SUCCEEDED and tool in ASKED:
        return str(ASKED[tool])
    if action == Action.TOOL_FAILED and tool in FAILED:
        return str(FAILED[tool])
    if action in YOU and is_own_deed:
        return str(YOU[action])
    return str(DONE[action]) if action in DONE else f"{Action.describe(action)}."


def is_sample(metadata: Mapping[str, Any]) -> bool:
    """Return whether no real provider stood behind it."""
    told = (metadata.get("source"), metadata.get("sample"), metadata.get("is_real"))
    return told[0] == "mock" or told[1] is True or told[2] is False


def as_name(key: str) -> str:
    """Return a key like `blackhawk-ski` as people write a name: "Blackhawk Ski"."""
    words = key.replace("-", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)
