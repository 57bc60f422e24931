"""What may be wrong with the ledger and its log, as an operator reads it. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

MOST_KEPT = 1_000  # findings that are named; the others are counted


class Flaw(StrEnum):
    """What is wrong; the text follows the place where it was found."""

    CHANGED = "is not what was recorded"
    GONE = "is gone, and was sealed"
    NOT_AS_SEALED = "was sealed in another place, with another content or for somebody else"
    BACK_DATED = "says a time at which it was not recorded"
    OTHER_TRAIL = "is counted in the trail of somebody else"
    NOT_THE_NEXT = "does not follow in its trail: one is missing there, or too many"
    UNKNOWN_TO_THE_LOG = "is neither sealed nor on the list of what is to seal"

    OTHER_KIND = "holds what was never written there: the log cannot be read"

    NO_LEAF = "is not in the log"
    NO_CHECKPOINT = "ends a seal, and its checkpoint is gone"
    BEYOND = "is in the log, and no checkpoint signs it"

    SEAL_CHANGED = "is not what its own leaf says"
    OTHER_TREE = "signs other leaves than those that are there"
    MISCOUNTED = "does not go on where the one before it ended, or counts otherwise"
    NOT_SIGNED = "has no note that a known key has signed over this size and root"

    NODE = "is not the hash of what stands below it"
    NODES = "are more or fewer than there must be"

    SUBJECT_MISSING = "is not there, and has sealed records"
    SUBJECT_CHANGED = "is not the trail of whom it names, or counts its records otherwise"
    OTHER_SUBJECTS = "signs other counts of the trails than those that are there"

    WAITS_FOR_NOTHING = "is on the list of what is to seal, and there is no such record"
    WAITS_CHANGED = "is not what was recorded, and not sealed yet"
    WAITS_SEALED = "is on the list of what is to seal, and in the log already"
    WAITS_TOO_LONG = "has been waiting for its seal for more than it may: does the sealer run?"

    CUT_SHORT = "was published, and the log is shorter: it was cut off, or an old copy put back"
    REWRITTEN = "was published, and the log had other leaves then: it was rewritten"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what, and where."""

    flaw: Flaw
    where: str

    def __str__(self) -> str:
        """Return it as a line that can be printed, whatever somebody wrote for an id."""
        return f"{ascii(self.where)[1:-1]} {self.flaw}"


@dataclass
class Findings:
    """All of them in the order in which they were found; however many, they need little memory."""

    kept: list[Finding] = field(default_factory=list)
    number: int = 0

    def add(self, flaw: Flaw, where: str) -> None:
        """Note one."""
        self.number += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(Finding(flaw, where))


@dataclass(frozen=True)
class Report:
    """What a walk over the whole log found."""

    found: int  # all findings, also those that are not named
    findings: tuple[Finding, ...]
    events: int = 0  # sealed records
    checkpoints: int = 0
    size: int = 0  # of the log
    unsealed: int = 0  # records that wait for the next seal
    outside: int = 0  # checkpoints kept outside that were held against the log
