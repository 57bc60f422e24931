"""Asking to go elsewhere: back, to another club or program, over, or out."""

from orchestrator import private_words
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.understanding import (
    asking,
    choosing,
    clubs,
    commands,
    fitting,
    searching,
    translating,
    words,
)
from orchestrator.understanding.heard import NAME, Heard, Phrases
from orchestrator.understanding.intents import Intent
from orchestrator.understanding.pieces import ACTIVITIES, ORGANISATIONS, pieces_of
from orchestrator.understanding.searching import Sought

# Later there is a form to lose, and a club that is named may be the school that the child goes to
AT_THE_BEGINNING = (Step.LOGIN, Step.PROGRAM_SELECTION)
_SCHOOLS = frozenset({"school", "schools", "preschool", "kindergarten", "escuela", "colegio"})
_THEIRS = frozenset({"her", "his", "their", "he", "she", "they"})
SURELY = 5  # the weight of "looking for" and a club
# Said beside a command, these change nothing of it.
_AROUND = (
    Phrases("signup/this signup/everything/all/now/s/thing/whole/whole thing/just/page/step"),
    commands.YES, commands.NONE_OF_THESE, commands.NOT_YET,
)  # fmt: skip
_BACKWARD = (commands.GO_BACK, commands.BACK)


def to_go_elsewhere(plan: Plan, said: Heard, *, only: bool = False) -> Intent | None:
    """Return what is meant if the words ask to leave the step: back, elsewhere, over or out.

    With `only` they must say nothing else: "Back Bay Swim School" is looked for, not gone back to.
    """

    def says(*tables: Phrases) -> bool:
        return any(map(said.says, tables)) and (not only or said.is_only(*_AROUND, *tables))

    if says(commands.RESET) or (not only and said.pairs(commands.STARTS, commands.OVER)):
        return asking.for_a_fresh_start()
    if plan.failed and says(commands.RETRY):
        return Intent("retry_last")
    finds_another = not only and said.pairs(commands.FINDS, commands.OTHERS)
    if says(commands.CANCEL) and not finds_another:
        return asking.to_cancel()
    if not only and (another := _to_another(plan, said)):
        return another
    if _goes_back(said) and (not only or said.is_only(*_AROUND, *_BACKWARD)):
        return Intent(_back(plan))
    return None


def _to_another(plan: Plan, said: Heard) -> Intent | None:
    """Return what is meant if the words ask for another club, or for another one of its programs."""
    if (
        wants_another_place(said)
        or _names_another_place(plan, said)
        or asks_for_a_named_club(plan, said)
        or (plan.step is Step.LOGIN and _is_of_another(plan, said))
    ):
        return _to_another_club(plan, said)
    if not _may(plan, "change_program"):
        return None
    if named := _other_programs_named(plan, said):
        return Intent("change_program", {"program_ref": named[0]} if len(named) == 1 else {})
    wants = said.pairs(commands.CHANGES, commands.PROGRAMS)
    goes_back = said.pairs(commands.RETURNS | {"mind"}, commands.LISTED)
    return Intent("change_program") if wants or goes_back else None


def _to_another_club(plan: Plan, said: Heard) -> Intent:
    """Return what is meant by asking for another club, and what to look for if the words tell."""
    if plan.step not in AT_THE_BEGINNING or _may_be_the_childs_school(said.text):
        return Intent("change_provider")
    found = searching.sought(said.text)
    tells = found.is_only_a_place or _tells_what_to_look_for(plan, found)
    return Intent("change_provider", to_look_for(plan, found) if tells else {})


def _may_be_the_childs_school(text: str) -> bool:
    """Return whether the words may tell where a child goes to school: nobody is asked about that."""
    said = set(words.tokens(text))
    if said.isdisjoint(_SCHOOLS):
        return False
    is_theirs = not said.isdisjoint(_THEIRS) or bool(private_words.children_in(text))
    return is_theirs or fitting.is_about_the_child(text)


def _tells_what_to_look_for(plan: Plan, found: Sought) -> bool:
    """Return whether a search is more than "another club", and not the club that was chosen."""
    if found.location and found.names_an_organisation:
        return True
    known = set(words.tokens(plan.provider["name"])) - ACTIVITIES if plan.provider else set()
    spoken = commands.WORDS | known | ORGANISATIONS | words.STOPWORDS
    named = [piece.raw for piece in pieces_of(found.query) if piece.word not in spoken]
    return bool(named) and (found.asks_for_something or any(map(str.istitle, named)))


def to_look_for(plan: Plan, found: Sought) -> dict[str, str | None]:
    """Return what to search for: "the one in Madison" is what was looked for before, there."""
    query = (found.is_only_a_place and _last_query(plan)) or found.query
    return {"query": translating.in_english(query), "location": found.location}


def _last_query(plan: Plan) -> str | None:
    if plan.step is Step.PROVIDER_SEARCH and plan.failed:
        return plan.failed.payload.get("query")
    names = {provider["name"] for provider in plan.offered}
    return names.pop() if len(names) == 1 else None


def _is_of_another(plan: Plan, said: Heard) -> bool:
    """Return whether the words, where only a club was chosen, are on another one than that."""
    another = said.pairs(commands.CHANGES, ("one", "ones")) or said.says(commands.WRONG_ONE)
    return another or (plan.provider is not None and clubs.turns_down(said.text, plan.provider))


def wants_another_place(said: Heard) -> bool:
    """Return whether the words ask for another club, camp or school."""
    not_ours = said.pairs(commands.NOTS, commands.OURS, within=2) and said.pairs(
        commands.NOTS, commands.PLACES | {NAME}
    )
    finds_another = said.pairs(commands.FINDS, commands.OTHERS) and not commands.PLACES.isdisjoint(
        said.tokens
    )
    return (
        said.pairs(commands.CHANGES | commands.RETURNS, commands.PLACES)
        or not_ours
        or finds_another
    )


def _names_another_place(plan: Plan, said: Heard) -> bool:
    """Return whether the words look for a club by name, and not for the one that was chosen."""
    if plan.provider is None or plan.step not in (Step.LOGIN, Step.PROGRAM_SELECTION):
        return False
    found = searching.sought(said.text)
    named = found.weight >= (SURELY if plan.step is Step.PROGRAM_SELECTION else searching.NAMED)
    switches = said.says(commands.SWITCH_TO) or (
        plan.step is Step.LOGIN
        and (said.says(commands.INSTEAD) or said.opens_with(commands.NONE_OF_THESE))
    )
    if commands.CONNECT.words.issuperset(words.tokens(found.query)):
        return False  # nothing, or the password
    if not (switches or (named and found.names_an_organisation)):
        return False
    known = clubs.providers_meant(found.query, [plan.provider])
    if not switches and not (found.names_somebody or _is_in_another_town(plan, found)):
        return False
    return not known and not choosing.programs_meant(said.text, plan.programs)


def asks_for_a_named_club(plan: Plan, said: Heard) -> bool:
    """Return whether the words name a club that is not the chosen one: "what about Camp Pine?"."""
    if plan.provider is None:
        return False
    proposes = said.says(commands.PROPOSES) or said.says(commands.INSTEAD)
    found = searching.sought(said.text)
    is_named = found.names_somebody or _is_in_another_town(plan, found)
    if not (proposes and found.names_an_organisation and is_named):
        return False
    shown = [plan.provider["name"], plan.provider["city"]]
    shown += [part for one in plan.programs for part in (one["title"], one["description"])]
    known = set(words.tokens(" ".join(shown)))
    named = [word for word in words.tokens(found.query) if not searching.is_a_kind(word)]
    return not any(words.alike(word, one) for word in named for one in known)


def _is_in_another_town(plan: Plan, found: Sought) -> bool:
    town = words.tokens(plan.provider["city"]) if plan.provider else []
    is_said = bool(town and found.location) and plan.step in AT_THE_BEGINNING
    return is_said and set(town).isdisjoint(words.tokens(found.location or ""))


def _other_programs_named(plan: Plan, said: Heard) -> list[str]:
    """Return to which of the programs shown before the words switch, by their references."""
    if _goes_back(said) and (titled := choosing.programs_titled(said.text, plan.programs)):
        meant = [one["program_ref"] for one in titled]
        return [] if plan.program_ref in meant else meant
    points = said.is_short and choosing.points_at_one(said.text)
    if not (points or said.says(commands.SWITCH)):
        return []
    choose = (
        choosing.programs_named
        if fitting.is_about_the_child(said.text)
        else choosing.programs_meant
    )
    meant = [one["program_ref"] for one in choose(said.text, plan.programs)]
    return [] if plan.program_ref in meant else meant


def is_about_the_signup(plan: Plan, said: Heard) -> bool:
    """Return whether the words are on the signup as a whole, not on one of those shown."""
    return (
        said.is_only(commands.RESET, commands.CANCEL, commands.GO_BACK, *_AROUND)
        or said.is_only(commands.RETRY)
        or wants_another_place(said)
        or asks_for_a_named_club(plan, said)
    )


def _may(plan: Plan, action: str) -> bool:
    return plan.step in RULES[action].at


def _goes_back(said: Heard) -> bool:
    return said.says(commands.GO_BACK) or (said.is_short and said.says(commands.BACK))


def _back(plan: Plan) -> str:
    if plan.step is Step.CONFIRMATION and plan.fields:
        return "edit_form"
    return "change_program" if _may(plan, "change_program") else "change_provider"
