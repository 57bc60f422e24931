"""What staff see of signups and of the worker: how things stand, never what parents wrote."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status

STEPS = (
    "provider_search",
    "login",
    "program_selection",
    "prerequisite_check",
    "form_fill",
    "confirmation",
    "completed",
)


class ReadingRoom(admin.ModelAdmin[Any]):
    """Staff may look, whoever they are, and nothing more."""

    actions = None
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow the filters alone: `?state__contains=` would spell out what is not shown."""
        return lookup in {getattr(one, "parameter_name", None) for one in self.list_filter or ()}


# --- Signups -------------------------------------------------------------------------------------


class ColumnFilter(admin.SimpleListFilter):
    """Choices known beforehand: no DISTINCT over the table."""

    parameter_name: str
    choices_known: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ").capitalize()) for name in self.choices_known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class StatusFilter(ColumnFilter):
    title = parameter_name = "status"
    choices_known = tuple(Status.values)


class StepFilter(ColumnFilter):
    title = parameter_name = "step"
    choices_known = STEPS


@admin.register(AgenticCheckoutSession)
class SessionAdmin(ReadingRoom):
    """Where signups stand; what was said in them is their parents' alone."""

    list_display = ("id", "user", "provider_id", "step", "status", "created_at", "expires_at")
    list_filter = (StatusFilter, StepFilter)
    list_select_related = ("user",)
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a signup or person, or a person's e-mail; exact."
    ordering = ("-created_at", "-id")
    fields = (
        "id", "user", "provider_id", "step", "status", "version", "turn_until", "created_at",
        "updated_at", "expires_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("state")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(_named_by(term)) if term else queryset), False


def _named_by(term: str) -> Q:
    """Return the filter for the signups that a search names: by id, or by whose they are."""
    try:
        sought = UUID(term)
        return Q(pk=sought) | Q(user_id=sought)
    except ValueError:
        pass  # then it may be an e-mail
    try:
        person = get_user_model()._default_manager.get_by_natural_key(term)
    except ObjectDoesNotExist:
        return Q(pk__in=())
    return Q(user_id=person.pk)


# --- The worker ----------------------------------------------------------------------------------
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
        return super(ReadingRoom, self).has_change_permission(request, obj)


for model, room in (
    (Schedule, ScheduleAdmin),
    (Success, TaskAdmin),
    (Failure, TaskAdmin),
    (OrmQ, QueueAdmin),
):
    if admin.site.is_registered(model):  # the queue is not where Redis is the broker
        admin.site.unregister(model)
        admin.site.register(model, room)
