"""What came of many kills, in a table."""

from collections import Counter
from dataclasses import dataclass, field

from orchestrator.models import SubmissionStatus
from tests.soak.provider import Kind
from tests.soak.trial import Trial

COLUMNS = ["confirmed", "not created", "needs operator", "doubled", "lost", "untrue"]
INSTANTS = ["before the row", "intent", "sent", "written"]  # where a kill fell
UNSETTLED = "unsettled"
WRONG = ["doubled", "lost", "untrue"]


@dataclass
class Report:
    """The counts for one kind of provider."""

    kind: Kind
    kills: int = 0
    fell: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing was doubled, lost or untrue, and every kill is accounted for."""
        fates = sum(self.counts[name] for name in COLUMNS if name not in WRONG)
        return fates == self.kills and not any(self.counts[name] for name in WRONG)

    def note_the_kill(self, trial: Trial) -> None:
        """Count where a process died: asked before anybody looks after what it left."""
        self.kills += 1
        receipt = next(iter(trial.receipts), None)
        trial.killed = receipt.pk if receipt else None
        match receipt.status if receipt else None:
            case None:
                self.fell["before the row"] += 1
            case SubmissionStatus.INTENT:
                self.fell["intent"] += 1
            case SubmissionStatus.SENT:
                self.fell["sent"] += 1
            case _:
                self.fell["written"] += 1

    def judge(self, trial: Trial) -> None:
        """Count what became of a registration in the end."""
        fate = self._fate(trial)
        self.counts[fate] += 1
        if fate == UNSETTLED:
            self.details.append(f"unsettled: {trial.killed} in a session that is {trial.status}")
        if trial.is_doubled():
            self.counts["doubled"] += 1
            self.details.append(f"doubled: {trial.provider.bookings_of(trial.child)}")
        if lost := trial.lost():
            self.counts["lost"] += 1
            self.details.append(f"lost: {lost}")
        if untrue := [*trial.untrue, *trial.made_up(), *trial.unrecorded()]:
            self.counts["untrue"] += 1
            self.details.append(f"untrue: {untrue}")

    def _fate(self, trial: Trial) -> str:
        """Return what became of the confirmation that was killed.

        "Not created" is said only of one whose parent could confirm again, and was then booked.
        """
        statuses = {receipt.pk: receipt.status for receipt in trial.receipts}
        status = statuses[trial.killed] if trial.killed else SubmissionStatus.NOT_CREATED
        known = {
            (SubmissionStatus.CONFIRMED, "completed"): "confirmed",
            (SubmissionStatus.NOT_CREATED, "completed"): "not created",
            (SubmissionStatus.NEEDS_OPERATOR, "outcome_unknown"): "needs operator",
        }
        return known.get((SubmissionStatus(status), trial.status), UNSETTLED)


def table(reports: list[Report]) -> str:
    """Return the reports as two tables, in Markdown."""
    lines = _head("kind", "kills", *COLUMNS)
    for report in reports:
        counts = [str(report.counts[name]) for name in COLUMNS]
        lines.append(_line(report.kind, str(report.kills), *counts))
    lines += ["", *_head("where the kills fell", *INSTANTS)]
    for report in reports:
        lines.append(_line(report.kind, *(str(report.fell[name]) for name in INSTANTS)))
    return "\n".join(lines)


def _head(*cells: str) -> list[str]:
    return [_line(*cells), "|---" + "|---:" * (len(cells) - 1) + "|"]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
