"""What the map is asked: a search without whatever might say who is asking.

Pure. A parent's words leave for another company here, so that less goes out than was typed: nothing
at all where it holds an e-mail, a number of a person's or a secret, no more of a child than can be
helped, and a position that is good for a region and not for a home.
"""

import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from audit import opened
from orchestrator import private_words

MOST_PLACES = 5
RADIUS_METRES = 50_000.0  # the largest circle that Google takes
LANGUAGE = "en"
LONGEST = 200

_LINK = re.compile(r"\S*https?://\S*")
# "… for my daughter", "… for Emma, she is 7", "and has asthma": a place is found as well without
_OF_A_CHILD = re.compile(
    r"[,;]?\s*\bfor\s+(?:my|our|his|her|their)\b.*$"
    r"|[,;]?\s*\bfor\s+[^,;]{1,60}[,;]\s*(?:he|she|they|who|born|aged?)\b.*$"
    r"|[,;]?\s*\b(?:he|she|they|who)(?:\s+(?:is|are|has|have|needs?)|['\u2019](?:s|re|ve))\b.*$"
    r"|[,;]?\s*(?:\band\s+)?\b(?:has|suffers|is allergic|born|aged)\b.*$"
    r"|[,;]?\s*\b(?:my|our)\s+(?:\w+\s+)?(?:daughter|son|kid|child|girl|boy|twin)s?\b.*$",
    re.IGNORECASE,
)
# "judo for Max Mustermann", and no "Center for Young Artists" or "Swim for Kids"
_FOR_SOMEBODY = re.compile(r"(\w+)\s+for\s+(\w+)(?:\s+[A-Z][\w'\u2019-]*)*")
_MADE_FOR_OTHERS = re.compile(
    r"academy|association|camp|cent(?:er|re)|club|foundation|house|institute|lab|place|school|society"
    r"|studio|theat(?:er|re)"
)
_OTHERS = re.compile(
    r"a|adults?|all|any|bab(?:y|ies)|beginners?|boys?|child(?:ren)?|creative|dogs|every\w*|families|fun"
    r"|gifted|girls?|god|good|grades?|horses|infants|juniors?|kids?|life|little|minors|older|small"
    r"|starters|students|teen\w*|the|toddlers?|tots|two|women|young\w*|youth|\d+"
)


@dataclass(frozen=True)
class Question:
    """One search: equal ones have equal answers, whoever asks. `near` is rounded, latitude first."""

    text: str
    near: tuple[float, float] | None = None

    @classmethod
    def of(cls, search: Mapping[str, Any]) -> Self | None:
        """Return what may be asked of a search, or None where nothing is left that may."""
        said, at = str(search.get("query") or ""), str(search.get("location") or "")
        query, location = _harmless(said), _harmless(at)
        # together, as they were typed: each half may hold half of a date
        tells = any(map(private_words.tell, (said, at, f"{said} {at}")))
        if not query or tells or search.get("is_private") or opened.is_held(dict(search)):
            return None
        coords = search.get("coords")
        # a tenth of a degree is some ten kilometres
        near = (round(coords["lat"], 1), round(coords["lng"], 1)) if coords else None
        return cls(f"{query} in {location}" if location else query, near)

    def body(self) -> dict[str, Any]:
        """Return the request as Text Search (New) takes it.

        Source: https://developers.google.com/maps/documentation/places/web-service/text-search
        """
        asked = {"textQuery": self.text, "pageSize": MOST_PLACES, "languageCode": LANGUAGE}
        if self.near is None:
            return asked
        center = {"latitude": self.near[0], "longitude": self.near[1]}
        return asked | {"locationBias": {"circle": {"center": center, "radius": RADIUS_METRES}}}

    def digest(self, purpose: str, *, secret: str) -> str:
        """Return 32 hex digits that tell equal questions from different ones and nothing else."""
        key = hmac.digest(secret.encode(), f"signupassist places {purpose} 1".encode(), "sha256")
        told = json.dumps([self.text.casefold(), self.near, LANGUAGE], separators=(",", ":"))
        return hmac.digest(key, told.encode(), "sha256")[:16].hex()


def _harmless(said: str) -> str:
    """Return the words of what was said that may go out."""
    found = unicodedata.normalize("NFKC", said)
    for unwanted in (_LINK, _OF_A_CHILD):
        found = unwanted.sub(" ", found)
    found = _FOR_SOMEBODY.sub(_without_somebody, found)
    printable = "".join(one if one.isprintable() else " " for one in found)
    return " ".join(printable.split()).strip(" .,;!?")[:LONGEST]


def _without_somebody(found: re.Match[str]) -> str:
    """Return the words before "for Max"; all of them where they are no person's."""
    whose, who = (word.casefold() for word in found.groups())
    is_nobody = _MADE_FOR_OTHERS.fullmatch(whose) or _OTHERS.fullmatch(who)
    return found[0] if is_nobody else found[1]
