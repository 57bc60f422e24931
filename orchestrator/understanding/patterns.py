"""Phrases as they are written in `phrases` and `cues`, made into regular expressions."""

import re

from orchestrator.understanding.phrases import SETS

SEPARATOR = re.compile(r"\s*[;\n]\s*")


def separate(phrases: str) -> list[str]:
    """Return the phrases of a row of a table."""
    return [one for one in SEPARATOR.split(phrases.strip()) if one]


def compiled(phrases: str) -> re.Pattern[str]:
    """Return what finds any of some phrases in words that each follow a blank."""
    return re.compile("|".join(map(_pattern, separate(phrases))))


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
