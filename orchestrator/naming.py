"""What clubs and programs are called, by their refs: as the parent saw it when they chose."""

from collections.abc import Collection
from uuid import UUID

from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession

MOST = 500  # receipts of the signups of one page: nearly always there is one for each
_OF_RECEIPTS = ("session_id", "org_ref", "org_name", "program_ref", "program_title")


def names_of(session_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Return for each signup the names that are known, by the ref of what they are of.

    A receipt keeps them for good. Before there is one, the signup knows them, for as long as it lasts.
    """
    chosen = AgenticCheckoutSession.objects.filter(pk__in=session_ids).values_list(
        "pk",
        "state__provider__org_ref",
        "state__provider__name",
        "state__program__program_ref",
        "state__program__title",
    )
    receipts = RegistrationSubmission.objects.filter(session_id__in=session_ids)
    names: dict[UUID, dict[str, str]] = {}
    for session_id, *pairs in (*chosen, *receipts.values_list(*_OF_RECEIPTS)[:MOST]):
        known = names.setdefault(session_id, {})
        for ref, name in (pairs[:2], pairs[2:]):
            if ref and name:
                known[ref] = " ".join(name.split())
    return names
