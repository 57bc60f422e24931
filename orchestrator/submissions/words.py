"""What a parent reads about a registration."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from orchestrator import catalogue
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.submissions.refusals import OTHER_REFUSAL, SENTENCES

WORDS: dict[str, StrOrPromise] = {
    SubmissionStatus.INTENT: _("Your registration is on its way."),
    SubmissionStatus.SENT: _("Your registration is on its way."),
    SubmissionStatus.CONFIRMED: _("Your registration is confirmed."),
    SubmissionStatus.WAITLISTED: _("Your child is on the waiting list."),
    SubmissionStatus.OUTCOME_UNKNOWN: catalogue.OUTCOME_UNKNOWN,
    SubmissionStatus.NOT_CREATED: catalogue.NOT_SENT,
    SubmissionStatus.NEEDS_OPERATOR: _(
        "A person is checking with the provider whether your registration went "
        "through. Please do not submit it again."
    ),
}

# Of one that was sent, and that the provider does not know: by look-up, or as staff found out
FOUND_OUT = {"not_found", ""}
DID_NOT_GO_THROUGH = _(
    "Your registration did not go through. Nothing was booked. Please try again shortly."
)


def words_for(submission: RegistrationSubmission) -> str:
    """Return the provider's own message where it confirmed, else ours for the status."""
    if submission.status == SubmissionStatus.REJECTED:
        return our_words_for(submission)
    return submission.message or our_words_for(submission)


def our_words_for(submission: RegistrationSubmission) -> str:
    """Return our own sentence for the status: it holds nothing that anybody else wrote."""
    if submission.status == SubmissionStatus.REJECTED:
        return str(SENTENCES.get(submission.error_code, OTHER_REFUSAL))
    if submission.status == SubmissionStatus.NOT_CREATED and submission.error_code in FOUND_OUT:
        return str(DID_NOT_GO_THROUGH)
    return str(WORDS[submission.status])
