"""What a request came to whose process died between its turn's end and its answer."""

from uuid import UUID

from orchestrator.catalogue import CATALOGUE
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import refusals, turns
from orchestrator.services.refusals import RefusedError
from orchestrator.services.settling import UNKNOWN
from orchestrator.services.turns import Turn
from orchestrator.submissions.refusals import SENTENCES
from orchestrator.tools.errors import ToolRefusedError
from sessions_store.models import SessionTurn

ENDED = {SessionTurn.Outcome.DONE, SessionTurn.Outcome.FAILED}
SETTLED = {
    SubmissionStatus.CONFIRMED,
    SubmissionStatus.WAITLISTED,
    SubmissionStatus.REJECTED,
    SubmissionStatus.NOT_CREATED,
}
OURS = CATALOGUE.keys() - SENTENCES.keys() - {"provider_rejected"}


def outcome_of(turn_token: UUID, user_id: UUID) -> Turn | RefusedError | None:
    """Return the Turn or the provider's refusal that a claimed turn ended with.

    None where it did not end, or ended in something that a repetition should try again.
    """
    turn_of = SessionTurn.objects.select_related("session")
    claimed = turn_of.filter(token=turn_token, session__user_id=user_id).first()
    if claimed is None:
        return None
    if claimed.outcome not in ENDED or not claimed.body:
        return turns.last_turn(claimed.session) if _was_settled(claimed) else None
    turn = turns.answer_of(claimed.session, claimed)
    code = turn["meta"]["code"]
    if code is None or code == UNKNOWN:
        return turn
    return None if code in OURS else _refusal(turn, code)


def _was_settled(claimed: SessionTurn) -> bool:
    """Return whether the registration that this turn sent was settled without it.

    What the parent confirmed once is never sent anew by a mere repetition of the request.
    """
    if claimed.intent != "confirm_registration":
        return False
    sent = RegistrationSubmission.objects.filter(
        session_id=claimed.session_id, created_at__gte=claimed.created_at, sent_at__isnull=False
    )
    return sent.filter(status__in=SETTLED).exists()


def _refusal(turn: Turn, code: str) -> RefusedError:
    """Return the refusal as it was answered then."""
    refusal = refusals.of_tool(ToolRefusedError(code), on_submission=True)
    refusal.source, refusal.version = turn["meta"]["source"], turn["session"]["version"]
    if code == "login_failed":
        refusal.cta = turn["cards"][0]["buttons"]
    return refusal
