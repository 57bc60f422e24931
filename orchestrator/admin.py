"""What staff see of registrations, and the one thing they may do: settle what nobody else could.

References, statuses and times are shown; what parents wrote, and what providers wrote to them, is not.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.context import user_id_of
from audit.reading_room import FamilyRoom, id_sought, short
from audit.redaction import REDACTED, redact
from audit.services import AuditUnavailableError
from orchestrator import catalogue
from orchestrator.models import NEEDS_A_PERSON, RegistrationSubmission, SubmissionStatus
from orchestrator.services import resolving
from sessions_store.admin import ColumnFilter

TONES = {
    SubmissionStatus.CONFIRMED: "ok",
    SubmissionStatus.WAITLISTED: "warn",
    SubmissionStatus.REJECTED: "bad",
    SubmissionStatus.OUTCOME_UNKNOWN: "warn",
    SubmissionStatus.NEEDS_OPERATOR: "bad",
}
WORDS = {SubmissionStatus.NEEDS_OPERATOR: "Needs a person"}
SHOWN: dict[str | None, tuple[str, ...]] = {
    None: ("id", "standing", "program", "provider", "org_ref", "program_ref"),
    "Who": ("person", "signup"),
    "What the provider said": (
        "confirmation_ref", "error_code", "late_reference", "source", "is_real",
    ),
    "When": (
        "created_at", "sent_at", "attempts", "lookups", "check_at", "answered_at",
        "late_answer_at", "updated_at",
    ),
    "The parent was told": ("news_at", "mailed_at", "told_at"),
}  # fmt: skip
TWIN_IN_THE_WAY = (
    "The parent has a newer registration for the same child and program: both cannot stand. "
    "Have one of the bookings cancelled; if it is this one, press “Not found”."
)
TELLS_TOO_MUCH = (
    "This seems to hold an e-mail address, a phone number, a date or a password. "
    "The reason stays in the parent's record for good: please leave such things out."
)


class NeedsFilter(admin.SimpleListFilter):
    """The list to work through."""

    title = "what is to be done"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(NEEDS_A_PERSON) if self.value() == "person" else queryset


class StatusFilter(ColumnFilter):
    title = parameter_name = "status"
    choices_known = tuple(SubmissionStatus.values)


class ReasonForm(forms.Form):
    """Why staff say what they say."""

    reason = forms.CharField(
        max_length=resolving.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whom you asked and what they said, without names, addresses and numbers of "
        "people. It stays in the parent's record for good.",
    )

    def clean_reason(self) -> str:
        """Return the reason, unless the record would keep nothing of it."""
        reason: str = self.cleaned_data["reason"]
        if redact({"reason": reason})["reason"] == REDACTED:
            raise forms.ValidationError(TELLS_TOO_MUCH)
        return reason


class FoundForm(ReasonForm):
    """What the provider has in its books."""

    field_order = ("booked", "confirmation_ref", "reason")

    booked = forms.ChoiceField(
        label="The provider has it",
        choices=[("confirmed", "booked"), ("waitlisted", "on the waiting list")],
        widget=forms.RadioSelect,
    )
    confirmation_ref = forms.CharField(
        label="Confirmation reference",
        max_length=resolving.LONGEST_REFERENCE,
        widget=forms.TextInput(attrs={"size": 40, "autocomplete": "off"}),
        help_text="The provider's own number or code for it. The parent will see it.",
    )


@admin.register(RegistrationSubmission)
class SubmissionAdmin(FamilyRoom):
    """Registrations and what became of them; those that need a person say what to do."""

    signup_in = "session_id"
    list_display = ("short_id", "standing", "program", "person", "signup_id", "sent")
    list_filter = (NeedsFilter, StatusFilter)
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a registration, signup or person, or a person's e-mail; exact."
    ordering = ("-created_at", "-id")
    change_form_template = "orchestrator/admin/submission.html"
    fieldsets = [(title, {"fields": fields}) for title, fields in SHOWN.items()]
    readonly_fields = [name for fields in SHOWN.values() for name in fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = get_user_model()._default_manager.filter(pk=OuterRef("user_id"))
        known_as = Subquery(people.values("email")[:1])
        hidden = ("sealed_request", "message", "request_digest", "participant")
        rows: QuerySet[Any] = super().get_queryset(request).defer(*hidden)
        shown: QuerySet[Any] = rows.annotate(known_as=known_as)
        return shown

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        sought = id_sought(term)
        if sought is None:
            return queryset.none(), False
        found = Q(pk=sought) | Q(session_id=sought) | Q(user_id=sought)
        return queryset.filter(found), False

    # --- Columns ---------------------------------------------------------------------------------

    @admin.display(description="reference")
    def short_id(self, row: RegistrationSubmission) -> SafeString:
        return format_html('<span class="mono">{}</span>', short(row.pk))

    @admin.display(description="signup")
    def signup_id(self, row: RegistrationSubmission) -> SafeString:
        return format_html('<span class="mono">{}</span>', short(row.session_id))

    @admin.display(description="program")
    def program(self, row: RegistrationSubmission) -> str:
        return f"{row.program_title or row.program_ref}, {row.org_name or row.org_ref}"

    @admin.display(description="status")
    def standing(self, row: RegistrationSubmission) -> SafeString:
        status = SubmissionStatus(row.status)
        pills = [(TONES.get(status, "plain"), WORDS.get(status) or _as_words(status))]
        if row.late_answer_at is not None:
            pills.append(("bad", "Late answer"))
        if not row.is_real:
            pills.append(("warn", "Sample"))
        return format_html_join(" ", '<span class="pill pill-{}">{}</span>', pills)

    @admin.display(description="sent (UTC)")
    def sent(self, row: RegistrationSubmission) -> str | None:
        return f"{row.sent_at:%Y-%m-%d %H:%M}" if row.sent_at else None

    @admin.display(description="parent")
    def person(self, row: Any) -> str:
        """Return whose it is: by e-mail while there is an account."""
        return row.known_as or f"{str(row.user_id)[:8]}… (account erased)"

    @admin.display(description="signup")
    def signup(self, row: RegistrationSubmission) -> SafeString:
        signups = reverse("admin:sessions_store_agenticcheckoutsession_changelist")
        return format_html('<a href="{}?q={}">{}</a>', signups, row.session_id, row.session_id)

    @admin.display(description="late answer")
    def late_reference(self, row: RegistrationSubmission) -> str:
        """Return the reference in an answer that came after another outcome was written."""
        return resolving.late_reference(row) or "-"

    # --- Settling --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(
                "<path:object_id>/found/",
                view(self.resolve_view),
                {"form_class": FoundForm},
                name="registration_found",
            ),
            path(
                "<path:object_id>/not-found/",
                view(self.resolve_view),
                {"form_class": ReasonForm},
                name="registration_not_found",
            ),
        ]
        return [*own, *super().get_urls()]

    def resolve_view(
        self, request: HttpRequest, object_id: str, form_class: type[ReasonForm]
    ) -> HttpResponse:
        """Ask for what the provider said; a POST writes it down."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not self.may(request, "resolve"):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not resolving.needs_a_person(row):
            return self._told(request, row, messages.INFO, "This registration is settled already.")
        form = form_class(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._resolve(request, row, form)
            except resolving.TwinError:
                form.add_error(None, TWIN_IN_THE_WAY)
            except AuditUnavailableError:
                form.add_error(None, catalogue.CATALOGUE["audit_unavailable"].sentence)
        return TemplateResponse(
            request,
            "orchestrator/admin/resolve.html",
            {
                **self.admin_site.each_context(request),
                **self.about(request, row),
                "title": "Found" if form_class is FoundForm else "Not found",
                "opts": self.opts,
                "original": row,
                "form": form,
                "is_found": form_class is FoundForm,
            },
        )

    def _resolve(
        self, request: HttpRequest, row: RegistrationSubmission, form: ReasonForm
    ) -> HttpResponse:
        said = form.cleaned_data
        try:
            resolving.resolve(
                submission_id=row.pk,
                staff_id=user_id_of(request),
                found="booked" in said,
                confirmation_ref=said.get("confirmation_ref", ""),
                waitlisted=said.get("booked") == "waitlisted",
                reason=said["reason"],
                at=timezone.now(),
            )
        except resolving.AlreadyResolvedError:
            return self._told(request, row, messages.INFO, "This registration is settled already.")
        settled = "Recorded. The parent will hear of it."
        return self._told(request, row, messages.SUCCESS, settled)

    def _told(
        self, request: HttpRequest, row: RegistrationSubmission, level: int, text: str
    ) -> HttpResponse:
        self.message_user(request, text, level)
        return redirect("admin:orchestrator_registrationsubmission_change", row.pk)

    def about(self, request: HttpRequest, row: RegistrationSubmission) -> dict[str, Any]:
        """Return what the pages say about a registration that needs a person."""
        needed = resolving.needs_a_person(row)
        return {
            "needs_a_person": needed,
            "may_resolve": needed and self.may(request, "resolve"),
            "late_reference": resolving.late_reference(row) if needed else None,
            "has_twin": needed and resolving.has_live_twin(row),
            "is_told": bool(row.told_at or row.mailed_at),
        }


def _as_words(name: str) -> str:
    return name.replace("_", " ").capitalize()
