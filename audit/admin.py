"""A reading room: staff may look and search, and nothing more, whoever they are.

The ledger grows to tens of millions of rows, so every page here costs the same: no row is counted
beyond a cap, nothing is sorted but by the index, and a search is an exact look-up.
"""

import json
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.actions import Action, person, staff
from audit.models import MandateAudit
from audit.services import AuditUnavailableError, record

NOT_RECORDED = "We could not record this action, so it was not done. Please try again shortly."
LIST = "admin:audit_mandateaudit_changelist"
NEWEST_FIRST = ("-created_at", "-id")
MOST_COUNTED = 10_000
NAMED_BY_UUID = ("id", "user_id", "session_id", "credential_id")


class CappedPaginator(Paginator[MandateAudit]):
    """Counts no further than the cap; what lies beyond is found with a filter or a search."""

    @cached_property
    def counted(self) -> int:
        """Return the number of rows, or one above the cap."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()

    @property
    def is_capped(self) -> bool:
        return self.counted > MOST_COUNTED

    @cached_property
    def count(self) -> int:
        return min(self.counted, MOST_COUNTED)


class LedgerList(ChangeList):
    """A list that stays in the order of the index, whatever the address asks for."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return list(NEWEST_FIRST)

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).defer("metadata")


class ActionFilter(admin.SimpleListFilter):
    """The catalogue, not what happens to be in the table: no DISTINCT over the ledger."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Action.choices)

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MandateAudit]
    ) -> QuerySet[MandateAudit]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class WhenFilter(admin.SimpleListFilter):
    title = "recorded"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today"), ("7", "Past 7 days"), ("30", "Past 30 days")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MandateAudit]
    ) -> QuerySet[MandateAudit]:
        now = timezone.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = {
            "today": midnight,
            "7": now - timedelta(days=7),
            "30": now - timedelta(days=30),
        }.get(self.value() or "")
        return queryset.filter(created_at__gte=since) if since else queryset


@admin.register(MandateAudit)
class MandateAuditAdmin(admin.ModelAdmin[MandateAudit]):
    """The ledger. Looking at a record is itself recorded, in the trail of the same person."""

    list_display = ("recorded_at", "what", "person", "done_by", "provider", "org_ref", "session")
    list_display_links = ("recorded_at",)
    list_filter = (ActionFilter, WhenFilter)
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a record, person, session or login, or a person's e-mail; exact."
    ordering = NEWEST_FIRST
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_max_show_all = 0
    actions = None
    change_list_template = "audit/admin/change_list.html"
    fields = (
        "id", "recorded_at", "what", "action", "person", "user_id", "actor", "provider", "org_ref",
        "program_ref", "credential_id", "session_id", "readable_metadata", "schema_v",
        "content_hash",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="recorded at (UTC)", ordering="created_at")
    def recorded_at(self, row: MandateAudit) -> str:
        return f"{row.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="what happened")
    def what(self, row: MandateAudit) -> str:
        return Action.describe(row.action)

    @admin.display(description="whose trail")
    def person(self, row: MandateAudit) -> str:
        """Return a link to the whole trail, named by the e-mail while there is an account."""
        if row.user_id is None:
            return "the system's"
        return _search_link(
            row.user_id, getattr(row, "known_as", None) or f"{str(row.user_id)[:8]}…"
        )

    @admin.display(description="done by")
    def done_by(self, row: MandateAudit) -> str:
        return "themselves" if row.user_id and row.actor == person(row.user_id) else row.actor

    @admin.display(description="session")
    def session(self, row: MandateAudit) -> str | None:
        return (
            _search_link(row.session_id, f"{str(row.session_id)[:8]}…") if row.session_id else None
        )

    @admin.display(description="metadata")
    def readable_metadata(self, row: MandateAudit) -> SafeString:
        text = json.dumps(row.metadata, indent=2, sort_keys=True, ensure_ascii=False)
        return format_html('<pre class="metadata">{}</pre>', text)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: MandateAudit | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MandateAudit | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[MandateAudit]:
        people = get_user_model()
        known_as = people._default_manager.filter(pk=OuterRef("user_id"))
        return (
            super()
            .get_queryset(request)
            .annotate(known_as=Subquery(known_as.values(people.USERNAME_FIELD)[:1]))
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LedgerList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow the two filters alone: `?metadata__icontains=` would read the whole ledger."""
        return lookup in {ActionFilter.parameter_name, WhenFilter.parameter_name}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MandateAudit], search_term: str
    ) -> tuple[QuerySet[MandateAudit], bool]:
        term = search_term.strip()
        return (queryset.filter(**_named_by(term)) if term else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        viewer_id = request.user.pk
        if row and viewer_id and request.method == "GET" and self.has_view_permission(request, row):
            try:
                _record_view(row, viewer_id=viewer_id)
            except AuditUnavailableError:
                return HttpResponse(NOT_RECORDED, content_type="text/plain", status=503)
        return super().change_view(request, object_id, form_url, extra_context)


def _search_link(sought: UUID, text: str) -> SafeString:
    return format_html('<a href="{}?q={}">{}</a>', reverse(LIST), sought, text)


def _named_by(term: str) -> dict[str, Any]:
    """Return the filter for the rows that a search names; one that nothing meets, if none do."""
    nobody = {"pk__in": ()}
    if "@" in term:
        try:
            found = get_user_model()._default_manager.get_by_natural_key(term)
        except ObjectDoesNotExist:
            return nobody
        return {"user_id": found.pk}
    try:
        sought = UUID(term)
    except ValueError:
        return nobody
    # an id names one kind of thing: a look-up each is cheaper than an OR over four indexes
    for column in NAMED_BY_UUID:
        if MandateAudit.objects.filter(**{column: sought}).exists():
            return {column: sought}
    return nobody


def _record_view(row: MandateAudit, *, viewer_id: UUID) -> None:
    record(
        action=Action.AUDIT_VIEWED,
        user_id=row.user_id,
        actor=staff(viewer_id),
        at=timezone.now(),
        session_id=row.session_id,
        metadata={"viewed": str(row.id), "view": "detail"},
    )
