"""Where providers are, and how far away."""

import re

from django.utils.translation import gettext as _

from orchestrator.flow import offers
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import clubs
from orchestrator.understanding.offerings import NAME, ended, line, listed, sampled
from orchestrator.understanding.words import fold

HOW_FAR = re.compile(
    r"\b(?:how (?:far|close|near)|clos(?:er|est)|near(?:er|est)?|distance|miles|lejos|cerca)\b"
)


def place(plan: Plan, words: str) -> str:
    """Return where it is, and how far away."""
    named = clubs.providers_meant(words, plan.offered)
    shown = [plan.provider] if plan.provider else named or list(plan.offered)
    where = [
        _where(
            one["name"],
            ", ".join(part for part in (one["city"], one["state"]) if part),
            offers.away(one["distance_km"], in_us=offers.is_in_us(one["state"])),
        )
        for one in shown
    ]
    mapped = () if shown else plan.elsewhere
    where += [
        _where(
            one["name"],
            one["address"],
            offers.away(one["distance_km"], in_us=one["address"].endswith("USA")),
        )
        for one in mapped
    ]
    if not where:
        return _("I don't know that yet: tell me which club, and I will look it up.")
    more = (
        ""
        if plan.elsewhere and not shown
        else " " + _("I have no street address: please ask them.")
    )
    told = sampled(plan, ended(listed(where)))
    unknown = all(one["distance_km"] is None for one in (*shown, *mapped))
    if HOW_FAR.search(fold(words)) and unknown:
        return f"{_how_far(plan)} {told}"
    return told + more


def _how_far(plan: Plan) -> str:
    located = any(one["distance_km"] is not None for one in (*plan.offered, *plan.elsewhere))
    if located or plan.step is not Step.PROVIDER_SEARCH:
        return _("How far that is from you, I don't know.")
    return _(
        "I don't know where you are: press “Use my location” under the message field, "
        "or tell me your town."
    )


def _where(name: str, town: str, away: str) -> str:
    known = ", ".join(part for part in (line(town), away) if part)
    name = line(name, NAME)
    return (
        f"{name}: {known}" if known else _("%(name)s: nobody told me where it is") % {"name": name}
    )
