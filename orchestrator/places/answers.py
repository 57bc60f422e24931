"""What the map answered, rebuilt from what its documentation allows: strangers write these texts.

What has the wrong type makes the whole answer a bad one. What is only odd (a name like a book, an
address that leads nowhere good) is cut or left out, and the rest is shown.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import unquote, urlsplit

from orchestrator.places.contract import Place, SearchUnavailableError
from orchestrator.places.question import MOST_PLACES
from orchestrator.tools import schema

# Every field has its price; these are all that is shown, or decides what is.
# Source: https://developers.google.com/maps/documentation/places/web-service/data-fields
FIELDS = ",".join(
    f"places.{name}"
    for name in (
        "displayName",
        "formattedAddress",
        "location",
        "websiteUri",
        "businessStatus",
        "attributions",
    )
)
MOST_CREDITS = 5
LONGEST_NAME, LONGEST_ADDRESS = 120, 200
PUBLIC = re.compile(r"[^\W\d_]{2,}|xn--[a-z0-9-]+")  # no number, of which IP addresses are made
INSIDE = {"local", "internal", "localhost"}
EARTH_RADIUS_KM = 6371.0


class Spot(TypedDict):
    """A place and where it is, as it is kept for whoever asks the same."""

    place: Place
    at: tuple[float, float] | None


def spots_in(answer: object) -> list[Spot]:
    """Return the places of an answer that are still there; no `places` at all means none.

    :raises SearchUnavailableError: if anything in it is not what the documentation allows
    """
    try:
        places = schema.items(schema.mapping(answer).get("places", []))
        spots = [_spot(schema.mapping(place)) for place in places]
    except schema.InvalidError:
        pass  # raised below, without a context that could hold the text
    else:
        return [spot for spot in spots if spot is not None][:MOST_PLACES]
    raise SearchUnavailableError("bad_response")


def seen_from(spots: Sequence[Spot], coords: Mapping[str, float] | None) -> list[Place]:
    """Return the places with their distance from somewhere, the nearest first where it is known."""
    if coords is None:
        return [spot["place"] for spot in spots]
    here = (coords["lat"], coords["lng"])
    seen: list[Place] = [
        {**spot["place"], "distance_km": spot["at"] and _kilometres(here, spot["at"])}
        for spot in spots
    ]
    return sorted(seen, key=lambda place: _or_far(place["distance_km"]))


def _spot(place: Mapping[str, object]) -> Spot | None:
    """Return a place, or None where it is closed for good, or has no name."""
    name = _shown(schema.mapping(place.get("displayName", {})).get("text", ""), LONGEST_NAME)
    status = _text(place.get("businessStatus", ""))
    found: Place = {
        "name": name,
        "address": _shown(place.get("formattedAddress", ""), LONGEST_ADDRESS),
        "website": _website(_text(place.get("websiteUri", ""))),
        "distance_km": None,
        "is_closed_for_now": status == "CLOSED_TEMPORARILY",
        "credits": _credits(place.get("attributions", [])),
    }
    spot: Spot = {"place": found, "at": _position(place.get("location"))}
    return spot if name and status != "CLOSED_PERMANENTLY" else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise schema.InvalidError
    return value


def _shown(value: object, longest: int) -> str:
    """Return a text in one line of a sane length, and without what turns or hides letters."""
    kept = "".join(
        " " if one.isspace() else one
        for one in _text(value)[: 10 * longest]
        if one.isspace() or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _website(address: str) -> str | None:
    """Return an address on the public net, or None: no parent is sent into somebody's network."""
    try:
        link = schema.link(address)
    except schema.InvalidError:
        return None
    # as browsers read it, where a number is an IP address in any spelling ("0x7f.1")
    host = unicodedata.normalize("NFKC", urlsplit(link).hostname or "").replace("。", ".")
    *domain, last = unquote(host).rstrip(".").split(".")
    is_named = bool(domain) and PUBLIC.fullmatch(last) and last not in INSIDE
    return link if is_named else None


def _credits(value: object) -> list[str]:
    """Return the names of others whose data is in it."""
    named = (schema.mapping(one).get("provider", "") for one in schema.items(value))
    shown = [_shown(name, LONGEST_NAME) for name in named]
    return [name for name in shown if name][:MOST_CREDITS]


def _position(value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    found = schema.mapping(value)
    # JSON of Protocol Buffers leaves zeros out
    return _degrees(found.get("latitude", 0), 90), _degrees(found.get("longitude", 0), 180)


def _degrees(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise schema.InvalidError
    if not -most <= value <= most:  # no NaN is
        raise schema.InvalidError
    return float(value)


def _kilometres(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the way along the surface (haversine)."""
    (lat, lng), (to_lat, to_lng) = (tuple(map(math.radians, point)) for point in (one, other))
    half = (
        math.sin((to_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(to_lat) * math.sin((to_lng - lng) / 2) ** 2
    )
    return round(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half))), 1)


def _or_far(distance: float | None) -> float:
    return math.inf if distance is None else distance


def to_json(spots: Sequence[Spot]) -> Any:
    """Return the places as they are kept in a cache."""
    return [[spot["place"], spot["at"]] for spot in spots]


def from_json(kept: Any) -> list[Spot]:
    """Return what `to_json` wrote."""
    return [{"place": place, "at": at and (at[0], at[1])} for place, at in kept]
