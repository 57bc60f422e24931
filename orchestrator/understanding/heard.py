"""A message as it is heard: its words clause by clause, slips of the finger mended."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from orchestrator.understanding import words
from orchestrator.understanding.spelling import Spelling

NAME = "·"  # stands for a word of a name
SHORT = 8  # words, up to which a single word like "back" is a command

NEGATIONS = {
    "dont",
    "not",
    "never",
    "doesnt",
    "didnt",
    "without",
    "wont",
    "isnt",
    "havent",
    "hasnt",
    "cant",
}
NEGATIONS_IN_SPANISH = {"no", "nunca", "tampoco"}
CONTRACTED = words.listed("thats its lets shes hes whos whats wheres theres heres hows")
LEADS = words.listed(
    "omg oh um uh er wow well hmm so yay haha lol and hi hey hello hola ay pues bueno please ah then"
    " 100 ugh aw that everything all it i we think guess todo is so this im were are am"
)
NOT_NEGATED = {"mind", "sure"}


class Phrases:
    """Some phrases that mean the same, written as lines with slashes between them."""

    def __init__(self, written: str) -> None:
        self.all = frozenset(tuple(_plain(words.tokens(phrase))) for phrase in written.split("/"))
        self.longest = max(map(len, self.all))

    @property
    def words(self) -> set[str]:
        """Return the words that they are made of."""
        return {word for phrase in self.all for word in phrase}


@dataclass(frozen=True)
class Heard:
    """What was said; `clauses` are its words, in small letters and without accents."""

    text: str
    clauses: tuple[tuple[str, ...], ...]

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Return all of the words."""
        return tuple(word for clause in self.clauses for word in clause)

    @property
    def is_short(self) -> bool:
        """Return whether there are few enough words for one of them to tell."""
        return len(self.tokens) <= SHORT

    def says(self, phrases: Phrases) -> bool:
        """Return whether one of the phrases is said, and not denied: "don't cancel" is."""
        return any(
            not _is_denied(clause, start)
            for clause in self.clauses
            for start, _ in _found(clause, phrases)
        )

    def denies(self, phrases: Phrases) -> bool:
        """Return whether one of the phrases is said with a "don't" before it."""
        return any(
            _is_denied(clause, start)
            for clause in self.clauses
            for start, _ in _found(clause, phrases)
        )

    def opens_with(self, phrases: Phrases) -> bool:
        """Return whether the first or the second clause begins with one of the phrases."""
        return any(
            all(word in LEADS for word in clause[:start])
            for clause in self.clauses[:2]
            for start, _ in _found(clause, phrases)
        )

    def is_only(self, *tables: Phrases) -> bool:
        """Return whether nothing that tells is left without these phrases."""
        return not self.without(*tables)

    def is_just(self, *tables: Phrases) -> bool:
        """Return whether these phrases are all of it, to the last word."""
        return bool(self.tokens) and not self._left(tables)

    def without(self, *tables: Phrases) -> list[str]:
        """Return the telling words that are left without these phrases."""
        return words.content(self._left(tables))

    def _left(self, tables: Iterable[Phrases]) -> list[str]:
        left: list[str] = []
        for clause in self.clauses:
            covered = {
                place
                for phrases in tables
                for start, end in _found(clause, phrases)
                for place in range(start, end)
            }
            left += [word for place, word in enumerate(clause) if place not in covered]
        return left

    def pairs(self, first: Collection[str], then: Collection[str], within: int = 5) -> bool:
        """Return whether one of the first words is followed by one of the others soon."""
        return any(
            word in first
            and not _is_denied(clause, place)
            and not set(clause[place + 1 : place + 1 + within]).isdisjoint(then)
            for clause in self.clauses
            for place, word in enumerate(clause)
        )


def heard(text: str, spelling: Spelling, shown: Collection[str] = ()) -> Heard:
    """Return a message as it is heard.

    The names of what is `shown` are right as they stand, and two words of one are no command:
    "Back Bay" goes nowhere.
    """
    names = [tuple(words.tokens(name)) for name in shown]
    right = {word for name in names for word in name}
    pairs = {pair for name in names for pair in pairwise(name)}
    mended = ([spelling.mend(word, right) for word in clause] for clause in words.clauses(text))
    return Heard(text, tuple(tuple(_plain(_unnamed(clause, pairs))) for clause in mended))


def _unnamed(clause: list[str], pairs: Collection[tuple[str, str]]) -> list[str]:
    """Return a clause with the names in it hidden."""
    named = {
        place + more
        for place, pair in enumerate(pairwise(clause))
        for more in (0, 1)
        if pair in pairs
    }
    return [NAME if place in named else word for place, word in enumerate(clause)]


def _plain(said: Iterable[str]) -> Iterator[str]:
    """Yield the words; "thats" and "that's" are both "that"."""
    for word in said:
        yield word[:-1] if word in CONTRACTED else word


def _found(clause: tuple[str, ...], phrases: Phrases) -> Iterator[tuple[int, int]]:
    """Yield where in a clause the phrases are, the longest at each place."""
    for start in range(len(clause)):
        for end in range(min(len(clause), start + phrases.longest), start, -1):
            if clause[start:end] in phrases.all:
                yield start, end
                break


def _is_denied(clause: tuple[str, ...], place: int) -> bool:
    before = clause[max(0, place - 3) : place]
    if clause[place] in NOT_NEGATED or clause[place] in NEGATIONS:
        return False
    return not NEGATIONS.isdisjoint(before) or not NEGATIONS_IN_SPANISH.isdisjoint(
        before[-1:] if clause[place] in words.STOPWORDS or "quiero" not in before else before
    )
