"""What is known of programs and providers, in words: what they say of themselves, and no more."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from orchestrator.flow import local, offers, registering
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Program
from orchestrator.understanding import choosing, facts, topics
from orchestrator.understanding.words import fold, tokens

MOST_DESCRIBED = 2
MOST = 6  # programs or providers in one answer
NAME, LINE, TEXT = 80, 160, 300  # characters of what a provider says
POINTING = {"cheapest", "lowest", "sabado", "domingo"}
# What is asked for, in sentences such as "I see prices once your account there is connected."
PRICES, FREE_SPOTS, SCHEDULES = (
    gettext_lazy("prices"),
    gettext_lazy("free spots"),
    gettext_lazy("schedules"),
)
DESCRIPTIONS, PROGRAMS = (
    gettext_lazy("descriptions"),
    gettext_lazy("programs"),
)
THAT, WHAT_THEY_OFFER = gettext_lazy("that"), gettext_lazy("what they offer")
DAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
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
    return line(plan.provider["name"], NAME) if plan.provider else _("the provider")


def listed(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    return offers.some(names, MOST)


def price(plan: Plan, words: str) -> str:
    """Return what it costs."""
    said = set(tokens(words))
    for one in plan.prerequisites or ():
        if said & {token for token in tokens(one["label"]) if len(token) > 4}:
            what = quoted(one["label"], NAME)
            return _("I don't know what %(what)s costs: please ask %(club)s.") % {
                "what": what,
                "club": club(plan),
            }
    if EXTRAS.search(fold(words)):
        none = _("I know of no discounts or financial aid: please ask %(club)s.") % {
            "club": club(plan)
        }
        priced = HOW_MUCH.search(fold(words)) is not None
        return f"{of_each(plan, words, PRICES, price_of)} {none}" if priced else none
    return of_each(plan, words, PRICES, price_of)


def price_of(program: Program) -> str:
    """Return what a program costs."""
    return line(registering.price(program), NAME)


def spots(plan: Plan, words: str) -> str:
    """Return whether there is room."""
    told = [of_each(plan, words, FREE_SPOTS, room)]
    if plan.programs:
        told.append(_("That was when I last asked."))
    if WAITING.search(fold(words)):
        told.append(
            _("I don't know whether there is a waiting list: they say so when one registers.")
        )
    return " ".join(told)


def room(program: Program) -> str:
    """Return how many spots a program has left, and when its registration opens."""
    left = program["spots_left"]
    if left is None:
        told = _("the provider doesn't say how many spots are left")
    else:
        told = registering.spots_left(left)
    if not program["opens_at"]:
        return told
    opening = _opens(program)
    return _("%(room)s, registration opens %(opening)s") % {"room": told, "opening": opening}


def schedule(plan: Plan, words: str) -> str:
    """Return when it is, or when registration opens."""
    if REGISTERING.search(fold(words)):
        return of_each(plan, words, THAT, _opening)
    return of_each(plan, words, SCHEDULES, schedule_of)


def schedule_of(program: Program) -> str:
    """Return when a program is."""
    return line(program["schedule"]) or _("the provider doesn't say when it is")


def _opening(program: Program) -> str:
    if program["opens_at"]:
        opening = _opens(program)
        return _("registration opens %(opening)s") % {"opening": opening}
    return _("the provider doesn't say when registration opens or closes")


def _opens(program: Program) -> str:
    """Return when registration opens as a person writes it, where it can be read as a time."""
    told = program["opens_at"] or ""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return line(told, NAME)
    told = local.day(moment)
    if moment.utcoffset() is None:
        return told
    return f"{told}, {local.time_of_day(moment)} {moment:%Z}"


def about(plan: Plan, words: str) -> str:
    """Return what a program is about, in the provider's own words."""
    if not plan.programs:
        return _not_yet(plan, DESCRIPTIONS)
    programs = meant(plan, words)
    if len(programs) > MOST_DESCRIBED:
        return _which()
    return sampled(plan, each(programs, _about))


def _about(program: Program) -> str:
    if not program["description"].strip():
        return _("the provider says nothing more about it")
    words = quoted(program["description"])
    return _("in the provider's own words: %(words)s") % {"words": words}


def options(plan: Plan, words: str) -> str:
    """Return what else there is to choose from."""
    if plan.step is Step.PROVIDER_SEARCH:
        if plan.offered:
            clubs = [
                f"{line(one['name'], NAME)} ({line(one['city'], NAME)})" for one in plan.offered
            ]
            names = listed(clubs)
            found = _("I found %(names)s.") % {"names": names}
            return f"{sampled(plan, found)} {_not_yet(plan, PROGRAMS)}"
        if plan.elsewhere:
            return at_their_websites(plan, PROGRAMS)
        return _(
            "Tell me a club, camp or school, or what kind you want, and a town: I'll look for it."
        )
    if not plan.programs:
        return _not_yet(plan, WHAT_THEY_OFFER)
    change = "" if plan.program is None else " " + _("To change, press “Change program”.")
    if days := facts.days(words):
        return sampled(plan, _on(plan, days)) + change
    named = [one for one in _named(plan, words) if one != plan.program]
    others = named or [one for one in plan.programs if one != plan.program]
    if not others:
        return _("%(club)s offers me nothing else right now.") % {"club": club(plan)}
    names = listed([titled(one) for one in others])
    if named:
        return (
            sampled(plan, _("%(club)s has %(names)s.") % {"club": club(plan), "names": names})
            + change
        )
    return (
        sampled(plan, _("%(club)s has these: %(names)s.") % {"club": club(plan), "names": names})
        + change
    )


def _on(plan: Plan, days: Collection[int]) -> str:
    """Return which programs meet on one of those days, by what they say."""
    wanted = _either([str(DAYS[day]) for day in sorted(days)])
    on = [one for one in plan.programs if facts.all_days(one["schedule"]) & set(days)]
    if not on:
        return _("None of the programs of %(club)s says %(wanted)s.") % {
            "club": club(plan),
            "wanted": wanted,
        }
    names = listed([titled(one) for one in on])
    return _("On %(wanted)s, %(club)s has %(names)s.") % {
        "wanted": wanted,
        "club": club(plan),
        "names": names,
    }


def _either(days: Sequence[str]) -> str:
    """Return "Monday or Friday"."""
    *others, last = days
    if not others:
        return last
    first = _either(others)
    return _("%(first)s or %(last)s") % {"first": first, "last": last}


# --- Which program --------------------------------------------------------------------------------


def of_each(plan: Plan, words: str, what: StrOrPromise, say: Callable[[Program], str]) -> str:
    """Return what there is to say of each program that is meant; `what` it is, in a few words."""
    if not plan.programs:
        return _not_yet(plan, what)
    programs = meant(plan, words)
    return sampled(plan, each(programs, say)) if len(programs) <= MOST else _which()


def each(programs: Sequence[Program], say: Callable[[Program], str]) -> str:
    """Return what there is to say of each of some programs."""
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


def _which() -> str:
    return _("Which program do you mean? Please ask again with its name.")


def _title(program: Program) -> str:
    return line(program["title"], NAME)


def titled(program: Program) -> str:
    """Return a program's title, and whether it is full."""
    title = _title(program)
    return _("%(title)s (full)") % {"title": title} if program["spots_left"] == 0 else title


def sampled(plan: Plan, told: str) -> str:
    """Return what was told of offers, saying so where they are samples."""
    return _("From the samples: %(told)s") % {"told": told} if plan.is_sample else told


def _not_yet(plan: Plan, what: StrOrPromise) -> str:
    if plan.step is Step.PROGRAM_SELECTION:
        return _("%(club)s has no programs open right now.") % {"club": club(plan)}
    if plan.provider:
        return _(
            "I don't know that yet: I see %(what)s once your account at %(club)s is connected."
        ) % {"what": what, "club": club(plan)}
    if plan.elsewhere and not plan.offered:
        return at_their_websites(plan, what)
    if plan.offered:
        return _(
            "I see %(what)s once your account there is connected. Choose your club, and we "
            "go on from there."
        ) % {"what": what}
    return _(
        "I see %(what)s once your account there is connected. Tell me which club it "
        "is, and we go on from there."
    ) % {"what": what}


def at_their_websites(plan: Plan, what: StrOrPromise = "") -> str:
    """Return that places no tool serves can only be asked themselves, and which name a website."""
    with_one = [line(one["name"], NAME) for one in plan.elsewhere if one["website"]]
    without = [line(one["name"], NAME) for one in plan.elsewhere if not one["website"]]
    if what:
        told = [
            _("I know no %(what)s of these places, and can't sign you up there: please ask them.")
            % {"what": what}
        ]
    else:
        told = [_("I can't sign you up at these places: please ask them.")]
    if with_one:
        names = listed(with_one)
        told.append(_("On the card is the website of %(names)s.") % {"names": names})
    if without:
        names = listed(without)
        told.append(_("I know no website of %(names)s.") % {"names": names})
    return " ".join(told)
