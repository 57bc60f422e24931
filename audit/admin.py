"""A reading room: staff may look and search, and nothing more, whoever they are.

The ledger grows to tens of millions of rows, so every page here costs the same: no row is counted
beyond a cap, nothing is sorted but by the index, and a search is an exact look-up.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.actions import Action, person
from audit.models import MandateAudit
from audit.reading_room import FamilyRoom, id_sought, not_recorded
from audit.services import AuditUnavailableError

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
class MandateAuditAdmin(FamilyRoom):
    """The ledger. Reading a record or a trail is itself recorded, in the trail of the person."""

    list_display = ("recorded_at", "what", "person", "done_by", "provider", "org_ref", "session")
    list_display_links = ("recorded_at",)
    list_filter = (ActionFilter, WhenFilter)
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a record, person, session or login, or a person's e-mail; exact."
    ordering = NEWEST_FIRST
    paginator = CappedPaginator
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[MandateAudit]:
        people = get_user_model()
        known_as = people._default_manager.filter(pk=OuterRef("user_id"))
        rows: QuerySet[MandateAudit] = super().get_queryset(request)
        return rows.annotate(known_as=Subquery(known_as.values(people.USERNAME_FIELD)[:1]))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LedgerList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MandateAudit], search_term: str
    ) -> tuple[QuerySet[MandateAudit], bool]:
        """Return the rows that the search names, once it is recorded whose trail is being read.

        :raises AuditUnavailableError: if it cannot be recorded
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        trail = _trail(term)
        if trail is None:
            return queryset.none(), False
        self.note_reading(
            request,
            whose=trail.user_id,
            session_id=trail.session_id,
            view="timeline",
            named_by=trail.named_by,
            viewed=str(trail.name),
        )
        return queryset.filter(**{trail.named_by: trail.name}), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except AuditUnavailableError:
            return not_recorded()


def _search_link(sought: UUID, text: str) -> SafeString:
    return format_html('<a href="{}?q={}">{}</a>', reverse(LIST), sought, text)


@dataclass(frozen=True)
class _Trail:
    """The rows that a search names, and whose they are."""

    named_by: str
    name: UUID
    user_id: UUID | None
    session_id: UUID | None


def _trail(term: str) -> _Trail | None:
    """Return which rows a search names; None, if there are none."""
    sought = id_sought(term)
    if sought is None:
        return None
    # an id names one kind of thing: a look-up each is cheaper than an OR over four indexes
    for column in NAMED_BY_UUID:
        rows = MandateAudit.objects.filter(**{column: sought}).order_by()
        for user_id, session_id in rows.values_list("user_id", "session_id")[:1]:
            of_one_signup = column in ("id", "session_id")
            return _Trail(column, sought, user_id, session_id if of_one_signup else None)
    return None
