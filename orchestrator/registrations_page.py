"""/mandates-audit/registrations: a parent's own registrations, and what to do about each."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.context import user_id_of
from audit.paging import BadCursorError, page_of
from audit.words import as_name
from orchestrator import services
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services.news import title_of
from orchestrator.submissions.words import words_for

CHIPS = {  # how a status is marked, and called
    SubmissionStatus.INTENT: ("", _("On its way")),
    SubmissionStatus.SENT: ("", _("On its way")),
    SubmissionStatus.CONFIRMED: ("ok", _("Confirmed")),
    SubmissionStatus.WAITLISTED: ("ok", _("Waiting list")),
    SubmissionStatus.REJECTED: ("bad", _("Not accepted")),
    SubmissionStatus.OUTCOME_UNKNOWN: ("warn", _("Being checked")),
    SubmissionStatus.NOT_CREATED: ("bad", _("Not booked")),
    SubmissionStatus.NEEDS_OPERATOR: ("warn", _("A person is checking")),
}
TO_DO = {
    SubmissionStatus.OUTCOME_UNKNOWN: _(
        "There is nothing to do for you: we keep asking the provider, and say here and above the "
        "chat what came of it."
    ),
    SubmissionStatus.NEEDS_OPERATOR: _(
        "You can ask the provider as well. Give them the number below: it went out with your "
        "registration."
    ),
    SubmissionStatus.REJECTED: _("You can start a new signup, and choose another program."),
}


@require_safe
@never_cache
def registrations(request: HttpRequest) -> HttpResponse:
    """Show one's own registrations, 50 at a time."""
    user_id = user_id_of(request)
    cursor = request.GET.get("cursor")
    try:
        page = page_of(RegistrationSubmission.objects.for_user(user_id), cursor)
    except BadCursorError:
        return redirect("registrations")
    of_these = services.own_sessions(user_id=user_id, at=timezone.now()).filter(
        pk__in={one.session_id for one in page.rows}
    )
    alive = set(of_these.values_list("pk", flat=True)) if page.rows else set()
    context = {
        "registrations": [Registration.of(one, alive=alive) for one in page.rows],
        "older": page.next,
        "is_first": not cursor,
    }
    return render(request, "orchestrator/registrations.html", context)


@dataclass(frozen=True)
class Registration:
    """A registration as the page tells it."""

    row: RegistrationSubmission
    title: str
    provider: str
    tone: str
    status: str
    words: str
    to_do: str
    is_chat_alive: bool

    @classmethod
    def of(cls, row: RegistrationSubmission, *, alive: set[UUID]) -> "Registration":
        status = SubmissionStatus(row.status)
        tone, called = CHIPS[status]
        return cls(
            row=row,
            title=title_of(row),
            provider=as_name(row.provider),
            tone=tone,
            status=str(called),
            words=words_for(row),
            to_do=str(TO_DO.get(status, "")),
            is_chat_alive=row.session_id in alive,
        )

    @property
    def has_a_number_to_give(self) -> bool:
        """Say whether the provider may know it by its id, which went out as its key."""
        return self.row.status == SubmissionStatus.NEEDS_OPERATOR
