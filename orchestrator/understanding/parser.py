"""Reading without any model.

Deterministic. It only reads: it can name one of the reversible actions of the step, and answers
anything consequential (confirm, connect, cancel, start over) with the button for it.
"""

import re
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from orchestrator.flow import moves, parts
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Provider
from orchestrator.understanding import (
    asking,
    choosing,
    clubs,
    commands,
    elsewhere,
    fitting,
    searching,
    translating,
    words,
)
from orchestrator.understanding.heard import Heard, heard
from orchestrator.understanding.intents import Intent, asked
from orchestrator.understanding.searching import Sought
from orchestrator.understanding.topics import is_a_question, topic_of

DRESS = re.compile(
    r"</?(?:a|b|big|br|div|em|font|h[1-6]|i|li|mark|p|small|span|strong|u|ul)\b[^<>]{0,200}>",
    re.IGNORECASE,
)  # around words, it says nothing
MARKUP = re.compile(r"</?\w+>|[{\[] ?[\"']\w")  # no parent speaks so


def understand(plan: Plan, text: str) -> Intent:
    """Return what the words mean at the plan's step; a new line ends a sentence."""
    bare = translating.written_out(DRESS.sub(" ", text[: words.LONGEST_TEXT]))
    line = " ".join(bare.replace("\n", ". ").split())
    said = heard(line, commands.SPELLING, _shown(plan))
    if said.says(commands.INJECTION) or MARKUP.search(line):
        return asking.out_of_place(plan)
    if topic := topic_of(plan, line):
        return asked(topic)
    if said.is_just(commands.GREETING, commands.THANKS):
        return asking.polite(plan)
    return _AT[plan.step](plan, said)


def needs_the_button(plan: Plan, action: str) -> Intent:
    """Return the answer to words that ask for what only a button may do."""
    return Intent(
        f"asked_to_{action}"[:40],
        answer=_("That needs the button: I do nothing with consequences by a message."),
        buttons=(parts.retry(),) if plan.failed else (),
    )


def _shown(plan: Plan) -> set[str]:
    """Return the names of what is shown."""
    names = {one["name"] for one in (*plan.offered, *plan.elsewhere)}
    names |= {plan.provider["name"]} if plan.provider else set()
    return names | {program["title"] for program in plan.programs}


# --- Step by step ---------------------------------------------------------------------------------


def _at_provider_search(plan: Plan, said: Heard) -> Intent:
    if away := elsewhere.to_go_elsewhere(plan, said, only=True):
        return away
    if meant := clubs.providers_meant(said.text, plan.offered):
        return _provider(meant)
    if said.is_only(commands.ALL_OF_THEM, commands.YES) and said.says(commands.ALL_OF_THEM):
        return asking.one_at_a_time() if plan.offered else asking.what_to_look_for(plan, said)
    found = searching.sought(said.text)
    if _turns_down(plan, said, found):
        return Intent("reject_provider")
    if _agrees(plan, said, found):
        return _provider(plan.offered) if plan.offered else Intent("retry_last")
    if said.says(commands.RETRY) and found.weight < searching.NAMED and not found.location:
        return Intent("retry_last" if plan.failed else "retry_search")
    beside = said.says(commands.OFF_TOPIC) or searching.is_a_question(said.text)
    if beside and found.weight < searching.NAMED:
        return asking.out_of_place(plan)
    if _logs_in(said, found):
        return asking.to_log_in_later(plan)
    if _is_on_the_map(plan, said, found):
        return asking.about_the_map(plan)
    if _names_nothing(plan, said, found):
        return asking.what_to_look_for(plan, said)
    return Intent("search", elsewhere.to_look_for(plan, found))


def _logs_in(said: Heard, found: Sought) -> bool:
    """Return whether the words ask to log in, where there is nothing to log in to yet."""
    logs = said.says(commands.CONNECT) or said.pairs(commands.LOGS, commands.IN, within=3)
    return logs and not found.weight and not found.location


def _is_on_the_map(plan: Plan, said: Heard, found: Sought) -> bool:
    """Return whether the words choose one of the places that no tool serves."""
    if not plan.elsewhere or said.opens_with(commands.NONE_OF_THESE):
        return False
    if said.opens_with(commands.YES) or said.says(commands.CONFIRM):
        return not found.weight and not found.location
    shown = set(words.tokens(" ".join(one["name"] for one in plan.elsewhere)))
    names = words.tokens(found.query)
    points = choosing.points_at_one(said.text) or choosing.is_a_place_in_a_list(said.text)
    return (points and not found.weight) or (bool(names) and shown.issuperset(names))


def _agrees(plan: Plan, said: Heard, found: Sought | None = None) -> bool:
    """Return whether the words say yes to what is shown, or to trying again."""
    if plan.failed or found is None:
        return said.opens_with(commands.YES) and said.is_only(commands.YES)
    if not plan.offered or found.weight >= searching.NAMED or found.location:
        return False
    signs_up = said.says(commands.CONFIRM) or said.pairs(commands.SIGNS, commands.UP)
    here = not {"here", "there"}.isdisjoint(said.tokens) and signs_up
    return said.opens_with(commands.YES) or here or not commands.CLOSES.isdisjoint(said.tokens[-1:])


def _turns_down(plan: Plan, said: Heard, found: Sought) -> bool:
    """Return whether the words say no to what is shown, and name nothing else to look for."""
    shown = set(words.tokens(" ".join(_shown(plan)))) | commands.PLACES
    names_others = found.location or not shown.issuperset(words.tokens(found.query))
    if not plan.offered or names_others:
        return False
    not_one = any(clubs.turns_down(said.text, one) for one in plan.offered)
    return not_one or said.opens_with(commands.NONE_OF_THESE)


def _names_nothing(plan: Plan, said: Heard, found: Sought) -> bool:
    """Return whether there is nothing to look for in the words: small talk, or "the big one"."""
    if not found.query or choosing.is_a_place_in_a_list(found.query):
        return True
    if found.weight or found.query != found.query.casefold():
        return False
    points = bool(plan.offered) and choosing.points_at_one(said.text)
    return points or said.tokens[0] in commands.TALKS


def _provider(meant: Sequence[Provider]) -> Intent:
    if len(meant) == 1:
        return Intent("select_provider", {"org_ref": meant[0]["org_ref"]})
    return asking.which(provider["city"] or provider["name"] for provider in meant)


def _at_login(plan: Plan, said: Heard) -> Intent:
    if away := elsewhere.to_go_elsewhere(plan, said):
        return away
    waits = any(map(said.says, (commands.SKIP, commands.NOT_YET)))
    if waits or said.opens_with(commands.NONE_OF_THESE) or said.denies(commands.CONNECT):
        return asking.to_connect_nothing()
    wants = said.says(commands.CONNECT) or said.opens_with(commands.YES)
    wants = wants or said.pairs(commands.LOGS, commands.IN, within=3)
    return asking.for_the_login(plan, meant=wants)


def _at_program_selection(plan: Plan, said: Heard) -> Intent:
    away = elsewhere.to_go_elsewhere(plan, said)
    if away and elsewhere.is_about_the_signup(plan, said):
        return away
    programs = plan.programs
    meant = choosing.programs_meant(said.text, programs)
    if fitting.is_about_the_child(said.text) and (meant or not away):
        return fitting.chosen(said.text, programs)
    if len(meant) == 1:
        return Intent("select_program", {"program_ref": meant[0]["program_ref"]})
    if meant:
        return asking.which(program["title"] for program in meant)
    if away:
        return away
    if left := choosing.programs_left(said.text, programs):
        return asking.of_those_left(program["title"] for program in left)
    if said.says(commands.ALL_OF_THEM):
        return asking.one_at_a_time()
    if said.opens_with(commands.NONE_OF_THESE) and not plan.failed:
        return asking.no_program_then()
    wants = said.opens_with(commands.YES) or said.says(commands.CONFIRM)
    if plan.failed and _agrees(plan, said):
        return Intent("retry_last")
    if len(programs) == 1 and wants:
        return Intent("select_program", {"program_ref": programs[0]["program_ref"]})
    return asking.which_program()


def _agrees_to_switch(plan: Plan, said: Heard) -> bool:
    """Return whether a yes is to the other program, whose check failed, and not to this one."""
    return bool(plan.failed and plan.failed.action == moves.SWITCH) and _agrees(plan, said)


def _at_prerequisite_check(plan: Plan, said: Heard) -> Intent:
    if _agrees_to_switch(plan, said):
        return Intent("retry_last")
    if away := elsewhere.to_go_elsewhere(plan, said):
        return away
    if plan.has_all_prerequisites:
        if said.says(commands.NOT_YET):
            return asking.about_the_requirements(plan)
        if said.opens_with(commands.YES) or any(
            map(said.says, (commands.CONFIRM, commands.ONWARD))
        ):
            return Intent("complete_prereqs")
        if said.says(commands.CHECK):
            return Intent("check_prereqs")
    elif said.says(commands.SKIP) or said.says(commands.LATER):
        return asking.about_the_requirements(plan)
    elif said.says(commands.CHECK) or said.opens_with(commands.YES):
        return Intent("check_prereqs")
    return asking.about_the_requirements(plan)


def _at_form_fill(plan: Plan, said: Heard) -> Intent:
    return elsewhere.to_go_elsewhere(plan, said) or asking.to_fill_in_the_form()


def _at_confirmation(plan: Plan, said: Heard) -> Intent:
    if _agrees_to_switch(plan, said):
        return Intent("retry_last")
    if away := elsewhere.to_go_elsewhere(plan, said):
        return away
    if plan.fields and (said.says(commands.EDIT) or _corrects_an_answer(plan, said)):
        return Intent("edit_form")
    is_asked = _asks(plan, said)
    waits = said.denies(commands.CONFIRM) or (said.says(commands.NOT_YET) and "?" not in said.text)
    wants = (said.opens_with(commands.YES) and not is_asked) or said.says(commands.CONFIRM)
    if not waits and (wants or said.pairs(commands.SIGNS, commands.UP, within=3)):
        return asking.for_the_confirmation()
    if said.says(commands.OFF_TOPIC):
        return asking.out_of_place(plan)
    return asking.no_answer(plan) if is_asked and not waits else asking.to_send_nothing(plan)


def _asks(plan: Plan, said: Heard) -> bool:
    """Return whether something is asked: more than "yes?", or an "I don't know"."""
    if "?" in said.text:
        return not said.is_just(commands.YES, commands.NONE_OF_THESE)
    return not commands.UNSURE.issuperset(said.without()) and is_a_question(plan, said.text)


def _corrects_an_answer(plan: Plan, said: Heard) -> bool:
    """Return whether the words say something else of a field or of the child: "her size is 36"."""
    fields = plan.fields or ()
    labels = [one["label"] for one in fields]
    labels += [option["label"] for one in fields for option in one["options"]]
    named = set(said.without()) & {*words.tokens(" ".join(labels)), "birthday"}
    tells = bool(named) or fitting.is_about_the_child(said.text)
    return tells and not said.says(commands.YES) and not said.says(commands.CONFIRM)


def _at_completed(plan: Plan, said: Heard) -> Intent:
    if said.says(commands.RESET):
        return asking.for_a_fresh_start()
    return Intent("unclear", answer=_("This signup is finished."), buttons=(parts.start_over(),))


_AT: dict[Step, Callable[[Plan, Heard], Intent]] = {
    Step.PROVIDER_SEARCH: _at_provider_search,
    Step.LOGIN: _at_login,
    Step.PROGRAM_SELECTION: _at_program_selection,
    Step.PREREQUISITE_CHECK: _at_prerequisite_check,
    Step.FORM_FILL: _at_form_fill,
    Step.CONFIRMATION: _at_confirmation,
    Step.COMPLETED: _at_completed,
}
