"""/api/v1/audit and /mandates-audit: what was done in one's own name."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import selectors
from audit.actions import ANONYMOUS, SYSTEM, Action, person
from audit.models import MandateAudit
from audit.paging import BadCursorError, page_of
from audit.serializers import AuditPage, AuditQuery, AuditRow


class AuditView(APIView):
    """List one's own audit rows, staff too."""

    @extend_schema(operation_id="audit_list", parameters=[AuditQuery], responses=AuditPage)
    def get(self, request: Request) -> Response:
        asked = _asked(request)
        cursor = asked.pop("cursor", None)
        try:
            page = page_of(selectors.own_rows(_reader(request), **asked), cursor)
        except BadCursorError as error:
            raise ValidationError({"cursor": [str(error)]}) from None
        return Response({"results": AuditRow(page.rows, many=True).data, "next": page.next})


@require_safe
def mandates_audit(request: HttpRequest) -> HttpResponse:
    """Show one's own audit trail, 50 rows at a time."""
    user_id = _reader(request)
    cursor = request.GET.get("cursor")
    try:
        page = page_of(selectors.own_rows(user_id), cursor)
    except BadCursorError:
        return redirect("mandates-audit")
    context = {
        "lines": [Line.of(row, reader=user_id) for row in page.rows],
        "older": page.next,
        "is_first": not cursor,
    }
    return render(request, "audit/mandates_audit.html", context)


@dataclass(frozen=True)
class Line:
    """A row of the ledger as the page tells it."""

    row: MandateAudit
    action: str
    actor: str
    metadata: str

    @classmethod
    def of(cls, row: MandateAudit, *, reader: UUID) -> "Line":
        return cls(
            row=row,
            action=Action.describe(row.action),
            actor={person(reader): "You", SYSTEM: "SignupAssist", ANONYMOUS: "Not logged in"}.get(
                row.actor, "Staff"
            ),
            metadata=json.dumps(row.metadata, indent=2, sort_keys=True, ensure_ascii=False),
        )


def _asked(request: Request) -> dict[str, Any]:
    """Return the filters of a request.

    :raises ValidationError: for a parameter that is unknown, given twice or not understood
    """
    given = {name: values for name, values in request.query_params.lists() if values != [""]}
    if twice := {name: ["Give it once."] for name, values in given.items() if len(values) > 1}:
        raise ValidationError(twice)
    query = AuditQuery(data={name: value for name, [value] in given.items()})
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def _reader(request: HttpRequest | Request) -> UUID:
    """Return who is asking; rows of nobody are the system's, and not for nobody to read.

    :raises PermissionDenied: if that is not known
    """
    user_id = request.user.pk
    if user_id is None:
        raise PermissionDenied
    return user_id
