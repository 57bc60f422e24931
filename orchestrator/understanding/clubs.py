"""Which of the clubs shown is meant: by its name, its town, its distance, or its place in the list.

What speaks for a choice is weighed against what speaks for a new search: an activity, a town or a
name that none of those shown has.
"""

import re
from collections.abc import Sequence

from orchestrator.tools.contract import Provider
from orchestrator.understanding import choosing, facts, searching, words
from orchestrator.understanding.choosing import likeness, place_in_list
from orchestrator.understanding.family import without_children
from orchestrator.understanding.pieces import SMALL, is_activity, is_organisation
from orchestrator.understanding.states import NAME

KM_PER_MILE = 1.609

BECAUSE = re.compile(
    r"(?<=\w),? (?:because|bc|cuz|cause|since|porque|ya que)\b[^,.;!?\n]*", re.IGNORECASE
)
NEAREST = re.compile(
    r"\b(?:closest|nearest|closer|nearer|(?:close|near) (?:to |by )?(?:me|us|home|here|one)|nearby"
    r"|close by|close one|mas cerca(?:n[oa])?|cercan[oa])\b"
)
FARTHEST = re.compile(
    r"(?<!not )\b(?:furthest|farthest|mas lejos|mas lejan[oa]|(?:the )?far one)\b"
)
DISTANCE = re.compile(r"\b(\d{1,4}(?:\.\d)?) ?(km|kilometers?|mi|miles?)\b")
UNFIT = re.compile(
    r"(?:(?<=^)|(?<=,))[^,]*\b(?:too (?:far|big|small|expensive|crowded)|far away|no good|wont work"
    r"|doesnt work|demasiado lejos|muy lejos|queda lejos)\b[^,]*"
)
NOT_OF_THAT_KIND = re.compile(
    r"\b(?:not|isnt|no es) (?:the|that|our|my|el|la) (?:\w+ )?(?:club|camp|school|place|escuela)\b[^,]*"
)
KIND_OF_ONE = re.compile(r"\b(?:the|that|this|ones?|el|la|los|las)\b")


def providers_meant(said: str, providers: Sequence[Provider]) -> list[Provider]:
    """Return the providers that the words mean: one, several alike, or none.

    Words that fit none of them mean none: somebody else is to be looked for.
    """
    if not providers:
        return []
    said = BECAUSE.sub("", without_children(said))
    strange = _strangers(said, providers)
    if any(map(is_activity, strange)):
        return []
    if (last := choosing.last_word(said)) and (found := providers_meant(last, providers)):
        return found
    line = choosing.mended(said, [_known(one) for one in providers])
    kept, turned_down = _without_turned_down(line)
    if strange and not _is_one_named(kept, providers, strange):
        return []
    points = bool(turned_down) or KIND_OF_ONE.search(kept) is not None
    found = _meant(kept, providers, by_kind=points)
    if len(providers) == 1 and choosing.OTHER.search(line):
        found = []
    unwanted = [one for part in turned_down for one in _named(part, providers)]
    if not unwanted:
        return [] if turned_down and not found else found
    left = [one for one in (found or providers) if one not in unwanted]
    return left if found or len(left) == 1 else []


def asks_for_the_nearest(said: str) -> bool:
    """Return whether the words tell by where the parent is: "the nearest one", "near me"."""
    return NEAREST.search(words.fold(said)) is not None


def turns_down(said: str, provider: Provider) -> bool:
    """Return whether the words say "not Blackhawk" of a provider."""
    _, turned_down = _without_turned_down(choosing.mended(said, [_known(provider)]))
    return any(_named(part, [provider]) for part in turned_down)


def _strangers(said: str, providers: Sequence[Provider]) -> set[str]:
    """Return the words of a search that none of those shown has: it may be for somebody else."""
    found = searching.sought(said)
    in_town = words.tokens(found.location or "")
    named = [word for word in words.tokens(found.query) if not is_organisation(word)]
    telling = {
        word
        for word in (*named, *in_town)
        if word not in SMALL and len(word) > 1 and word.isalpha()
    }
    return {
        word
        for word in telling - _PLACES - _COUNTED
        if not any(_hit(word, one) for one in providers)
    }


def _is_one_named(line: str, providers: Sequence[Provider], strange: set[str]) -> bool:
    """Return whether one of them is named all the same, in a sentence that says more."""
    named = _named(line, providers)
    in_another_town = re.search(
        rf"\b(?:in|near|en|from) (?:{'|'.join(map(re.escape, strange))})\b", line
    )
    return len(named) == 1 < len(providers) and not in_another_town and "," in line


def _without_turned_down(line: str) -> tuple[str, list[str]]:
    """Return the line without "not madison" or "boston is too far", and what was turned down."""
    of_that_kind = NOT_OF_THAT_KIND.findall(line)
    kept, turned_down = choosing.without_turned_down(NOT_OF_THAT_KIND.sub(" ", line))
    turned_down += [*of_that_kind, *UNFIT.findall(kept)]
    parts = [re.split(r"\b(?:and|or|nor|y|ni)\b|,", one) for one in turned_down]
    return UNFIT.sub(" ", kept), [part for some in parts for part in some]


def _meant(line: str, providers: Sequence[Provider], *, by_kind: bool) -> list[Provider]:
    tokens = choosing.spoken(line)
    named = _named(line, providers, by_kind=by_kind)
    if far := _so_far(line, named or providers):
        return far
    if not named or any(token in choosing.ORDINALS for token in tokens):
        place = place_in_list(
            [word for word in tokens if word not in SMALL or word in _COUNTED],
            len(named or providers),
        )
        if place is not None:
            return [(named or providers)[place]]
    return named


def _so_far(line: str, providers: Sequence[Provider]) -> list[Provider]:
    """Return those at the distance that is said: "6 km away", the closest, the furthest."""
    known = sorted(
        (one for one in providers if one["distance_km"] is not None),
        key=lambda one: one["distance_km"] or 0.0,
    )
    if NEAREST.search(line):
        return known[:1]
    if FARTHEST.search(line):
        return known[-1:]
    if (said := DISTANCE.search(line)) is None:
        return []
    km = float(said[1]) * (KM_PER_MILE if said[2].startswith("mi") else 1)
    near = [one for one in known if abs((one["distance_km"] or 0.0) - km) <= max(1.0, km * 0.1)]
    return near if len(near) == 1 else []


def _named(line: str, providers: Sequence[Provider], *, by_kind: bool = True) -> list[Provider]:
    """Return those whose name, town or state the words hold most of.

    "Swim school" alone is looked for: only "the swim school" is one of those shown (`by_kind`).
    """
    telling = [word for word in choosing.spoken(line) if _tells(word)][: words.MOST_WORDS]
    kinds = [word for word in telling if is_activity(word) or is_organisation(word)]
    if len(kinds) == len(telling) and not by_kind:
        return []
    scored = [(sum(_hit(word, one) for word in dict.fromkeys(telling)), one) for one in providers]
    return choosing.best_of(scored)


def _tells(word: str) -> bool:
    is_kind = is_activity(word) or is_organisation(word)
    return (word not in SMALL or is_kind) and word not in words.STOPWORDS and word.isalpha()


def _hit(word: str, provider: Provider) -> float:
    return max(likeness(word, known) for known in words.tokens(_known(provider)))


def _known(provider: Provider) -> str:
    state = NAME.get(provider["state"].upper(), "")
    return f"{provider['name']} {provider['city']} {provider['state']} {state}"


_PLACES = words.listed("area branch location place spot site downtown")
_COUNTED = {
    *choosing.ORDINALS,
    *facts.NUMBERS,
    "one",
    "uno",
    "una",
    "number",
    "other",
    "the",
    "otro",
    "otra",
}
