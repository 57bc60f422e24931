"""The threats of SECURITY.md…"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.controls.taking import CONTROLS
from tests.security.threats import threats, words
from tests.security.without import MISSED, NOTICED

# they wait for a run of pytest that has a core's fifth in the rush at the beginning
pytestmark = [pytest.mark.once, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]
TOO_FEW = 30
# nothing of it is about that control: it must pass without it
UNCONCERNED = "tests/credentials/test_seal.py::test_hides_how_long_the_secret_is"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each test whose control was taken away: one run of pytest for all."""
    home = tmp_path_factory.mktemp("without")
    asked, told = home / "words.json", home / "told.json"
    missing = words() | {UNCONCERNED: "csrf"}
    asked.write_text(json.dumps(missing))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.security.without"]
    command += ["--without", str(asked), "--told", str(told), "-o", "timeout=120"]
    # what breaks for want of a control may leave a socket behind
    command += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning", *missing]
    ours = ("TEST_DATABASE_URL", "PYTEST_")  # the run is one of its own, on SQLite
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=360)
    assert told.exists(), ran.stdout[-2_000:] + ran.stderr[-2_000:]
    found: dict[str, str] = json.loads(told.read_text())
    return found


def test_are_numbered_and_each_has_a_test() -> None:
    rows = list(threats())

    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= TOO_FEW
    assert all(row.tests for row in rows)


def test_name_each_control_that_can_be_taken_away_and_no_other() -> None:
    assert set(words().values()) == set(CONTROLS)


def test_name_each_test_with_one_control_alone() -> None:
    named = [(node, word) for row in threats() for node, word in row.tests.items()]

    assert len({node for node, _ in named}) == len(set(named))


def test_name_tests_that_are_there() -> None:
    nodes = {node for row in threats() for node in row.tests}
    for node in nodes:
        file, _, name = node.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"\ndef {name.partition('[')[0]}(" in text, node


@pytest.mark.parametrize(("node", "word"), sorted(words().items()))
def test_are_noticed_when_what_stands_against_them_is_gone(
    outcomes: dict[str, str], node: str, word: str
) -> None:
    assert outcomes.get(node, "it was not run") == NOTICED, f"without {word}"


def test_are_not_noticed_by_a_test_that_has_nothing_to_do_with_it(
    outcomes: dict[str, str],
) -> None:
    assert outcomes[UNCONCERNED] == MISSED
