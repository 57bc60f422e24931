"""Which of the providers found a parent may mean: their order, and the question that finds out."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestrator.tools.contract import Provider

KM_PER_MILE = 1.609344
# As the postal service writes them, with the District of Columbia
STATES = re.compile(
    "a[klrz]|c[aot]|d[ce]|fl|ga|hi|i[adln]|k[sy]|la|m[adeinost]|n[cdehjmvy]|o[hkr]|pa|ri|s[cd]"
    "|t[nx]|ut|v[at]|w[aivy]",
    re.IGNORECASE,
)
NUMBERS = (
    gettext_lazy("no"),
    gettext_lazy("one"),
    gettext_lazy("two"),
    gettext_lazy("three"),
    gettext_lazy("four"),
    gettext_lazy("five"),
    gettext_lazy("six"),
    gettext_lazy("seven"),
    gettext_lazy("eight"),
    gettext_lazy("nine"),
)
SHORTEST_MISSPELT = 4  # shorter words are alike by chance


@dataclass(frozen=True)
class Wanted:
    """What a parent looks for: words, and words for a place."""

    query: str = ""
    location: str = ""

    @classmethod
    def of(cls, search: Mapping[str, Any]) -> Self:
        """Return what a search is about."""
        return cls(str(search.get("query") or ""), str(search.get("location") or ""))


ANYTHING = Wanted()


def in_order(found: Sequence[Provider], wanted: Wanted) -> list[Provider]:
    """Return the providers: those in the named town first, then the nearest, then the likeliest."""

    def place(one: Provider) -> tuple[bool, bool, float, float]:
        near = one["distance_km"]
        return (
            not _is_in_town(one, wanted),
            one["state"].casefold() not in _words(wanted.location),
            math.inf if near is None else near,
            -_likeness(one, wanted),
        )

    return sorted(found, key=place)


def question(offered: Sequence[Provider], wanted: Wanted) -> str:
    """Return the sentence that asks which of the providers it is; there is at least one."""
    first, count = offered[0], len(offered)
    named = [one for one in offered if _is_in_town(one, wanted)]
    misspelt = bool(wanted.query) and all(_is_misspelt(one, wanted) for one in offered)
    if count == 1:
        former = _former_name(first, wanted)
        if former:
            return _("I found %(name)s, formerly %(former)s. Is that the one?") % {
                "name": first["name"],
                "former": former,
            }
        if misspelt:
            return _("Did you mean %(in_town)s?") % {"in_town": _in_town(first)}
        return _("I found %(name)s. Is that the one?") % {"name": first["name"]}
    if len(named) == 1:
        return _("I found %(in_town)s. Is that the one?") % {"in_town": _in_town(first)}
    towns = _towns(offered)
    if towns:
        how_many = NUMBERS[count] if count < len(NUMBERS) else count
        told = _("There are %(how_many)s of that name: %(towns)s. Which town?") % {
            "how_many": how_many,
            "towns": towns,
        }
        lead = _("Did you mean %(name)s?") % {"name": first["name"]}
        return f"{lead} {told}" if misspelt else told
    if misspelt:
        return _("I found nothing by exactly that name. Did you mean one of these %(count)s?") % {
            "count": count
        }
    return _("I found %(count)s providers. Which one is yours?") % {"count": count}


def away(kilometres: float | None, *, in_us: bool) -> str:
    """Return a distance as people there say it: miles in the United States, else kilometres."""
    if kilometres is None:
        return ""
    if not in_us:
        distance = f"{kilometres:.0f}"
        return _("%(distance)s km away") % {"distance": distance}
    miles = round(kilometres / KM_PER_MILE)
    if miles < 1:
        return _("less than a mile away")
    return ngettext("%(count)s mile away", "%(count)s miles away", miles) % {"count": miles}


def some(names: Sequence[str], most: int) -> str:
    """Return the first of some names, and how many more there are."""
    shown, more = "; ".join(names[:most]), len(names) - most
    return _("%(shown)s; and %(more)s more") % {"shown": shown, "more": more} if more > 0 else shown


def is_in_us(state: str) -> bool:
    """Return whether a provider's `state` is one of the United States, by its two letters."""
    return STATES.fullmatch(state) is not None


def _in_town(one: Provider) -> str:
    name, town = one["name"], one["city"]
    return _("%(name)s in %(town)s") % {"name": name, "town": town} if town else name


def _towns(offered: Sequence[Provider]) -> str:
    """Return "in Eau Claire and in Rockford" for providers of one name, '' for any others."""
    if len({tuple(_words(one["name"])) for one in offered}) > 1:
        return ""
    short = [one["city"] for one in offered]
    long = [f"{one['city']}, {one['state']}" for one in offered]
    for towns in (short, long):
        if all(short) and len(set(towns)) == len(towns):
            places = [_("in %(town)s") % {"town": town} for town in towns]
            first, last = ", ".join(places[:-1]), places[-1]
            return _("%(first)s and %(last)s") % {"first": first, "last": last}
    return ""


def _is_in_town(one: Provider, wanted: Wanted) -> bool:
    town = set(_words(one["city"]))
    return bool(town) and town <= {*_words(wanted.location), *_words(wanted.query)}


def _likeness(one: Provider, wanted: Wanted) -> float:
    said = " ".join(_words(wanted.query))
    names = [one["name"], *one.get("former_names", [])]
    return max(SequenceMatcher(None, said, " ".join(_words(name))).ratio() for name in names)


def _said_of_name(one: Provider, wanted: Wanted) -> list[str]:
    """Return the words that were looked for, without those for where it is."""
    where = {*_words(one["city"]), *_words(one["state"])}
    return [word for word in _words(wanted.query) if word not in where]


def _is_misspelt(one: Provider, wanted: Wanted) -> bool:
    """Return whether a word was nearly one of the name's, and none that the name ever had."""
    if _former_name(one, wanted):
        return False
    known = {word for word in _words(one["name"]) if len(word) >= SHORTEST_MISSPELT}
    return any(
        _is_nearly(word, other)
        for word in _said_of_name(one, wanted)
        if len(word) >= SHORTEST_MISSPELT and word not in known
        for other in known
    )


def _is_nearly(word: str, known: str) -> bool:
    if word.startswith(known) or known.startswith(word):
        return False  # an ending, or the beginning of the name: nothing is wrong with that
    return SequenceMatcher(None, word, known).ratio() >= 0.75


def _former_name(one: Provider, wanted: Wanted) -> str | None:
    """Return the older name that was looked for, if it was not the one of today."""
    said = set(_said_of_name(one, wanted))
    if not said or said <= set(_words(one["name"])):
        return None
    former = one.get("former_names", [])
    return next((name for name in former if said <= set(_words(name))), None)


def _words(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents and possessive endings."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("’", "'")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", plain.replace("'s", ""))
