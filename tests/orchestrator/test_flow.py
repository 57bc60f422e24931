"""The pure flow…"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.flow import moves
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.tools.contract import Tool

pytestmark = pytest.mark.once

PROVIDERS: list[Any] = [
    {
        "name": name,
        "org_ref": name,
        "provider": "p",
        "city": "",
        "state": "",
        "distance_km": None,
    }
    for name in ("a", "b")
]
PROGRAMS: list[Any] = [
    {
        "program_ref": name,
        "title": name,
        "description": "",
        "schedule": "",
        "price_cents": 1,
        "currency": "USD",
        "spots_left": None,
        "opens_at": None,
    }
    for name in ("x", "y")
]
FIELD: Any = {
    "name": "child_name",
    "label": "Child",
    "type": "text",
    "required": True,
    "options": [],
    "help": "",
    "role": "participant",
}
BOOKING: Any = {"status": "confirmed", "confirmation_ref": "R", "message": None}


def prerequisites(*statuses: str) -> list[Any]:
    return [
        {"name": f"p{index}", "status": status, "label": f"P{index}", "url": None}
        for index, status in enumerate(statuses)
    ]


ANSWERS: dict[Tool, st.SearchStrategy[Any]] = {
    Tool.SEARCH_PROVIDER: st.sampled_from([PROVIDERS, []]),
    Tool.FIND_PROGRAMS: st.sampled_from([PROGRAMS, []]),
    Tool.CHECK_PREREQUISITES: st.lists(
        st.sampled_from(["ok", "missing", "required"]), max_size=3
    ).map(lambda statuses: prerequisites(*statuses)),
    Tool.DISCOVER_FIELDS: st.sampled_from([[FIELD], []]),
    Tool.SUBMIT_REGISTRATION: st.just(BOOKING),
}
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "org_ref": st.sampled_from(["a", "b", "zzz"]),
        "program_ref": st.sampled_from(["x", "y", "zzz"]),
        "credential_id": st.just("c"),
        "sealed_answers": st.just("sealed"),
        "query": st.just("ski"),
    },
)
ACTIONS = st.sampled_from([moves.SEARCH, *RULES])
OUTCOMES = st.sampled_from(["answer", "answer", "answer", "fail", "login_failed"])


def follow(plan: Plan, action: str, payload: Any, outcome: str, data: st.DataObject) -> Plan:
    """Return the plan after one deed of a parent and one answer of a tool."""
    try:
        move = moves.move(plan, action, payload)
    except (moves.NotAvailableError, moves.BadPayloadError, moves.UnknownActionError):
        return plan
    if move.calls is None:
        return move.plan
    if outcome == "fail":
        return moves.fail(plan, move)
    if outcome == "login_failed":
        return moves.refuse_login(plan) if plan.provider else plan
    return moves.learn(move, data.draw(ANSWERS[move.calls]), "mcp")


def biased_walk() -> st.SearchStrategy[list[tuple[str, dict[str, str], str]]]:
    """Walks that get far: the usual way, with anything in between."""
    usual: list[tuple[str, dict[str, str], str]] = [
        ("search", {"query": "ski"}, "answer"),
        ("select_provider", {"org_ref": "a"}, "answer"),
        ("credentials_submitted", {"credential_id": "c"}, "answer"),
        ("select_program", {"program_ref": "x"}, "answer"),
        ("complete_prereqs", {}, "answer"),
        ("submit_form", {"sealed_answers": "s"}, "answer"),
        ("confirm_registration", {}, "answer"),
    ]
    other = st.tuples(ACTIONS, PAYLOADS, OUTCOMES)
    return st.lists(st.one_of(st.sampled_from(usual), other), max_size=25).map(
        lambda extra: [deed for pair in zip(usual, extra, strict=False) for deed in pair] + extra
    )


@given(biased_walk(), st.data())
def test_reaches_confirmation_only_with_a_program_and_all_prerequisites(
    walk: list[tuple[str, dict[str, str], str]], data: st.DataObject
) -> None:
    plan = Plan()
    for action, payload, outcome in walk:
        plan = follow(plan, action, payload, outcome, data)
        if plan.step in (Step.FORM_FILL, Step.CONFIRMATION, Step.COMPLETED):
            assert plan.program is not None
            assert plan.has_all_prerequisites


@given(biased_walk(), st.data())
def test_completes_only_by_confirming_at_the_confirmation(
    walk: list[tuple[str, dict[str, str], str]], data: st.DataObject
) -> None:
    plan = Plan()
    for action, payload, outcome in walk:
        before, plan = plan, follow(plan, action, payload, outcome, data)
        if plan.step is Step.COMPLETED and before.step is not Step.COMPLETED:
            assert action == "confirm_registration"
            assert before.step is Step.CONFIRMATION


@given(biased_walk(), st.data())
def test_leads_only_where_the_table_says(
    walk: list[tuple[str, dict[str, str], str]], data: st.DataObject
) -> None:
    plan = Plan()
    for action, payload, outcome in walk:
        before, plan = plan, follow(plan, action, payload, outcome, data)
        if plan.step is not before.step and outcome == "answer" and action in RULES:
            assert before.step in RULES[action].at
            assert plan.step in RULES[action].to


@given(biased_walk(), st.data())
def test_reads_back_what_it_writes(
    walk: list[tuple[str, dict[str, str], str]], data: st.DataObject
) -> None:
    plan = Plan()
    for action, payload, outcome in walk:
        plan = follow(plan, action, payload, outcome, data)
    assert Plan.from_state(plan.step, plan.to_state()) == plan


def test_can_walk_the_whole_way() -> None:
    plan = moves.learn(moves.move(Plan(), "search", {"query": "ski"}), PROVIDERS, "mcp")
    plan = moves.move(plan, "select_provider", {"org_ref": "a"}).plan
    login = moves.move(plan, "credentials_submitted", {"credential_id": "c"})
    plan = moves.learn(login, PROGRAMS, "mcp")
    check = moves.move(plan, "select_program", {"program_ref": "x"})
    plan = moves.learn(check, prerequisites("ok"), "mcp")
    plan = moves.learn(moves.move(plan, "complete_prereqs", {}), [FIELD], "mcp")
    plan = moves.move(plan, "submit_form", {"sealed_answers": "s"}).plan
    plan = moves.learn(moves.move(plan, "confirm_registration", {}), BOOKING, "mcp")
    assert plan.step is Step.COMPLETED


@pytest.mark.parametrize("action", RULES)
def test_refuses_an_action_where_the_table_does_not_name_it(action: str) -> None:
    for step in set(Step) - RULES[action].at:
        with pytest.raises(moves.NotAvailableError, match=r"\."):
            moves.move(Plan(step=step), action, {})


def test_lets_nothing_consequential_happen_by_text() -> None:
    by_text = {action for action, rule in RULES.items() if rule.by_text}
    assert by_text.isdisjoint(
        {
            "confirm_registration",
            "connect_account",
            "credentials_submitted",
            "submit_form",
            "cancel_registration",
            "reset",
        }
    )


def test_forgets_answers_and_checks_when_the_program_changes() -> None:
    plan = Plan(
        step=Step.CONFIRMATION,
        programs=tuple(PROGRAMS),
        program=PROGRAMS[0],
        prerequisites=tuple(prerequisites("ok")),
        fields=(FIELD,),
        answers="sealed",
        sources={"programs": "mcp", "prerequisites": "mock", "fields": "mock"},
    )
    after = moves.move(plan, "change_program", {}).plan
    assert after.step is Step.PROGRAM_SELECTION
    assert (after.program, after.prerequisites, after.fields, after.answers) == (None,) * 4
    assert after.sources == {"programs": "mcp"}


def test_names_what_is_missing_before_the_form() -> None:
    plan = Plan(
        step=Step.PREREQUISITE_CHECK,
        program=PROGRAMS[0],
        prerequisites=tuple(prerequisites("ok", "missing")),
    )
    with pytest.raises(moves.NotAvailableError, match="Still missing: P1"):
        moves.move(plan, "complete_prereqs", {})
