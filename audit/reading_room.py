"""Rooms of the admin in which staff look, and nobody changes anything, whoever they are.

Who may enter a room is said by Django's right to view, which the roles give. What is in it can be
found by exact names alone, so that nobody can spell out what is not shown.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from audit.actions import Action, staff
from audit.context import user_id_of
from audit.nodes import PROOF_UNAVAILABLE
from audit.services import AuditUnavailableError, record

NOT_RECORDED = "We could not record this action, so it was not done. Please try again shortly."

NOT_PROVEN = (
    "We cannot prove this right now: a part of our log is missing. Your records can still be read."
)


MOST_OF_SIGNUP = 5


class ReadingRoom(admin.ModelAdmin[Any]):
    """Staff with the right may look; nobody may do more, superusers included."""

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

    def may(self, request: HttpRequest, deed: str) -> bool:
        """Say whether this person has the right to a deed of this room, named as in the model."""
        return request.user.has_perm(f"{self.opts.app_label}.{deed}_{self.opts.model_name}")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow the filters alone: `?password__startswith=` would spell out what is not shown."""
        return lookup in {getattr(one, "parameter_name", None) for one in self.list_filter or ()}

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow none: a record has one address, at which looking is noticed."""
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return what was changed here; where nothing can be, there is no such page.

        :raises Http404: in a room where nobody may change anything
        """
        if not self.has_change_permission(request):
            raise Http404
        return super().history_view(request, object_id, extra_context)


class FamilyRoom(ReadingRoom):
    """A reading room with records of families: whoever opens one, their trail tells of it."""

    signup_in: str | None = None  # the column that names the signup of a record, where it has one

    def whose(self, row: Any) -> UUID | None:
        """Return in whose trail it is noted that staff opened this record."""
        owner: UUID | None = row.user_id
        return owner

    def session_of(self, row: Any) -> UUID | None:
        """Return the signup that the record belongs to, if it names one."""
        return getattr(row, "session_id", None)

    def about(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page of a record says besides its fields."""
        return {}

    def story_of(self, request: HttpRequest, row: Any) -> str | None:
        """Return where the ledger tells the story of the record's signup, to who may read it."""
        signup = getattr(row, self.signup_in) if self.signup_in else None
        if signup is None or not request.user.has_perm("audit.view_mandateaudit"):
            return None
        return reverse("admin:audit_timeline", args=[signup])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:  # Django says so
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":  # a POST shows nothing, it is refused
            try:
                self.note_opening(request, row)
            except AuditUnavailableError:
                return not_recorded()
        context = {
            **(extra_context or {}),
            "story": self.story_of(request, row),
            **self.about(request, row),
        }
        return super().change_view(request, object_id, form_url, context)

    def note_opening(self, request: HttpRequest, row: Any) -> None:
        """Record that this person of the staff is about to see a record.

        :raises AuditUnavailableError: if it cannot be recorded; then it must not be shown
        """
        self.note_reading(
            request,
            whose=self.whose(row),
            session_id=self.session_of(row),
            view="detail",
            viewed=str(row.pk),
        )

    def note_reading(
        self, request: HttpRequest, *, whose: UUID | None, session_id: UUID | None, **what: str
    ) -> None:
        """Record that this person of the staff is about to see what is a family's.

        :raises AuditUnavailableError: if it cannot be recorded; then it must not be shown
        """
        record(
            action=Action.AUDIT_VIEWED,
            user_id=whose,
            actor=staff(user_id_of(request)),
            at=timezone.now(),
            session_id=session_id,
            metadata={"table": self.opts.db_table, **what},
        )


@dataclass(frozen=True)
class Link:
    """Where staff see the same signup in another way."""

    text: str
    href: str


def rooms_of(request: HttpRequest, site: AdminSite, session_id: UUID) -> list[Link]:
    """Return the records of a signup in other rooms of the console, of those this person may enter."""
    found = []
    for model in apps.get_models():
        room = site.get_model_admin(model) if site.is_registered(model) else None
        if isinstance(room, FamilyRoom) and room.signup_in and room.has_view_permission(request):
            rows = model._default_manager.filter(**{room.signup_in: session_id})
            for pk in rows.values_list("pk", flat=True)[:MOST_OF_SIGNUP]:
                text = f"{capfirst(model._meta.verbose_name)} {short(pk)}"
                change = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
                found.append(Link(text, reverse(change, args=[pk])))
    return found


def short(name: UUID) -> str:
    """Return how an id ends, for lists: how it begins says when it was made, as that of many others."""
    return f"…{str(name)[-6:]}"


def not_recorded() -> HttpResponse:
    """Return the answer to who wanted to see what could not be recorded."""
    return HttpResponse(
        NOT_RECORDED, content_type="text/plain", status=503, headers={"Retry-After": "30"}
    )


def not_proven() -> HttpResponse:
    """Return the answer to who wanted a proof of what is gone: the API's sentence, and its code."""
    content = f"{NOT_PROVEN} ({PROOF_UNAVAILABLE})"
    return HttpResponse(content, content_type="text/plain", status=500)


def id_sought(term: str) -> UUID | None:
    """Return the id that a search names: the id itself, or the e-mail of who logs in with it."""
    try:
        return UUID(term)
    except ValueError:
        pass  # then it may be an e-mail
    try:
        return get_user_model()._default_manager.get_by_natural_key(term).pk
    except ObjectDoesNotExist:
        return None
