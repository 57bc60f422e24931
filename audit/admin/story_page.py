"""The page that tells a signup from its beginning."""

from typing import Any
from uuid import UUID

from audit import finding, naming, paging
from audit.actions import Action
from audit.admin.lines import lines_of
from audit.kinds import Kind, kind_of
from audit.paging import Place
from audit.plain_words import span
from audit.stories import told

MOST_TOLD = 500  # on one page


def about(session_id: UUID, after: Place | None) -> dict[str, Any]:
    """Return what the page says; it goes on after a place, or begins."""
    rows, has_more = finding.story(session_id, after=after, size=MOST_TOLD)
    [first], _ = finding.story(session_id, after=None, size=1)
    names = naming.names_of([session_id]).get(session_id, {})
    before = after[0] if after else None
    chapters = told(rows, start=first.created_at, before=before, names=names)
    lines = {line.row.pk: line for line in lines_of(rows)}
    deeds = [row for row in rows if row.action != Action.AUDIT_VIEWED]
    return {
        "first": first,
        "about": naming.about(reversed(rows), names),
        "whose": next(iter(lines_of([first]))),
        "chapters": [
            (chapter, [(scene, lines[scene.row.pk]) for scene in chapter.scenes])
            for chapter in chapters
        ],
        "is_first": after is None,
        "is_whole": after is None and not has_more,
        "deeds": len(deeds),
        "readings": len(rows) - len(deeds),
        "failed": sum(kind_of(row.action) in (Kind.FAILED, Kind.REFUSED) for row in deeds),
        "lasted": span(deeds[-1].created_at - deeds[0].created_at) if deeds else None,
        "more": paging.cursor_of(*finding.place_of(rows[-1])) if has_more else None,
    }
