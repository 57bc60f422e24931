"""Phrases as they are written in `phrases` and `cues`, made into regular expressions."""

import re
from dataclasses import dataclass
from functools import cached_property

from orchestrator.understanding.phrases import SETS

SEPARATOR = re.compile(r"\s*[;\n]\s*")


def separate(phrases: str) -> list[str]:
    """Return the phrases of a row of a table."""
    return [one for one in SEPARATOR.split(phrases.strip()) if one]


@dataclass(frozen=True)
class Finder:
    """What finds any of some phrases in words that each follow a blank.

    There are hundreds: made at once they would take a quarter of a process's start, and most
    processes read no message.
    """

    phrases: str

    def search(self, line: str) -> re.Match[str] | None:
        """Return where in the words one of the phrases is, if any is."""
        return self._pattern.search(line)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_pattern, separate(self.phrases))))


def words_in(phrases: str) -> list[str]:
    """Return the words that phrases are made of."""
    return re.findall(r"[a-z]+", phrases)


def _pattern(phrase: str) -> str:
    parts = []
    for part in phrase.removeprefix("^").removesuffix("$").split():
        either = "|".join(SETS.get(one, one) for one in part.split("|")).replace("_", " ")
        parts.append(r"(?: \S+){0,6}?" if part == "..." else f" (?:{either})(?= |$)")
    start = "(?:^|.* (?:if|whether|tell me|know|wondering))" if phrase.startswith("^") else ""
    return start + "".join(parts) + ("$" if phrase.endswith("$") else "")
