"""Reading a parent's message: whoever understands it, it comes to something that words may do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from orchestrator import private_words
from orchestrator.flow import moves
from orchestrator.flow.plan import Plan
from orchestrator.language import meaning, model
from orchestrator.language.errors import ModelError, PromptRefusedError
from orchestrator.language.said import Said
from orchestrator.services import answering, turns
from orchestrator.understanding import asking, parser
from orchestrator.understanding.intents import Intent
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status

Llm = Literal["model", "fallback"]

NO_PASSWORDS = _(
    "Please never type a password into this chat. I did nothing with this message; "
    "when an account is needed, a dialog asks for it."
)
CHOICES = {"select_provider", "select_program"}


@dataclass(frozen=True)
class Read:
    """What a message means, and who read it: `model`, `fallback` (it could not), or no model at all."""

    intent: Intent
    llm: Llm | None = None


class Reader:
    """Reads one message, however often the session moves on meanwhile; the model is asked once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._asked_at: Plan | None = None
        self._said: Said | None = None

    def read(self, session: AgenticCheckoutSession, plan: Plan) -> Read:
        """Return what the message means at the plan's step: with an answer, or a legal action."""
        read = self._understood(session, plan)
        if read.intent.is_search and _is_private(read.intent, self._text):
            private = {**read.intent.payload, "is_private": True}  # the map is not asked about it
            return replace(read, intent=replace(read.intent, payload=private))
        intent = answering.answered(session, plan, read.intent, self._text)
        if intent.is_search or intent.answer is not None:
            return replace(read, intent=intent)
        if not moves.may_come_by_text(plan, intent.name):
            return replace(read, intent=parser.needs_the_button(plan, intent.name))
        return read

    def _understood(self, session: AgenticCheckoutSession, plan: Plan) -> Read:
        """Return what the model makes of it, or else the parser; a password is for neither."""
        has_model = session.status == Status.OPEN and model.may_read(plan)
        if private_words.name_a_secret(self._text):
            return Read(_beside_a_secret(plan, self._text), "fallback" if has_model else None)
        if not has_model:
            return Read(parser.understand(plan, self._text))
        try:
            said = self._heard(session, plan)
            return Read(meaning.intent_of(plan, said, self._text), "model")
        except ModelError:
            return Read(parser.understand(plan, self._text), "fallback")

    def _heard(self, session: AgenticCheckoutSession, plan: Plan) -> Said:
        """Return what the model said, now or before, if the plan still stands as it did then.

        :raises ModelError: if it has nothing to say about this plan
        """
        if self._asked_at is None:
            self._asked_at = plan
            self._said = model.read(plan, self._text, _answers(session, plan))
        if self._said is None or plan != self._asked_at:
            raise ModelError
        return self._said


def _beside_a_secret(plan: Plan, text: str) -> Intent:
    """Return what is meant by a message that speaks of a secret, and may tell it."""
    read = parser.understand(plan, text)
    if read.question is not None or read.name in CHOICES:
        return read
    if private_words.only_talk_of_one(text):
        return asking.about_a_password(plan)
    return Intent("unclear", answer=str(NO_PASSWORDS))


def _is_private(search: Intent, text: str) -> bool:
    """Return whether a message told more than a map may see, or a child's name is looked for."""
    query = private_words.plain(str(search.payload.get("query"))).split()
    return private_words.tell(text) or not private_words.children_in(text).isdisjoint(query)


def _answers(session: AgenticCheckoutSession, plan: Plan) -> Mapping[str, Any]:
    """Return the form's answers, which the model is not to see.

    :raises PromptRefusedError: if they cannot be opened, so that nothing can be held against them
    """
    try:
        return turns.open_answers(session, plan)
    except (turns.ConversationLockedError, turns.ConversationUnreadableError):
        raise PromptRefusedError from None
