"""How a request ends when it cannot be done: a code of the error catalogue, and what goes with it."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.catalogue import CATALOGUE
from orchestrator.flow.parts import Button, change_program, change_provider, retry, start_over
from orchestrator.submissions.refusals import OTHER_REFUSAL, SENTENCES
from orchestrator.tools.errors import ToolError, ToolRefusedError

RETRYABLE = {"mcp_timeout", "mcp_unavailable", "mcp_circuit_open", "search_unavailable"}


class RefusedError(Exception):
    """A request that ends in an answer from the catalogue (`orchestrator.errors`).

    `detail` is the catalogue's sentence unless a closer one is given; `turn` is where the session
    stands, `version` the session's version where the request moved it on, `source` whose tool it
    was that gave no result.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        cta: Sequence[Button] = (),
        turn: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[str]] | None = None,
        status_url: str | None = None,
        status: int | None = None,
        version: int | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or CATALOGUE[code].sentence
        self.cta = list(cta)
        self.turn = turn
        self.errors = errors
        self.status_url = status_url
        self.status = status
        self.version = version
        self.source = source


def sentence_of(code: str) -> str:
    """Return what a provider's refusal code means to a parent."""
    return str(SENTENCES.get(code, OTHER_REFUSAL))


def of_tool(error: ToolError, *, on_submission: bool = False) -> RefusedError:
    """Return what a parent is told when a tool call ended badly."""
    if isinstance(error, ToolRefusedError):
        if error.code in SENTENCES or on_submission:
            cta = [] if error.code == "login_failed" else [change_program()]
            return RefusedError(
                _plain(error.code),
                detail=sentence_of(error.code),
                cta=cta,
                status=422,
                source=error.source,
            )
        return RefusedError("mcp_tool_error", cta=[change_provider()], source=error.source)
    cta = [retry()] if error.code in RETRYABLE else []
    return RefusedError(error.code, cta=cta, source=error.source)


def _plain(code: str) -> str:
    """Return a provider's code if it is fit to be one of ours."""
    fit = code.isascii() and code.replace("_", "").isalnum() and code == code.lower()
    ours = code in CATALOGUE and code not in SENTENCES  # it would pass for something else
    return code if fit and not ours and len(code) <= 64 else "provider_rejected"


def closed(turn: Mapping[str, Any] | None) -> RefusedError:
    """Return the answer for a session that is completed or cancelled."""
    return RefusedError("session_closed", cta=[start_over()], turn=turn)
