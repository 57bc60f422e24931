"""What a look at something found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How things stand with what was looked at."""

    OK = "ok"
    ADVICE = "advice"  # it works without, and would be better with it
    NEEDED = "needed"  # not ready without it
    UNSEEN = "unseen"  # nobody can tell from here: it counts neither way


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    what: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Phase:
    """What belongs together, with its score."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> int:
        """Return how many things are as they should be."""
        return self._count(Grade.OK)

    @property
    def needed(self) -> int:
        """Return how many things are missing that are needed."""
        return self._count(Grade.NEEDED)

    @property
    def counted(self) -> int:
        """Return how many things could be looked at."""
        return len(self.findings) - self._count(Grade.UNSEEN)

    def _count(self, grade: Grade) -> int:
        return sum(finding.grade is grade for finding in self.findings)


def needed(what: str, is_there: bool, found: str, remedy: str) -> Finding:
    """Return a finding about something that must be as it should."""
    return _found(Grade.NEEDED, what, is_there, found, remedy)


def advised(what: str, is_there: bool, found: str, remedy: str) -> Finding:
    """Return a finding about something that had better be as it should."""
    return _found(Grade.ADVICE, what, is_there, found, remedy)


def unseen(what: str, found: str, remedy: str) -> Finding:
    """Return a finding about something that nobody can tell from here."""
    return Finding(Grade.UNSEEN, what, found, remedy)


def _found(otherwise: Grade, what: str, is_there: bool, found: str, remedy: str) -> Finding:
    return Finding(Grade.OK, what, found) if is_there else Finding(otherwise, what, found, remedy)
