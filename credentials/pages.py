"""/mandates-audit/logins: a parent's saved logins, and what the record says about each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit import selectors as ledger
from audit.actions import SYSTEM, Action, person
from audit.context import user_id_of
from audit.models import MandateAudit
from audit.paging import BadCursorError, page_of
from audit.words import PURPOSES, as_name
from credentials.models import StoredCredential


@require_safe
@never_cache
def saved_logins(request: HttpRequest) -> HttpResponse:
    """Show one's own saved logins, 50 at a time. Never a secret: there is none to be had here."""
    user_id = user_id_of(request)
    cursor = request.GET.get("cursor")
    try:
        page = page_of(_with_openings(user_id), cursor)
    except BadCursorError:
        return redirect("saved-logins")
    wanted = {row_id for login in page.rows for row_id in (login.opened_id, login.failed_id)}
    rows = ledger.own_rows(user_id).in_bulk(list(wanted - {None}))
    context = {
        "logins": [
            SavedLogin.of(login, rows.get(login.opened_id), rows.get(login.failed_id))
            for login in page.rows
        ],
        "older": page.next,
        "is_first": not cursor,
    }
    return render(request, "credentials/saved_logins.html", context)


@dataclass(frozen=True)
class Opening:
    """When a login was opened; what for, and by whom if not by its owner."""

    at: datetime
    told: str

    @classmethod
    def of(cls, row: MandateAudit) -> "Opening":
        purpose = str(row.metadata["purpose"])
        told = str(PURPOSES.get(purpose) or _("for “%(purpose)s”") % {"purpose": purpose})
        others = {person(row.user_id): "", SYSTEM: _("by SignupAssist")} if row.user_id else {}
        by = others.get(row.actor, _("by our staff"))
        return cls(at=row.created_at, told=f"{told}, {by}" if by else told)


@dataclass(frozen=True)
class SavedLogin:
    """A saved login as the page tells it."""

    login: StoredCredential
    provider: str
    club: str
    opened: Opening | None
    failed: MandateAudit | None

    @classmethod
    def of(
        cls, login: StoredCredential, opened: MandateAudit | None, failed: MandateAudit | None
    ) -> "SavedLogin":
        return cls(
            login=login,
            provider=as_name(login.provider),
            club=as_name(login.org_ref) or _("All clubs"),
            opened=Opening.of(opened) if opened else None,
            failed=failed if failed and _still_holds(failed, login, opened) else None,
        )

    @property
    def is_replaced(self) -> bool:
        return self.login.updated_at > self.login.created_at

    @property
    def needs_a_key(self) -> bool:
        """Say whether it failed for want of a key: then it opens again once the key is back."""
        return self.failed is not None and self.failed.metadata.get("reason") == "key_unavailable"


def _with_openings(user_id: UUID) -> QuerySet[Any]:
    """Return this person's logins, each with the id of its newest opening and newest failure."""
    of_login = ledger.own_rows(user_id).filter(credential_id=OuterRef("pk"))
    newest = of_login.order_by("-created_at", "-id").values("pk")
    return StoredCredential.objects.for_user(user_id).annotate(
        opened_id=Subquery(newest.filter(action=Action.CREDENTIALS_ACCESSED)[:1]),
        failed_id=Subquery(newest.filter(action=Action.CREDENTIALS_ACCESS_FAILED)[:1]),
    )


def _still_holds(
    failed: MandateAudit, login: StoredCredential, opened: MandateAudit | None
) -> bool:
    """Say whether a failure is news: not if the login was replaced or opened since."""
    is_replaced = login.updated_at > failed.created_at
    return not (is_replaced or (opened and opened.created_at > failed.created_at))
