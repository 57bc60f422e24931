"""The ledger in the admin: a list, a page for each record, the story of a signup, and exports.

It grows to tens of millions of rows, so no page counts, sorts or searches more than a bounded number
of them (`audit.finding`). Reading a record or a trail is itself recorded, in the trail of the person.
"""

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from audit import finding, paging, saved_views
from audit.admin import keeping, record_page, story_page, taking
from audit.admin.asking import VIEWS, Asked, QuestionForm, asked, providers
from audit.admin.lines import lines_of
from audit.context import user_id_of
from audit.models import MandateAudit
from audit.nodes import MissingNodeError
from audit.paging import Place
from audit.reading_room import FamilyRoom, not_proven, not_recorded, rooms_of
from audit.services import AuditUnavailableError
from audit.verification.single import Verdict, verify_record

logger = logging.getLogger(__name__)

LIST = "admin:audit_mandateaudit_changelist"
RECORD = "admin:audit_mandateaudit_change"


@admin.register(MandateAudit)
class MandateAuditAdmin(FamilyRoom):
    """The ledger. Reading a record or a trail is itself recorded, in the trail of the person."""

    change_form_template = "audit/admin/record.html"
    fields = ()  # the page tells them in its own way

    def get_urls(self) -> list[URLPattern]:
        here = self.admin_site.admin_view
        return [
            path("timeline/<uuid:session_id>/", here(self.timeline_view), name="audit_timeline"),
            path("export/", here(self.export_view), name="audit_export_found"),
            path("views/", here(self.keep_view), name="audit_views"),
            path("<uuid:record_id>/verify/", here(self.verify_view), name="audit_verify"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return a page of the records that are asked for, newest first."""
        self._let_in(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        form = QuestionForm(request.GET)
        if not form.is_understood:
            return self._not_understood(request, form, "looked for")
        wanted = asked(form, timezone.now())
        try:
            self._note(request, wanted)
        except AuditUnavailableError:
            return not_recorded()
        return self._page(request, "list", {"form": form, **self._list(request, wanted)})

    def _list(self, request: HttpRequest, wanted: Asked) -> dict[str, Any]:
        found, question = finding.Found([], None, None), wanted.question
        is_first = not (wanted.before or wanted.after)
        if question and wanted.after:
            found = finding.page_after(question, after=wanted.after)
            is_first = found.newer is None
        elif question:
            found = finding.page(question, before=wanted.before)
        return {
            "asked": wanted,
            "lines": lines_of(found.rows),
            "count": finding.count(question, found) if question and is_first else None,
            "is_first": is_first,
            "older": _address(wanted, "before", found.older),
            "newer": _address(wanted, "after", found.newer),
            "newest": f"?{wanted.address()}",
            "stopped_at": found.stopped_at,
            "most_read": finding.MOST_READ,
            "providers": providers(),
            "views": [(title, f"?{Asked(None, said).address()}") for title, said in VIEWS],
            "own_views": saved_views.of(user_id_of(request)),
            "current": f"?{wanted.address()}",
            "may_export": self.may(request, "export"),
            "is_trail": bool(taking.whole_trail(wanted)),
        }

    def timeline_view(self, request: HttpRequest, session_id: UUID) -> HttpResponse:
        """Return the whole story of a signup, oldest first."""
        self._let_in(request)
        trail = finding.signup(session_id)
        if trail is None:
            raise Http404
        try:
            after = paging.read(cursor) if (cursor := request.GET.get("after")) else None
        except paging.BadCursorError:
            raise Http404 from None
        wanted = Asked(finding.Question(trail=trail), {})
        context = story_page.about(session_id, after)  # before its own record is one of them
        try:
            self._note(request, wanted)
        except AuditUnavailableError:
            return not_recorded()
        rooms = rooms_of(request, self.admin_site, session_id)
        told = {"session_id": session_id, "rooms": rooms, **context}
        return self._page(request, "timeline", told)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return what the list shows, all of it, as a file."""
        self._let_in(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.may(request, "export"):
            raise PermissionDenied
        form = QuestionForm(request.POST)
        if not form.is_understood:
            return self._not_understood(request, form, "exported")
        wanted = asked(form, timezone.now())
        try:
            return taking.answer(request, wanted, str(request.POST.get("as")))
        except AuditUnavailableError:
            return not_recorded()
        except MissingNodeError as gone:
            logger.error("An export has no proof (%s). Run: manage.py verify_audit", gone)
            return not_proven()

    def keep_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the filters of the list under a name, for this person; or forget one."""
        self._let_in(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return keeping.answer(request, reverse(LIST))

    def verify_view(self, request: HttpRequest, record_id: UUID) -> HttpResponse:
        """Verify a record again and say so on its page; that it was read is recorded first."""
        self._let_in(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = MandateAudit.objects.filter(pk=record_id).first()
        if row is None:
            raise Http404
        try:
            self.note_opening(request, row)  # what is told below is told on any page
        except AuditUnavailableError:
            return not_recorded()
        verdict = _verdict(row)
        level, sentence = record_page.verified_again(verdict, at=timezone.now())
        messages.add_message(request, level, sentence)
        return redirect(RECORD, record_id)

    def about(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "title": "Audit record",
            "subtitle": str(row),
            **record_page.about(row),
            "standing": record_page.standing(_verdict(row)),
        }

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> MandateAudit | None:
        found: MandateAudit | None = super().get_object(request, unquote(object_id), from_field)
        return found

    def _let_in(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _note(self, request: HttpRequest, wanted: Asked) -> None:
        """Record that a trail is read, if one is.

        :raises AuditUnavailableError: if it cannot be recorded; then it must not be shown
        """
        trail = wanted.question.trail if wanted.question else None
        if trail is None:
            return
        for whose in trail.told_to:
            self.note_reading(
                request,
                whose=whose,
                session_id=trail.session_id,
                view="timeline",
                named_by=trail.named_by,
                viewed=str(trail.name),
            )

    def _not_understood(self, request: HttpRequest, form: QuestionForm, deed: str) -> HttpResponse:
        """Return the form with what is wrong in it: no list, which would be another than was asked."""
        return self._page(request, "list", {"form": form, "not_understood": deed}, status=400)

    def _page(
        self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        usual = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Audit records" if name == "list" else "The story of a signup",
            "ledger": reverse(LIST),
        }
        template = f"audit/admin/{name}.html"
        return TemplateResponse(request, template, usual | context, status=status)


def _verdict(row: MandateAudit) -> Verdict:
    return verify_record(row, known=settings.AUDIT_VERIFIERS, origin=settings.AUDIT_ORIGIN)


def _address(wanted: Asked, way: str, place: Place | None) -> str | None:
    return f"?{wanted.address(**{way: paging.cursor_of(*place)})}" if place else None
