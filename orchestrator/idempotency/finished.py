"""What a request came to whose process died between its turn's end and its answer."""

from uuid import UUID

from orchestrator.catalogue import CATALOGUE
from orchestrator.services import refusals, turns
from orchestrator.services.refusals import RefusedError
from orchestrator.services.settling import UNKNOWN
from orchestrator.services.turns import Turn
from orchestrator.submissions.refusals import SENTENCES
from orchestrator.tools.errors import ToolRefusedError
from sessions_store.models import SessionTurn

OURS = CATALOGUE.keys() - SENTENCES.keys() - {"provider_rejected"}


def outcome_of(turn_token: UUID, user_id: UUID) -> Turn | RefusedError | None:
    """Return the Turn or the provider's refusal that a claimed turn ended with.

    None where it did not end, or ended in something that a repetition should try again.
    """
    ended = [SessionTurn.Outcome.DONE, SessionTurn.Outcome.FAILED]
    kept = (
        SessionTurn.objects.select_related("session")
        .filter(token=turn_token, session__user_id=user_id, outcome__in=ended)
        .exclude(body="")
        .first()
    )
    if kept is None:
        return None
    turn = turns.answer_of(kept.session, kept)
    code = turn["meta"]["code"]
    if code is None or code == UNKNOWN:
        return turn
    return None if code in OURS else _refusal(turn, code)


def _refusal(turn: Turn, code: str) -> RefusedError:
    """Return the refusal as it was answered then."""
    refusal = refusals.of_tool(ToolRefusedError(code), on_submission=True)
    refusal.source, refusal.version = turn["meta"]["source"], turn["session"]["version"]
    if code == "login_failed":
        refusal.cta = turn["cards"][0]["buttons"]
    return refusal
