"""Print the production score, and what is missing."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from audit.printing import say
from signupassist.readiness import phases
from signupassist.readiness.findings import Finding, Grade, Phase

WIDTH = 30


class Command(BaseCommand):
    help = (
        "Look at what runs and print the production score: a row per phase, what was looked at, and "
        "what to do. Changes nothing. Exits with 1 when something needed is missing."
    )
    requires_system_checks: tuple[str, ...] = ()  # it reports on them itself

    def handle(self, *, verbosity: int, **options: Any) -> None:
        walk = tqdm(
            phases.look(timezone.now()),
            total=len(phases.PHASES),
            unit="phase",
            leave=False,
            disable=None if verbosity else True,
        )
        found = list(walk)
        self._table(found)
        if verbosity:
            for phase in found:
                self._details(phase)
        if missing := sum(phase.needed for phase in found):
            raise CommandError(f"Not ready: {missing} needed, see what to do above.")
        say(self.stdout, self.style.SUCCESS("Nothing needed is missing."))

    def _table(self, found: list[Phase]) -> None:
        say(self.stdout, f"{'Phase':<{WIDTH}}Score")
        for phase in found:
            verdict = f"{phase.needed} needed" if phase.needed else ""
            score = f"{phase.ok} of {phase.counted}"
            say(self.stdout, f"{phase.name:<{WIDTH}}{score:<10}{verdict}".rstrip())
        ok, counted = sum(one.ok for one in found), sum(one.counted for one in found)
        score = f"{ok} of {counted}"
        say(self.stdout, f"{'Production score':<{WIDTH}}{score:<10}{100 * ok // counted} %")

    def _details(self, phase: Phase) -> None:
        say(self.stdout, f"\n{phase.name}")
        for finding in phase.findings:
            grade = self._styled(finding)(f"{finding.grade:<7}")
            say(self.stdout, f"  {grade} {finding.what:<{WIDTH}} {finding.found}")
            if finding.remedy:
                say(self.stdout, f"{'':10}{finding.remedy}")

    def _styled(self, finding: Finding) -> Callable[[str], str]:
        styles: dict[Grade, Callable[[str], str]] = {
            Grade.OK: self.style.SUCCESS,
            Grade.ADVICE: self.style.WARNING,
            Grade.NEEDED: self.style.ERROR,
            Grade.UNSEEN: str,
        }
        return styles[finding.grade]
