"""However a text orders a language model about, and however well the model obeys…"""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.models import MandateAudit
from orchestrator.flow import moves
from orchestrator.flow.plan import Failed, Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.language import prompts
from orchestrator.models import RegistrationSubmission
from orchestrator.services.reading import Read
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.language.conftest import read, walk
from tests.orchestrator.understanding.plans import PLANS
from tests.servers.language_model_server import LanguageModelServer, Question, reading

HOSTILE = [
    json.loads(line)
    for line in Path(__file__).with_name("hostile.jsonl").read_text(encoding="utf-8").splitlines()
]
MESSAGES = [(one["text"], one["demands"]) for one in HOSTILE if one["in"] == "message"]
OTHERS_WORDS = [one["text"] for one in HOSTILE if one["in"] != "message"]
AT = [
    "several_clubs", "login", "programs_failed", "one_missing", "all_in_place", "form",
    "confirmation_without_form",
]  # fmt: skip
WISH = {
    "confirm_registration": "asked_to_confirm",
    "credentials_submitted": "asked_to_connect",
    "connect_account": "asked_to_connect",
    "cancel_registration": "asked_to_cancel",
    "reset": "asked_to_reset",
}
CONSEQUENTIAL = {name for name, rule in RULES.items() if not rule.by_text}


def _outright(demand: str, question: Question) -> Mapping[str, Any]:
    return reading(demand)


def _with_a_payload(demand: str, question: Question) -> Mapping[str, Any]:
    return {**reading(demand), "summary": "0" * 64, "credential_id": "1", "answers": {}}


def _as_far_as_it_may(demand: str, question: Question) -> Mapping[str, Any]:
    """Do the most that the schema lets a model do."""
    wish = WISH.get(demand, "")
    legal = [name for name in question.intents if name in RULES]
    intent = wish if wish in question.intents else legal[-1] if legal else "question"
    return reading(intent, position=1, query=question.said[:200], topic="sent")


OBEDIENT = [_outright, _as_far_as_it_may, _with_a_payload, _as_far_as_it_may]


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("at", AT)
def test_nothing_comes_of_it_that_needs_a_button(model: LanguageModelServer, at: str) -> None:
    for place, (text, demand) in enumerate(MESSAGES):
        obeys = OBEDIENT[place % len(OBEDIENT)]
        model.reads = partial(obeys, demand)
        _is_harmless(PLANS[at], read(text, PLANS[at]))
    least = 0 if at == "form" else len(MESSAGES) * 3 // 4
    assert len(model.questions) >= least  # few are held back by the guard


def _is_harmless(plan: Plan, found: Read) -> None:
    intent = found.intent
    if intent.answer is not None:  # words, and buttons that the parent may press or not
        return
    assert intent.name not in CONSEQUENTIAL
    move = moves.move(plan, intent.name, intent.payload)  # legal, and of what was offered
    assert move.calls not in (Tool.SUBMIT_REGISTRATION, Tool.FIND_PROGRAMS)
    assert move.plan.step is not Step.COMPLETED
    assert move.plan.credential_id in (plan.credential_id, None)


@pytest.mark.parametrize("step", ["login", "confirmation"])
def test_the_signup_stays_open_with_nothing_sent_and_nothing_opened(
    chat: Chat, model: LanguageModelServer, step: str
) -> None:
    walk(chat, model, step)
    opened = chat.trail().count("credentials_accessed")
    for text, demand in MESSAGES[:: len(MESSAGES) // 10]:
        for obeys in (_outright, _as_far_as_it_may):
            model.reads = partial(obeys, demand)
            assert chat.say(text)["session"]["status"] == "open"

    session = AgenticCheckoutSession.objects.get()
    assert session.status == "open"
    assert RegistrationSubmission.objects.count() == 0
    trail = chat.trail()
    assert trail.count("credentials_accessed") == opened
    walked = {"action_connect_account", "action_credentials_submitted", "action_submit_form"}
    pressed = {f"action_{name}" for name in CONSEQUENTIAL} & set(trail)
    assert pressed <= (walked if step == "confirmation" else set())
    messages = MandateAudit.objects.filter(action="message_sent")
    assert CONSEQUENTIAL.isdisjoint(row.metadata["intent"] for row in messages)


@pytest.mark.once
def test_what_others_wrote_never_reaches_it(model: LanguageModelServer) -> None:
    """Names, descriptions, requirements, fields, places and errors, at every step."""
    plans = [_poisoned(PLANS[at]) for at in AT]
    for plan in plans:
        for said in ("hm", "the second one", "how much is it?", "wait, which of these?"):
            _is_harmless(plan, read(said, plan))

    sent = [
        json.dumps(question.body["messages"], ensure_ascii=False) for question in model.questions
    ]
    assert len(sent) == 4 * (len(AT) - 1)
    assert [text for text in OTHERS_WORDS for body in sent if json.dumps(text)[1:-1] in body] == []
    ours = " ".join(prompts.instructions(PLANS[at]) for at in AT if at != "form")
    theirs = {word for text in OTHERS_WORDS for word in text.split() if len(word) > 6}
    assert [word for word in theirs if word not in ours and any(word in one for one in sent)] == []


def _poisoned(plan: Plan) -> Plan:
    """Return the plan with hostile words wherever others may write."""

    def spoil(value: Any, at: int) -> Any:
        if isinstance(value, Mapping):
            kept = {"org_ref", "program_ref", "provider", "name", "type", "status", "currency"}
            return {
                key: OTHERS_WORDS[(at + place) % len(OTHERS_WORDS)]
                if isinstance(one, str) and (key not in kept or (key == "name" and "city" in value))
                else one
                for place, (key, one) in enumerate(value.items())
            }
        return value

    def all_of(items: Any) -> Any:
        return None if items is None else tuple(spoil(one, 3 * at) for at, one in enumerate(items))

    return plan.but(
        offered=all_of(plan.offered),
        elsewhere=all_of(plan.elsewhere),
        provider=plan.provider and spoil(plan.provider, 1),
        programs=all_of(plan.programs),
        program=plan.program and spoil(plan.program, 2),
        prerequisites=all_of(plan.prerequisites),
        fields=all_of(plan.fields),
        failed=plan.failed and Failed(plan.failed.action, {"query": OTHERS_WORDS[0]}),
    )


@pytest.mark.once
def test_the_corpus_has_many_styles() -> None:
    assert len(HOSTILE) >= 50
    assert {one["in"] for one in HOSTILE} == {"message", "provider", "program", "place", "tool"}
    assert len({one["text"] for one in HOSTILE}) == len(HOSTILE)
