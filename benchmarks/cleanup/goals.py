"""What a side did, what it did to the live session, and whether that is good enough."""

from dataclasses import dataclass
from statistics import quantiles

from benchmarks.cleanup.databases import Database
from benchmarks.cleanup.processes import Told
from benchmarks.cleanup.rows import TURNS

MOST_OF_DELETE = 3.0
MOST_MORE_MEMORY = 8.0  # MB, between a tenth of the work and its end


@dataclass(frozen=True)
class Result:
    """What one side did, and what it did to the live session."""

    side: str
    told: Told
    rows: int
    alone: list[float]  # seconds of each live write before the side began
    beside: list[float]
    errors: list[str]

    @property
    def seconds(self) -> float:
        """Return how long all rows take."""
        took = self.told["ended"] - self.told["began"]
        return float(took * self.rows / self.told["deleted"])

    @property
    def stall(self) -> float:
        """Return how long the slowest live write took."""
        return max(self.beside, default=0.0)


def report(database: Database, results: dict[str, Result]) -> bool:
    """Print what was measured; return whether the goals are met."""
    one, ours = results["one DELETE"], results["batches"]
    print(f"\n{database.title}, {ours.rows:,} expired sessions with {TURNS} turns each")
    print(
        f"{'side':<12}{'seconds':>9}{'x DELETE':>10}{'live writes':>13}{'p50':>9}{'p99':>10}"
        f"{'longest':>11}{'failed':>8}{'peak':>10}"
    )
    for result in results.values():
        cuts = quantiles([0, 0, *result.beside], n=100, method="inclusive")
        print(
            f"{result.side:<12}{result.seconds:>9.1f}{result.seconds / one.seconds:>10.2f}"
            f"{len(result.beside):>13}{1000 * cuts[49]:>6.1f} ms{1000 * cuts[98]:>7.1f} ms"
            f"{1000 * result.stall:>8.1f} ms{len(result.errors):>8}"
            f"{result.told['peak']:>7.0f} MB"
        )
    told, usual = ours.told, max(ours.alone, default=0.0)
    print(
        f"{told['batches']} batches, the longest {1000 * told['longest']:.0f} ms; memory at a tenth"
        f" {told['peak_at_a_tenth']:.1f} MB, at the end {told['peak']:.1f} MB; a live write alone at"
        f" most {1000 * usual:.1f} ms; row by row is reckoned from"
        f" {results['row by row'].told['deleted']:,} rows"
    )
    goals = {
        f"all {ours.rows:,} deleted": told["deleted"] == one.told["deleted"] == ours.rows,
        f"at most {MOST_OF_DELETE:g} x one DELETE": ours.seconds <= MOST_OF_DELETE * one.seconds,
        "no live write failed": not ours.errors,
        "no live write waited for longer than one batch": ours.stall <= told["longest"] + usual,
        "memory stays flat": told["peak"] - told["peak_at_a_tenth"] <= MOST_MORE_MEMORY,
    }
    for goal, is_met in goals.items():
        print(f"  {'met   ' if is_met else 'MISSED'} {goal}")
    return all(goals.values())
