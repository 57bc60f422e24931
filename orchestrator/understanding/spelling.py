"""Mending slips of the finger in the few words that parents command with: "cancle", "satruday".

Each known word is kept under all its forms with a letter left out; a misspelt word is looked up
the same way. So a slip costs a handful of look-ups, however many words are known.
"""

from collections.abc import Collection, Iterator
from functools import cached_property

from orchestrator.understanding.words import STOPWORDS, listed

SHORTEST = 5  # letters; shorter words have too many neighbours
LONG = 8  # letters, from which on two slips are forgiven

# Right as they stand, though a letter away from a word that commands.
EVERYDAY = listed(
    "summit cancer chance charge charges chances mother father brother others thirty forth fifty"
    " friends friend sundae party parties early clean clear chess close closet cello place plays"
    " match reach teach beach coach child china start stars story still these there three their"
    " where whose while would could should world wrote write white confirmed changed charged"
    " submitted cancelled canceled registered checked backed books booked looks looked signed"
    " other another under water later latter after better letter lesson lessons season seasons"
    " first last least fresh french front sending senior seniors junior juniors record records"
    " review received receive delete define relax reject rejects quit quite quiet quick peace piece"
    " price prices prince private spring string sports spots space camps campus clubs courses"
    " second seconds section session sessions mission reading riding"
)


class Spelling:
    """The words that may be mended to."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)

    @cached_property
    def _by_form(self) -> dict[str, set[str]]:
        """The words by their forms: with the first word to mend, as commands never have one."""
        found: dict[str, set[str]] = {}
        for word in self._known:
            for form in _forms(word) if len(word) >= SHORTEST - 1 else ():
                found.setdefault(form, set()).add(word)
        return found

    def mend(self, said: str, right: Collection[str] = ()) -> str:
        """Return the known word that was meant, or the word as it is; `right` ones are kept."""
        if len(said) < SHORTEST - 1 or len(said) > 20 or not said.isalpha():
            return said
        if said in self._known or said in EVERYDAY or said in STOPWORDS or said in right:
            return said
        if said.rstrip("s") in self._known:
            return said
        meant = {word for form in _forms(said) for word in self._by_form.get(form, ())}
        slips = {word: _slips(said, word) for word in meant if _may_be(said, word)}
        fewest = min(slips.values(), default=0)
        allowed = 2 if len(said) >= LONG - 1 else 1
        near = [word for word in slips if slips[word] == fewest <= allowed]
        as_long = [word for word in near if len(word) == len(said)]
        return next((some[0] for some in (near, as_long) if len(some) == 1), said)


def _forms(word: str) -> Iterator[str]:
    """Yield a word, and what it is with a letter left out (two, of a long one)."""
    yield word
    for place in range(len(word)):
        shorter = word[:place] + word[place + 1 :]
        yield shorter
        if len(word) >= LONG - 1:
            for other in range(place, len(shorter)):
                yield shorter[:other] + shorter[other + 1 :]


def _may_be(said: str, word: str) -> bool:
    """Return whether they begin with the same letter, or with the first two swapped.

    A word of four letters may only have two of them swapped: it has too many neighbours.
    """
    if len(word) < SHORTEST and sorted(said) != sorted(word):
        return False
    return said[0] == word[0] or said[:2] == word[1::-1]


def _slips(said: str, word: str) -> int:
    """Return how many letters differ; a swap of neighbours is one slip."""
    rows = [list(range(len(word) + 1))]
    for i, letter in enumerate(said, 1):
        row = [i]
        for j, other in enumerate(word, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and said[i - 2] == other:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
