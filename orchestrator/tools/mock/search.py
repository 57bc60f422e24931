"""Finding a sample provider by what a parent may have typed."""

import math
import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from orchestrator.tools.mock.catalogue import SampleProvider, load

STATES = {"wisconsin": "WI", "minnesota": "MN", "illinois": "IL", "iowa": "IA"}

EARTH_RADIUS_KM = 6371.0


def search(args: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the providers that fit `query`, and `location` where some of them do.

    With `coords` each has its distance, and the nearest comes first.
    """
    query = words(args.get("query"))
    meant = [word for word in query if word not in SMALL_TALK and not word.isdigit()]
    telling = [word for word in meant if word not in GENERIC] or meant
    if not telling:
        return []
    found = [provider for provider in load()["providers"] if _fits(provider, telling)]
    found = _around(found, set(words(args.get("location"))))
    coords = args.get("coords")
    if not isinstance(coords, Mapping):
        return [_shown(provider) for provider in found]
    shown = [_shown(provider) | {"distance_km": _distance(provider, coords)} for provider in found]
    return sorted(shown, key=lambda provider: provider["distance_km"])


def words(text: object) -> list[str]:
    """Return the words of a text: lower case, without accents and possessive endings."""
    plain = unicodedata.normalize("NFKD", str(text or "")).casefold().replace("’", "'")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[a-z0-9]+", plain.replace("'s", ""))


# Words that say nothing about which provider is meant.
SMALL_TALK = frozenset(
    words(
        "a age an and any are at best book by can child children class classes could course courses"
        " d daughter enroll find for from get girl boy good help her hi his hello i in is it join"
        " kid kids lesson lessons like ll look looking m me my near nearby need of old on our out"
        " please program programs register season she he sign signup some son that the them there"
        " they this to up us ve want we week weekend with would year years you"
    )
)
# Words that many providers share: they count only when nothing better was said.
GENERIC = frozenset(
    words(
        "academy academies association associations center centers centre centres club clubs"
        " organization organizations school schools team teams"
    )
)


def _fits(provider: SampleProvider, telling: list[str]) -> bool:
    names = [provider["name"], *provider.get("former_names", [])]
    known = words(" ".join([*names, provider["city"], provider["state"]]))
    known += provider["keywords"]
    together = "".join(telling)  # "black hawk" means Blackhawk
    if len(together) > 3 and any(together in "".join(words(name)) for name in names):
        return True
    pairs = {first + then for first, then in pairwise(telling)}
    return all(
        any(_alike(word, other) for other in known)
        or any(word in pair and pair in known for pair in pairs)
        for word in telling
    )


def _alike(word: str, known: str) -> bool:
    """Return whether two words are the same but for an ending or a slip of the finger."""
    if word == known:
        return True
    if min(len(word), len(known)) < 4:
        return False
    if word.startswith(known) or known.startswith(word):
        return True
    return min(len(word), len(known)) > 4 and SequenceMatcher(None, word, known).ratio() > 0.8


def _around(found: list[SampleProvider], place: set[str]) -> list[SampleProvider]:
    """Return those in the named city, else those in the named state, else all of them."""
    in_city = [one for one in found if set(words(one["city"])) <= place]
    states = {STATES.get(word, word.upper()) for word in place}
    in_state = [one for one in found if one["state"] in states]
    if in_city and in_state:
        return [one for one in in_city if one in in_state] or in_city
    return in_city or in_state or found


def _shown(provider: SampleProvider) -> dict[str, Any]:
    shown = ("name", "org_ref", "provider", "city", "state", "former_names")
    return {name: value for name, value in provider.items() if name in shown}


def _distance(provider: SampleProvider, coords: Mapping[str, Any]) -> float:
    """Return the kilometres between the two along the surface (haversine)."""
    lat, lng = math.radians(provider["lat"]), math.radians(provider["lng"])
    here_lat, here_lng = math.radians(float(coords["lat"])), math.radians(float(coords["lng"]))
    half = (
        math.sin((lat - here_lat) / 2) ** 2
        + math.cos(lat) * math.cos(here_lat) * math.sin((lng - here_lng) / 2) ** 2
    )
    return round(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half))), 1)
