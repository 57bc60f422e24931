"""What is known of programs and providers, in words: what they say of themselves, and no more."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from orchestrator.flow import screens
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Program
from orchestrator.understanding import choosing, facts, topics
from orchestrator.understanding.words import STOPWORDS, fold, tokens

MOST_DESCRIBED = 2
MOST = 6  # programs or providers in one answer
NAME, LINE, TEXT = 80, 160, 300  # characters of what a provider says
POINTING = {"cheapest", "lowest", "sabado", "domingo"}
LEVELS = re.compile(
    r"\b(?:ages?|aged|years?|yrs?|olds?|months?|grades?|levels?|beginners?|intermediate|advanced"
    r"|experienced?|first.time\w*|toddlers?|teens?|adults?|famil(?:y|ies)|edad\w*|anos|nivel\w*)\b"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNSEEN = {"Cf"}  # such as marks that turn the direction of writing
SENTENCE = re.compile(r"(?<=[.!?])\s+")
REGISTERING = re.compile(
    r"\b(?:open|opens|opening|registration|register|enrol|sign|inscripci\w+|abre)"
)
EXTRAS = re.compile(
    r"\b(?:discount|scholarship|sibling|descuento|beca|financial (?:aid|assistance|help))"
)
HOW_MUCH = re.compile(r"\b(?:how much|price|prices|cost|costs|cuanto|precio)\b")
CHEAPEST = re.compile(r"\b(?:least expensive|lowest price\w*|mas (?:barat|economic)[oa])\b")
WAITING = re.compile(r"\b(?:wait ?list\w*|waiting|espera)\b")


def line(text: str, most: int = LINE) -> str:
    """Return a provider's text as one line of bounded length that cannot end a quotation."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in UNSEEN)
    plain = re.sub(r"[“”„]", '"', " ".join(seen.split()))
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def quoted(text: str, most: int = TEXT) -> str:
    """Return a provider's text as a quotation."""
    return f"“{line(text, most)}”"


def ended(sentence: str) -> str:
    """Return a sentence with its full stop, if it has none."""
    return sentence if sentence.rstrip("”").endswith((".", "!", "?", "…")) else f"{sentence}."


def club(plan: Plan) -> str:
    """Return what to call the provider."""
    return line(plan.provider["name"], NAME) if plan.provider else "the provider"


def listed(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    more = len(names) - MOST
    return "; ".join(names[:MOST]) + (f"; and {more} more" if more > 0 else "")


def price(plan: Plan, words: str) -> str:
    """Return what it costs."""
    said = set(tokens(words))
    for one in plan.prerequisites or ():
        if said & {token for token in tokens(one["label"]) if len(token) > 4}:
            return f"I don't know what {quoted(one['label'], NAME)} costs: please ask {club(plan)}."
    if EXTRAS.search(fold(words)):
        none = f"I know of no discounts or financial aid: please ask {club(plan)}."
        priced = HOW_MUCH.search(fold(words)) is not None
        return f"{_of_each(plan, words, 'prices', _price)} {none}" if priced else none
    return _of_each(plan, words, "prices", _price)


def _price(program: Program) -> str:
    return line(screens.price(program), NAME)


def spots(plan: Plan, words: str) -> str:
    """Return whether there is room."""
    more = " That was when I last asked." if plan.programs else ""
    if WAITING.search(fold(words)):
        more += " I don't know whether there is a waiting list: they say so when one registers."
    return _of_each(plan, words, "free spots", _spots) + more


def _spots(program: Program) -> str:
    left = program["spots_left"]
    if left is None:
        room = "the provider doesn't say how many spots are left"
    elif left == 0:
        room = "full"
    else:
        room = "1 spot left" if left == 1 else f"{left} spots left"
    return f"{room}, registration opens {_opens(program)}" if program["opens_at"] else room


def schedule(plan: Plan, words: str) -> str:
    """Return when it is, or when registration opens."""
    if REGISTERING.search(fold(words)):
        return _of_each(plan, words, "that", _opening)
    return _of_each(plan, words, "schedules", _schedule)


def _schedule(program: Program) -> str:
    return line(program["schedule"]) or "the provider doesn't say when it is"


def _opening(program: Program) -> str:
    if program["opens_at"]:
        return f"registration opens {_opens(program)}"
    return "the provider doesn't say when registration opens or closes"


def _opens(program: Program) -> str:
    """Return when registration opens as a person writes it, where it can be read as a time."""
    told = program["opens_at"] or ""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return line(told, NAME)
    told = f"{moment:%B} {moment.day}, {moment.year}"
    return told if moment.utcoffset() is None else f"{told}, {moment:%H:%M %Z}"


def age(plan: Plan, words: str) -> str:
    """Return what the provider says of ages and levels; who is old enough, they decide."""
    years = facts.childs_age(words)
    if plan.program:
        named = _by_title(plan, words)
        return sampled(plan, _each(named or [plan.program], _age))
    fit = for_age(plan.programs, years) if years is not None else []
    if fit and not _by_title(plan, words):
        return sampled(plan, _each(fit[:MOST], _age))
    return _of_each(plan, words, "ages and levels", _age)


def for_age(programs: Sequence[Program], years: int) -> list[Program]:
    """Return the programs that by their own words take a child of that age."""
    said = [(one, facts.ages(f"{one['title']}. {one['description']}")) for one in programs]
    return [one for one, span in said if span and span[0] <= years <= span[1]]


def _age(program: Program) -> str:
    parts = (*SENTENCE.split(program["description"]), program["title"], program["schedule"])
    says = next((part for part in parts if LEVELS.search(fold(part))), None)
    if says is None:
        return "the provider doesn't say which ages or levels it is for"
    return f"the provider says {quoted(says, LINE)}"


def about(plan: Plan, words: str) -> str:
    """Return what a program is about, in the provider's own words."""
    if not plan.programs:
        return _not_yet(plan, "descriptions")
    programs = meant(plan, words)
    if len(programs) > MOST_DESCRIBED:
        return _which()
    return sampled(plan, _each(programs, _about))


def _about(program: Program) -> str:
    if not program["description"].strip():
        return "the provider says nothing more about it"
    return f"in the provider's own words: {quoted(program['description'])}"


def options(plan: Plan, words: str) -> str:
    """Return what else there is to choose from."""
    if plan.step is Step.PROVIDER_SEARCH:
        if plan.offered:
            clubs = [
                f"{line(one['name'], NAME)} ({line(one['city'], NAME)})" for one in plan.offered
            ]
            return f"{sampled(plan, f'I found {listed(clubs)}.')} {_not_yet(plan, 'programs')}"
        if plan.elsewhere:
            return at_their_websites(plan, "programs")
        return (
            "Tell me a club, camp or school, or what kind you want, and a town: I'll look for it."
        )
    if not plan.programs:
        return _not_yet(plan, "what they offer")
    change = "" if plan.program is None else " To change, press “Change program”."
    if days := facts.days(words):
        return sampled(plan, _on(plan, days) + change)
    named = [one for one in _named(plan, words) if one != plan.program]
    others = named or [one for one in plan.programs if one != plan.program]
    if not others:
        return f"{club(plan)} offers me nothing else right now."
    names = [_titled(one) for one in others]
    return sampled(plan, f"{club(plan)} has {'' if named else 'these: '}{listed(names)}.{change}")


def _on(plan: Plan, days: Collection[int]) -> str:
    """Return which programs meet on one of those days, by what they say."""
    wanted = " or ".join(DAYS[day] for day in sorted(days))
    on = [one for one in plan.programs if facts.all_days(one["schedule"]) & set(days)]
    if not on:
        return f"None of the programs of {club(plan)} says {wanted}."
    return f"On {wanted}, {club(plan)} has {listed([_titled(one) for one in on])}."


# --- Which program --------------------------------------------------------------------------------


def _of_each(plan: Plan, words: str, what: str, say: Callable[[Program], str]) -> str:
    if not plan.programs:
        return _not_yet(plan, what)
    programs = meant(plan, words)
    return sampled(plan, _each(programs, say)) if len(programs) <= MOST else _which()


def _each(programs: Sequence[Program], say: Callable[[Program], str]) -> str:
    return ended("; ".join(f"{_title(program)}: {say(program)}" for program in programs))


def meant(plan: Plan, words: str) -> list[Program]:
    """Return the chosen program and those that the words name; all, where neither is known."""
    named = _named(plan, words)[:MOST]
    if plan.program:
        return [plan.program, *(one for one in named[:2] if one != plan.program)]
    return named or list(plan.programs)


def _named(plan: Plan, words: str) -> list[Program]:
    kept = {token for program in plan.programs for token in tokens(program["title"])}
    told = CHEAPEST.sub("cheapest", fold(words))
    telling = topics.telling(told, kept | set(facts.DAY) | POINTING)
    return choosing.programs_meant(telling, plan.programs)


def _by_title(plan: Plan, words: str) -> list[Program]:
    """Return the programs that words name by what their titles alone have in them."""
    said = set(tokens(words)) - STOPWORDS
    found = [one for one in plan.programs if said & set(tokens(one["title"]))]
    return found[:MOST_DESCRIBED]


def _which() -> str:
    return "Which program do you mean? Please ask again with its name."


def _title(program: Program) -> str:
    return line(program["title"], NAME)


def _titled(program: Program) -> str:
    return _title(program) + (" (full)" if program["spots_left"] == 0 else "")


def sampled(plan: Plan, told: str) -> str:
    """Return what was told of offers, saying so where they are samples."""
    return f"From the samples: {told}" if plan.is_sample else told


def _not_yet(plan: Plan, what: str) -> str:
    if plan.step is Step.PROGRAM_SELECTION:
        return f"{club(plan)} has no programs open right now."
    if plan.provider:
        return (
            f"I don't know that yet: I see {what} once your account at {club(plan)} is connected."
        )
    if plan.elsewhere and not plan.offered:
        return at_their_websites(plan, what)
    first = "Choose your club" if plan.offered else "Tell me which club it is"
    return f"I see {what} once your account there is connected. {first}, and we go on from there."


def at_their_websites(plan: Plan, what: str = "") -> str:
    """Return that places no tool serves can only be asked themselves, and which name a website."""
    known = f"know no {what} of these places, and " if what else ""
    with_one = [line(one["name"], NAME) for one in plan.elsewhere if one["website"]]
    without = [line(one["name"], NAME) for one in plan.elsewhere if not one["website"]]
    there = "there" if what else "at these places"
    told = [f"I {known}can't sign you up {there}: please ask them."]
    if with_one:
        told.append(f"On the card is the website of {listed(with_one)}.")
    if without:
        told.append(f"I know no website of {listed(without)}.")
    return " ".join(told)
