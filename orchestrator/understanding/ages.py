"""For which ages programs are, by their own words; who is old enough, the provider decides."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Program
from orchestrator.understanding import facts, offerings, wishes
from orchestrator.understanding.words import STOPWORDS, fold, tokens

AGES = gettext_lazy("ages and levels")  # I see … once your account there is connected
LEVELS = re.compile(
    r"\b(?:ages?|aged|years?|yrs?|olds?|months?|grades?|levels?|beginners?|intermediate|advanced"
    r"|experienced?|first.time\w*|toddlers?|teens?|adults?|famil(?:y|ies)|edad\w*|anos|nivel\w*)\b"
)
WHICH = re.compile(r"\b(?:which|any|anything|cual|cuales|algo|what(?! about\b))\b")


def age(plan: Plan, words: str) -> str:
    """Return what the provider says of ages and levels, or which programs take a child's age."""
    years = facts.childs_age(words)
    named = _by_title(plan, words)
    asks_which = WHICH.search(fold(words)) is not None or not (plan.program or named)
    if plan.programs and years is not None and asks_which:
        return offerings.sampled(plan, taking(plan, years))
    if plan.program:
        return offerings.sampled(plan, offerings.each(named or [plan.program], _says))
    return offerings.of_each(plan, words, AGES, _says)


def taking(plan: Plan, years: int) -> str:
    """Return which of the programs take a child of that age, and which do not tell."""
    takes = [(offerings.titled(one), wishes.takes(one, years)) for one in plan.programs]
    fit = offerings.listed([title for title, fits in takes if fits])
    silent = offerings.listed([title for title, fits in takes if fits is None])
    told = (
        _("For age %(years)s, by what they say: %(names)s.") % {"years": years, "names": fit}
        if fit
        else _("For age %(years)s, by what they say: none of them.") % {"years": years}
    )
    if not silent:
        return told
    return told + " " + (_("No ages are told of: %(names)s.") % {"names": silent})


def span(program: Program) -> str:
    """Return the ages that a program tells, in a few words."""
    taken = facts.ages(f"{program['title']}. {program['description']}")
    if taken is None:
        return _("no ages told")
    youngest, oldest = taken
    if oldest >= facts.NO_OLDEST:
        return _("from age %(youngest)s") % {"youngest": youngest}
    if youngest == 0:
        return _("up to age %(oldest)s") % {"oldest": oldest}
    return _("ages %(youngest)s to %(oldest)s") % {"youngest": youngest, "oldest": oldest}


def _says(program: Program) -> str:
    parts = (
        *offerings.SENTENCE.split(program["description"]),
        program["title"],
        program["schedule"],
    )
    says = next((part for part in parts if LEVELS.search(fold(part))), None)
    if says is None:
        return _("the provider doesn't say which ages or levels it is for")
    words = offerings.quoted(says, offerings.LINE)
    return _("the provider says %(words)s") % {"words": words}


def _by_title(plan: Plan, words: str) -> list[Program]:
    """Return the programs that words name by what their titles alone have in them."""
    said = set(tokens(words)) - STOPWORDS
    found = [one for one in plan.programs if said & set(tokens(one["title"]))]
    return found[: offerings.MOST_DESCRIBED]
