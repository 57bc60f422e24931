"""Taking along what the list shows: streamed, in little memory, and recorded before the first byte."""

from collections.abc import Iterator
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from audit.actions import staff
from audit.admin.asking import Asked
from audit.context import user_id_of
from audit.exporting import Wanted, export, export_found
from audit.finding import Question, until

AS = {
    "csv": ("csv", "text/csv; charset=utf-8"),
    "lines": ("jsonl", "application/x-ndjson"),
    "bundle": ("jsonl", "application/x-ndjson"),
}
NOTHING = Question(actions=())


def whole_trail(wanted: Asked) -> UUID | None:
    """Return whose whole trail is asked for: that alone can be proved to be whole."""
    trail = wanted.question and wanted.question.trail
    is_whole = trail and trail.named_by == "user_id" and wanted.filters == ["q"]
    return trail.user_id if trail and is_whole else None


def answer(request: HttpRequest, wanted: Asked, form: str) -> StreamingHttpResponse:
    """Return the file.

    :raises BadRequest: for a form that there is not, or a bundle of what is no whole trail
    :raises AuditUnavailableError: if it cannot be recorded; then nothing is sent
    """
    at, actor = timezone.now(), staff(user_id_of(request))
    if form == "bundle" and (user_id := whole_trail(wanted)):
        content = export(Wanted(user_id, "jsonl"), actor=actor, at=at)
    elif form in ("csv", "lines"):
        content = _found(wanted, form == "csv", actor)
    else:
        raise BadRequest("There is no such export.")
    ending, content_type = AS[form]
    name = "bundle" if form == "bundle" else "records"
    return StreamingHttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="audit-{name}-{at:%Y-%m-%d}.{ending}"'
        },
    )


def _found(wanted: Asked, is_table: bool, actor: str) -> Iterator[bytes]:
    at = timezone.now()
    return export_found(
        until(wanted.question or NOTHING, at),
        is_table=is_table,
        filters=wanted.filters,
        actor=actor,
        at=at,
    )
