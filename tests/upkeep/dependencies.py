"""`python -m tests.upkeep.dependencies` asks whether a locked package has a known hole.

Ends with 0 where none has, with 1 where one has (the table says which, and what mends it), with 2
where nobody could be asked: it sends the names and versions of our packages to PyPI's advisory
service, so no other check does it by the way. pip-audit lives in an environment of its own, made
from its locked hashes (`uv pip compile --universal --python-version 3.11 --generate-hashes
--no-header requirements-audit.in -o requirements-audit.txt`, in this folder), so that it adds
nothing to what the product is made of.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import ROOT, Environment, NotInstalledError

PIP_AUDIT = Environment(
    "pip-audit",
    home=ROOT / "var" / "pip-audit",
    lock=Path(__file__).with_name("requirements-audit.txt"),
)
LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
)  # what runs, and what it is built and tested with
PATIENCE_SECONDS = 600
SOUND, HOLES, NOBODY_ASKED = 0, 1, 2


class NotAskedError(Exception):
    """Whether there are holes nobody could tell; the text says why."""


@dataclass(frozen=True)
class Hole:
    """A known hole of a package that we lock."""

    package: str
    version: str
    name: str
    mended_in: str

    def __str__(self) -> str:
        mended = self.mended_in or "no version yet"
        return f"{self.package} {self.version}: {self.name}, mended in {mended}"


def holes_of(lock: Path, *, python: Path) -> list[Hole]:
    """Return the known holes of what a lock file names; `python` has pip-audit.

    :raises NotAskedError: if the service does not answer, or not in its words
    """
    with tempfile.TemporaryDirectory(prefix="signupassist-audit-") as folder:
        answer = Path(folder) / "answer.json"
        command = [str(python), "-m", "pip_audit", "--requirement", str(lock)]
        # the lock file says it all: nothing is resolved or installed
        command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(answer)]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise NotAskedError("it took too long") from None
        # it ends with 1 for holes and for failures alike, but only says what it knows
        try:
            return list(_read(json.loads(answer.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError):
            last = (ran.stderr.strip().splitlines() or [f"pip-audit ended with {ran.returncode}"])[
                -1
            ]
            raise NotAskedError(last) from None


def _read(answer: Any) -> Iterator[Hole]:
    """Yield the holes; a package that was not looked up is no sound one.

    :raises NotAskedError: if one was left out: pip-audit thinks nothing of it
    """
    for package in answer["dependencies"]:
        if "skip_reason" in package:
            raise NotAskedError(package["skip_reason"])
        for hole in package["vulns"]:
            mended = ", ".join(hole["fix_versions"])
            yield Hole(package["name"], package["version"], hole["id"], mended)


def main(locks: Sequence[str] = LOCKS) -> int:
    """Return the exit code; the last line printed says what was found."""
    try:
        python = PIP_AUDIT.interpreter()
        found = [hole for lock in locks for hole in holes_of(ROOT / lock, python=python)]
    except (NotInstalledError, NotAskedError) as error:
        print(f"NOT ASKED: {error}", file=sys.stderr)
        return NOBODY_ASKED
    lines = sorted({str(hole) for hole in found})
    for line in lines:
        print(line)
    print(f"FAIL: {len(lines)} known holes" if lines else "PASS: no known holes")
    return HOLES if lines else SOUND


if __name__ == "__main__":
    sys.exit(main())
