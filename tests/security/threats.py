"""The threats that SECURITY.md names, as it names them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "SECURITY.md"
ROW = re.compile(
    r"^\| (?P<number>\d+) \| (?P<threat>.+?) \| (?P<control>.+?) \| (?P<tests>.+?) \|$"
)
TEST = re.compile(r"`(?P<node>tests/[^`]+?\.py::[^`]+)`(?: without \*(?P<word>[a-z-]+)\*)?")


@dataclass(frozen=True)
class Threat:
    """A row: what may happen, what stands against it, and who would notice."""

    number: int
    threat: str
    control: str
    tests: dict[str, str | None]  # by node id: the word of the control that it misses


def threats() -> Iterator[Threat]:
    """Yield the rows of the table.

    :raises ValueError: if a row's tests cannot be read
    """
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            cells = row["tests"].split("<br>")
            tests = [TEST.fullmatch(cell) for cell in cells]
            if not all(tests):
                raise ValueError(f"the tests of row {row['number']} cannot be read")
            named = {test["node"]: test["word"] for test in tests if test}
            yield Threat(int(row["number"]), row["threat"], row["control"], named)


def words() -> dict[str, str]:
    """Return, by the node id of its test, each control that is to be taken away."""
    return {
        node: word
        for threat in threats()
        for node, word in threat.tests.items()
        if word is not None
    }
