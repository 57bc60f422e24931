"""What a question is about, by the weight of the words that tell."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import chain

from orchestrator.flow.rules import Step
from orchestrator.understanding import patterns
from orchestrator.understanding.cues import CUES, RATHER
from orchestrator.understanding.intents import Topic

BESIDE = 0.6  # of its weight is what a cue counts beside a heavier one
WORD = re.compile(r"[a-z]+(?:\|[a-z]+)*")

_Cue = tuple[Topic, float]


def _separated() -> tuple[dict[str, list[_Cue]], list[tuple[patterns.Finder, _Cue]]]:
    """Return the cues of one word, which are looked up, and those of several."""
    of_one: dict[str, list[_Cue]] = defaultdict(list)
    of_some = []
    for topic, rows in CUES.items():
        for weight, phrases in rows.items():
            for phrase in patterns.separate(phrases):
                if WORD.fullmatch(phrase):
                    for word in phrase.split("|"):
                        of_one[word].append((topic, weight))
                else:
                    of_some.append((patterns.Finder(phrase), (topic, weight)))
    return dict(of_one), of_some


_OF_ONE_WORD, _OF_SOME_WORDS = _separated()
KNOWN = frozenset(
    patterns.words_in(" ".join(chain.from_iterable(rows.values() for rows in CUES.values())))
)


def heaviest(line: str, step: Step, names: Collection[str]) -> tuple[Topic | None, float]:
    """Return the topic whose cues weigh the most in a line, and how much; `names` weigh nothing."""
    found: dict[Topic, list[float]] = defaultdict(list)
    for topic, weight in _cues_in(line, names):
        found[topic].append(weight)
    weights = {topic: _together(weights) for topic, weights in found.items()}
    for topic, more in RATHER.get(step, {}).items():
        if topic in weights:
            weights[topic] += more
    best = max(weights, key=lambda topic: weights[topic], default=None)
    return best, weights[best] if best else 0.0


def _cues_in(line: str, names: Collection[str]) -> Iterator[_Cue]:
    for word in set(line.split()) - set(names):
        yield from _OF_ONE_WORD.get(word, ())
    for pattern, cue in _OF_SOME_WORDS:
        if pattern.search(line):
            yield cue


def _together(weights: list[float]) -> float:
    most = max(weights)
    return most + BESIDE * (sum(weights) - most)
