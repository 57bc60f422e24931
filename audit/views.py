"""/api/v1/audit: what was done in one's own name. The page of it is in `audit.pages`."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import proofs, selectors
from audit.actions import person
from audit.exporting import SinceSizeError, Wanted, export
from audit.nodes import PROOF_UNAVAILABLE, MissingNodeError
from audit.paging import BadCursorError, page_of
from audit.serializers import (
    AuditFilters,
    AuditPage,
    AuditQuery,
    AuditRow,
    ExportQuery,
    ProvenAuditRow,
)

logger = logging.getLogger(__name__)

TEXT = "text/plain"
EXPORTED_AS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class AuditView(APIView):
    """List one's own audit rows, staff too."""

    @extend_schema(operation_id="audit_list", parameters=[AuditQuery], responses=AuditPage)
    def get(self, request: Request) -> Response:
        asked = _asked(request, AuditQuery)
        cursor = asked.pop("cursor", None)
        try:
            page = page_of(selectors.own_rows(_reader(request), **asked), cursor)
        except BadCursorError as error:
            raise ValidationError({"cursor": [str(error)]}) from None
        return Response({"results": AuditRow(page.rows, many=True).data, "next": page.next})


class AuditRecordView(APIView):
    """Show one of one's own audit rows, with the proof that it is in the log."""

    @extend_schema(operation_id="audit_retrieve", responses=ProvenAuditRow)
    def get(self, request: Request, record_id: UUID) -> Response:
        row = selectors.own_rows(_reader(request)).get(pk=record_id)
        proof = error = None
        try:
            proof = proofs.of_record(row.pk)
        except MissingNodeError as gone:  # the record is there all the same
            logger.error("A record has no proof (%s). Run: manage.py verify_audit", gone)
            error = PROOF_UNAVAILABLE
        context = {"proof": proof, "proof_error": error}
        return Response(ProvenAuditRow(row, context=context).data)


class AnyAccepted(DefaultContentNegotiation):
    """Answer in the one way there is, whatever the request says that it accepts."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))  # problems are told by it
        return first, first.media_type or ""


class AuditCheckpointView(APIView):
    """Show how far the log has come, signed: for everybody, to be kept elsewhere."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="audit_checkpoint", responses={(200, TEXT): OpenApiTypes.STR}, auth=[]
    )
    def get(self, request: Request) -> HttpResponse:
        checkpoint = proofs.newest_checkpoint()
        if checkpoint is None:
            raise NotFound
        return HttpResponse(checkpoint.note, content_type=f"{TEXT}; charset=utf-8")


class AuditExportView(APIView):
    """Take one's own trail home: as a table, or with the proof that it is whole and unchanged."""

    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="audit_export",
        parameters=[ExportQuery],
        responses={(200, kind): OpenApiTypes.BINARY for kind in EXPORTED_AS.values()},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        asked = _asked(request, ExportQuery)
        user_id, at = _reader(request), timezone.now()
        how = {name: asked.pop(name) for name in ("format", "since_size") if name in asked}
        try:
            lines = export(Wanted(user_id, filters=asked, **how), actor=person(user_id), at=at)
        except SinceSizeError as error:
            raise ValidationError({"since_size": [str(error)]}) from None
        return StreamingHttpResponse(
            lines,
            content_type=EXPORTED_AS[how["format"]],
            headers={
                "Content-Disposition": f'attachment; filename="audit-{at:%Y-%m-%d}.{how["format"]}"',
                "Cache-Control": "no-store",
            },
        )


def _asked(request: Request, known: type[AuditFilters]) -> dict[str, Any]:
    """Return the filters of a request.

    :raises ValidationError: for a parameter that is unknown, given twice or not understood
    """
    given = {name: values for name, values in request.query_params.lists() if values != [""]}
    if twice := {name: ["Give it once."] for name, values in given.items() if len(values) > 1}:
        raise ValidationError(twice)
    query = known(data={name: value for name, [value] in given.items()})
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
