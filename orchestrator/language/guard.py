"""What a language model never sees: secrets, form answers, e-mails and numbers of people.

Whatever is held back is read by the parser, which tells nobody: one harmless message too many costs
little. What has a shape is known to `private_words`; here the words of this signup's form are looked
for besides. A name that a parent mentions before any form is filled in is neither.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator import private_words
from orchestrator.language.errors import PromptRefusedError

_EVERYDAY = frozenset(
    {"and", "are", "but", "can", "for", "has", "have", "her", "him", "his", "none", "not", "our"}
    | {"please", "she", "that", "the", "they", "this", "was", "will", "with", "yes", "you", "your"}
)
SHORTEST_WORD, SHORTEST_NUMBER = 3, 5


def may_leave(text: str, answers: Mapping[str, Any]) -> None:
    """Return where a text may be read by a language model, given this signup's form answers.

    :raises PromptRefusedError: if it holds a secret, a person's data, or a word of the answers
    """
    if private_words.tell(text) or _tells_an_answer(private_words.plain(text), answers):
        raise PromptRefusedError


def _tells_an_answer(plain: str, answers: Mapping[str, Any]) -> bool:
    """Return whether the text holds a word of an answer, or its digits however they are grouped."""
    said, digits = set(_words(plain)), re.sub(r"\D", "", plain)
    runs = [run for run in re.findall(r"\d+", plain) if len(run) >= SHORTEST_NUMBER]
    for answer in _texts(list(answers.values())):
        number = re.sub(r"\D", "", answer)
        is_told = len(number) >= SHORTEST_NUMBER and number in digits
        if is_told or any(run in number for run in runs) or not said.isdisjoint(_telling(answer)):
            return True
    return False


def _telling(answer: str) -> Iterator[str]:
    """Yield the words of an answer that stand in no text by chance."""
    for word in _words(answer):
        if len(word) >= SHORTEST_WORD and word not in _EVERYDAY:
            yield word


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield private_words.plain(str(value))


def _words(plain: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain)
