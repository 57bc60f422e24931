"""What staff see of signups and of the worker: how things stand, never what parents wrote.

They can end a signup and move the times of a schedule, and nothing else.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success

from audit.context import user_id_of
from audit.reading_room import NOT_RECORDED, FamilyRoom, ReadingRoom, id_sought, short
from audit.services import AuditUnavailableError
from sessions_store import ending, schedules
from sessions_store.models import AgenticCheckoutSession, JobRun
from sessions_store.services import (
    SessionNotFoundError,
    SubmissionInProgressError,
    is_turn_running,
)
from sessions_store.status import KEPT, Status

STEPS = (
    "provider_search",
    "login",
    "program_selection",
    "prerequisite_check",
    "form_fill",
    "confirmation",
    "completed",
)


# --- Signups -------------------------------------------------------------------------------------


class ColumnFilter(admin.SimpleListFilter):
    """Choices known beforehand: no DISTINCT over the table."""

    parameter_name: str
    choices_known: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, _as_words(name)) for name in self.choices_known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class StatusFilter(ColumnFilter):
    title = parameter_name = "status"
    choices_known = tuple(Status.values)


class StepFilter(ColumnFilter):
    title = parameter_name = "step"
    choices_known = STEPS


class NowFilter(admin.SimpleListFilter):
    """Who is at it, and who is not any more."""

    title = parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("mid", "Mid-signup"),
            ("over", "Over"),
            ("active", "Has time left"),
            ("expired", "Expired, not deleted yet"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        closed = Q(status__in=[Status.COMPLETED, Status.CANCELLED])
        timed_out = Q(status=Status.OPEN, expires_at__lte=timezone.now())
        match self.value():
            case "mid":
                return queryset.exclude(closed | timed_out)
            case "over":
                return queryset.filter(closed | timed_out)
            case "active":  # as the first page counts, whatever became of them
                return queryset.filter(expires_at__gt=timezone.now())
            case "expired":
                return queryset.filter(expires_at__lte=timezone.now())
        return queryset


TONES = {Status.OPEN: "ok", Status.SUBMITTING: "warn", Status.OUTCOME_UNKNOWN: "bad"}
SENDING = (
    "A registration of this signup is being sent, or nobody knows yet what became of it. Ending the "
    "signup now would hide from the parent whether their child is registered. Once that is settled, "
    "the signup is complete or goes on."
)
OVER = "This signup is over already."


@admin.register(AgenticCheckoutSession)
class SessionAdmin(FamilyRoom):
    """Where signups stand; what was said in them is their parents' alone."""

    signup_in = "pk"
    list_display = ("short_id", "user", "at_step", "standing", "until", "provider_id")
    list_filter = (NowFilter, StatusFilter, StepFilter)
    list_select_related = ("user",)
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a signup or person, or a person's e-mail; exact."
    ordering = ("-expires_at", "-id")  # newest first, and by an index: all live equally long
    change_form_template = "sessions_store/admin/session.html"
    fields = (
        "id", "user", "provider_id", "at_step", "standing", "until", "version", "turn_until",
        "created_at", "updated_at", "expires_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("state")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        sought = id_sought(term)
        if sought is None:
            return queryset.none(), False
        return queryset.filter(Q(pk=sought) | Q(user_id=sought)), False

    def session_of(self, row: AgenticCheckoutSession) -> UUID:
        return row.pk

    # --- Columns ---------------------------------------------------------------------------------

    @admin.display(description="signup")
    def short_id(self, session: AgenticCheckoutSession) -> SafeString:
        return format_html('<span class="mono">{}</span>', short(session.pk))

    @admin.display(description="step")
    def at_step(self, session: AgenticCheckoutSession) -> str:
        return _as_words(session.step)

    @admin.display(description="status")
    def standing(self, session: AgenticCheckoutSession) -> SafeString:
        """Return the status, and whether somebody is waiting for an answer this very moment."""
        now, status = timezone.now(), Status(session.status)
        pills = [(TONES.get(status, "plain"), _as_words(status))]
        if status is Status.OPEN and _is_over(session, now):
            pills = [("plain", "Timed out")]
        if is_turn_running(session, now):
            pills.append(("warn", "Working"))
        return format_html_join(" ", '<span class="pill pill-{}">{}</span>', pills)

    @admin.display(description="until (UTC)")
    def until(self, session: AgenticCheckoutSession) -> str:
        """Return how long it can go on."""
        now = timezone.now()
        if session.status in KEPT:
            return "it is settled"
        if _is_over(session, now):
            return "it is over"
        minutes = int((session.expires_at - now).total_seconds()) // 60
        return f"{session.expires_at:%d %b %H:%M}, {minutes // 60} h {minutes % 60} min left"

    # --- Ending ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_view)
        return [path("<path:object_id>/end/", end, name="end_signup"), *super().get_urls()]

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether the signup is really to be ended; a POST ends it."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not self.may(request, "end"):
            raise PermissionDenied
        session = self.get_object(request, unquote(object_id))
        if session is None:
            raise Http404
        if request.method != "POST":
            return self._ask(request, session)
        try:
            ending.end_by_staff(
                session_id=session.pk, staff_id=user_id_of(request), at=timezone.now()
            )
        except SessionNotFoundError:  # deleted this very moment
            raise Http404 from None
        except SubmissionInProgressError:
            return self._ask(request, session, refusal=SENDING, status=409)
        except ending.SessionEndedError:
            return self._ask(request, session, refusal=OVER, status=409)
        except AuditUnavailableError:
            return self._ask(request, session, refusal=NOT_RECORDED, status=503)
        self.message_user(request, "The signup is ended.", messages.SUCCESS)
        return redirect("admin:sessions_store_agenticcheckoutsession_change", session.pk)

    def _ask(
        self,
        request: HttpRequest,
        session: AgenticCheckoutSession,
        *,
        refusal: str | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Return the page that asks, or says why not."""
        about = self.about(request, session)
        context = {
            **self.admin_site.each_context(request),
            **about,
            "title": "End this signup",
            "opts": self.opts,
            "original": session,
            "refusal": refusal or about["refusal"],
        }
        return TemplateResponse(request, "sessions_store/admin/end.html", context, status=status)

    def about(self, request: HttpRequest, row: AgenticCheckoutSession) -> dict[str, Any]:
        """Return what the pages say about a signup and its end."""
        now = timezone.now()
        refusal = SENDING if row.status in KEPT else OVER if _is_over(row, now) else None
        return {
            "may_end": self.may(request, "end"),
            "refusal": refusal,
            "is_over": refusal == OVER,
            "is_working": is_turn_running(row, now),
            "at_step": self.at_step(row),
            "until": self.until(row),
        }


def _is_over(session: AgenticCheckoutSession, now: datetime) -> bool:
    """Say whether nobody can go on with it: closed, or past its time."""
    if session.status == Status.OPEN:
        return session.expires_at <= now
    return session.status not in KEPT


def _as_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


# --- The worker ----------------------------------------------------------------------------------
class OutcomeFilter(ColumnFilter):
    title = parameter_name = "outcome"
    choices_known = tuple(JobRun.Outcome.values)


class JobFilter(ColumnFilter):
    title = parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(schedules.timetable())]


@admin.register(JobRun)
class JobRunAdmin(ReadingRoom):
    """How the runs of the background jobs went, also of those whose process was killed."""

    list_display = ("job", "outcome", "started_at", "ended_at", "detail", "host", "process")
    list_filter = (OutcomeFilter, JobFilter)
    ordering = ("-pk",)
    fields = readonly_fields = list_display


# django-q2's own pages would unpickle what lies in the queue, run any function with any arguments,
# and show arguments and results. They are replaced.


class TaskAdmin(ReadingRoom):
    """Tasks that were run: which, when and for how long."""

    list_display = ("name", "func", "started", "stopped", "seconds", "attempt_count")
    fields = ("id", "name", "func", "group", "started", "stopped", "seconds", "attempt_count")
    readonly_fields = fields
    search_fields = ("name__exact", "func__exact")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("args", "kwargs", "result")

    @admin.display(description="seconds")
    def seconds(self, task: Any) -> str:
        return f"{task.time_taken():.1f}"


class QueueAdmin(ReadingRoom):
    """Tasks that wait: how many, and since when. What they hold stays packed."""

    list_display = ("id", "key", "lock")
    fields = readonly_fields = ("id", "key", "lock")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload")


class ScheduleForm(forms.ModelForm[Any]):
    """When, and nothing else. Both are needed: a schedule that lacks one would never run again."""

    class Meta:
        model = Schedule
        fields = ("cron", "next_run")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True


class ScheduleAdmin(ReadingRoom):
    """The timetable: its times can be moved, its functions are the product's own."""

    list_display = ("name", "func", "cron", "next_run")
    fields = ("name", "func", "cron", "next_run")
    readonly_fields = ("name", "func")
    form = ScheduleForm

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request, "change")


for model, room in (
    (Schedule, ScheduleAdmin),
    (Success, TaskAdmin),
    (Failure, TaskAdmin),
    (OrmQ, QueueAdmin),
):
    if admin.site.is_registered(model):  # the queue is not where Redis is the broker
        admin.site.unregister(model)
        admin.site.register(model, room)
