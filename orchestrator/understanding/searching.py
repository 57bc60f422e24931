"""What a parent looks for, and where: a search freed of small talk, children, ages and dates.

Each sentence is cut down to what it names; the one that names most is the search. The spelling
stays the parent's own: whoever is searched knows names better than we do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.understanding import words
from orchestrator.understanding.family import without_family, without_times
from orchestrator.understanding.pieces import (
    ACTIVITIES,
    FILLER,
    ORGANISATIONS,
    SEEKS,
    Piece,
    is_activity,
    is_organisation,
    is_small_talk,
    pieces_of,
    typed,
)
from orchestrator.understanding.towns import apart

LONGEST = 200
NAMED = 3  # the weight from which on the words surely name something

SENTENCE_END = re.compile(r"[.!?;:\n…]|\s[-–—]\s|\bbut\b|\bpero\b", re.IGNORECASE)
ABBREVIATED = re.compile(r"\b(St|Mt|Ft|Dr)\.", re.IGNORECASE)

BECAUSE = re.compile(r"(?<=\w) (?:because|bc|cuz|porque|ya que)\b[^,.;!?\n]*", re.IGNORECASE)
NOT_THAT = re.compile(r"\bnot (?:the|that|this)\b[^,.;!?\n]*", re.IGNORECASE)
DATED = re.compile(
    r"(?:,\s*)?(?:\bborn\b[^,\d]{0,12})?\b\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}\b", re.IGNORECASE
)
ANYTHING_BUT = re.compile(
    r"\b(?:any|every|some)?(?:thing|all|todo) (?:but|except|besides|other than|menos)\b[^,.;!?\n]*",
    re.IGNORECASE,
)
ASKS = words.listed("why how who when whats whose por quien cuando como")
HOLDS_TOGETHER = words.listed("of and or n y o de del the la las los el")
TURNED_DOWN = {
    ("not",),
    ("skip",),
    ("except",),
    ("instead", "of"),
    ("rather", "than"),
    ("no", "more"),
}


@dataclass(frozen=True)
class Sought:
    """What is looked for, and where; `weight` says how surely the words name something."""

    query: str
    location: str | None
    weight: int

    @property
    def names_an_organisation(self) -> bool:
        """Return whether a club, camp or school is among it."""
        return not ORGANISATIONS.isdisjoint(words.tokens(self.query))

    @property
    def names_somebody(self) -> bool:
        """Return whether it is more than a kind of place: "Sunfish Swim School", not "swim school"."""
        kind = ORGANISATIONS | ACTIVITIES | FILLER | words.STOPWORDS
        return not kind.issuperset(words.tokens(self.query))

    @property
    def asks_for_something(self) -> bool:
        """Return whether it is an activity, or named as what one wants: "we want Sunfish"."""
        return self.weight - 3 * self.names_an_organisation >= 2

    @property
    def is_only_a_place(self) -> bool:
        """Return whether a place is all that was named."""
        return self.query != "" and self.query == self.location


def sought(text: str) -> Sought:
    """Return what the words look for; an empty query where they name nothing."""
    text = NOT_THAT.sub(" ", text[: words.LONGEST_TEXT]) if NOT_THAT.sub("", text).strip() else text
    text = DATED.sub(" ", ANYTHING_BUT.sub(" ", text))
    text = BECAUSE.sub(" ", re.sub(r"\(.{0,40}?\)", " ", text[: words.LONGEST_TEXT]))
    parts = [_sentence(part) for part in SENTENCE_END.split(ABBREVIATED.sub(r"\1", text))]
    named = [part for part in parts if part.query or part.location]
    if not named:
        return Sought("", None, 0)
    best = max(named, key=lambda part: part.weight)
    location = best.location or next((part.location for part in named if part.location), None)
    query = _with_activity(
        best.query or next((part.query for part in named if part.query), ""), named
    )
    return Sought((query or location or "")[:LONGEST], location and location[:LONGEST], best.weight)


def is_a_kind(word: str) -> bool:
    """Return whether a word is only a kind of activity or place, or small talk."""
    return is_activity(word) or is_organisation(word) or word in FILLER | words.STOPWORDS


def is_a_question(text: str) -> bool:
    """Return whether the words ask something rather than look for something."""
    said = words.tokens(text)
    return bool(said) and said[0] in ASKS and said[:2] not in (["how", "about"], ["por", "favor"])


def _with_activity(query: str, named: Sequence[Sought]) -> str:
    """Return "soccer club" for a mere "club", where another sentence says that it is about soccer."""
    if not query or set(words.tokens(query)) - ORGANISATIONS:
        return query
    said = [word for part in named for word in words.tokens(part.query)]
    activity = next((word for word in said if word in ACTIVITIES), None)
    return f"{activity} {query}" if activity else query


def _sentence(text: str) -> Sought:
    pieces = without_times(without_family(pieces_of(text)))
    if name := _capital_name(pieces):
        return Sought(typed(name), None, NAMED)
    pieces, where = apart(pieces)
    phrases = [phrase for phrase in _phrases(pieces) if not phrase.is_turned_down]
    best = max(phrases, key=lambda phrase: phrase.rank, default=None)
    if best is None:
        return Sought("", typed(where) or None, 0)
    return Sought(typed(best.pieces), typed(where) or None, best.weight + bool(where))


def _capital_name(pieces: Sequence[Piece]) -> list[Piece]:
    """Return all of the pieces where they are one name in capitals: Forget Me Not Preschool."""
    if len(pieces) < 2 or not all(piece.raw.istitle() for piece in pieces):
        return []
    starts = pieces[0].word in SEEKS - {"find"} | words.listed(
        "hi hello hey hola i we the a please my"
    )
    return [] if starts or pieces[-1].word not in ORGANISATIONS else list(pieces)


@dataclass(frozen=True)
class _Phrase:
    """Words in a row that may name what is looked for, and the small talk that leads up to them."""

    pieces: Sequence[Piece]
    lead: tuple[str, ...]

    @property
    def weight(self) -> int:
        """Return how surely it names something."""
        said = [piece.word for piece in self.pieces]
        asked = not SEEKS.isdisjoint(self.lead)
        return 3 * any(map(is_organisation, said)) + 2 * any(map(is_activity, said)) + 2 * asked

    @property
    def rank(self) -> int:
        """Return how it compares with others: one learns "ski lessons at Blackhawk" at a club."""
        named = any(piece.raw.istitle() for piece in self.pieces)
        somebody = any(not is_organisation(piece.word) for piece in self.pieces)
        at_somebody = self.lead[-1:] == ("at",) and somebody
        return self.weight + named + 5 * at_somebody - 2 * (not somebody)

    @property
    def is_turned_down(self) -> bool:
        """Return whether it is what is not looked for: "not skiing"."""
        return self.lead[-1:] in TURNED_DOWN or self.lead[-2:] in TURNED_DOWN


def _phrases(pieces: Sequence[Piece]) -> Iterator[_Phrase]:
    """Yield what small talk and commas leave standing; "of" and "or" may hold a phrase together."""
    lead: list[str] = []
    start = 0
    for place, piece in enumerate(pieces):
        if piece.after_comma or not _is_in_a_phrase(pieces, place):
            yield from _phrase(pieces[start:place], lead)
            start = place if _is_in_a_phrase(pieces, place) else place + 1
            if start > place:
                lead = [*lead, piece.word] if not piece.after_comma else [piece.word]
            elif piece.after_comma:
                lead = []
    yield from _phrase(pieces[start:], lead)


def _phrase(pieces: Sequence[Piece], lead: list[str]) -> Iterator[_Phrase]:
    kept = list(pieces)
    while kept and _is_mere_number(kept[-1]) and not any(is_organisation(one.word) for one in kept):
        kept.pop()
    while len(kept) > 1 and kept[0].word.isdigit():
        kept = kept[1:]
    if kept:
        yield _Phrase(kept, tuple(lead))
        lead.clear()


def _is_mere_number(piece: Piece) -> bool:
    return piece.word[:1].isdigit()


def _is_in_a_phrase(pieces: Sequence[Piece], place: int) -> bool:
    if not is_small_talk(pieces, place):
        return True
    inside = 0 < place < len(pieces) - 1 and pieces[place].word in HOLDS_TOGETHER
    return inside and not is_small_talk(pieces, place - 1) and not is_small_talk(pieces, place + 1)
