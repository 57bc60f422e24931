"""Reading a message with the model: asked once, taken apart, and believed as far as it is borne out."""

import logging
from collections.abc import Mapping
from typing import Any

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.language import client, prompts, said
from orchestrator.language.errors import ModelError
from orchestrator.language.said import Said

logger = logging.getLogger(__name__)


def may_read(plan: Plan) -> bool:
    """Return whether the model may be asked what words mean at the plan's step.

    What is typed beside a form may be an answer to it, and a finished signup has nothing to do.
    """
    return client.is_configured() and plan.step not in (Step.FORM_FILL, Step.COMPLETED)


def read(plan: Plan, text: str, answers: Mapping[str, Any]) -> Said:
    """Return what the model says that a text means; `answers` are held against it, and not sent.

    Call it outside of any transaction: it may take as long as `client.SECONDS`.

    :raises ModelError: if it did not read it, or its answer is none
    """
    try:
        answer = client.ask(
            text,
            instructions=prompts.instructions(plan),
            schema=prompts.schema(plan),
            answers=answers,
        )
        return said.read(answer, prompts.intents(plan))
    except ModelError as error:
        logger.warning("[LLM] The parser reads a message: %s", error.log_word)
        raise
