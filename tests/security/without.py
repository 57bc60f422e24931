"""A pytest plugin that takes a control away while a test runs: the test must fail for it.

`pytest -p tests.security.without --without WORDS.json --told RESULT.json NODE…`, where WORDS.json
says for each node id (of one case, or of a whole test function) which word of
`tests.security.controls` is taken away. Nothing fails; RESULT.json says of each node id what became
of it: `noticed`, `missed`, or what went wrong otherwise. Of a function with several cases it is
enough that one notices.
"""

import json
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

NOTICED, MISSED = "noticed", "missed"
TESTS = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in ("--without", "--told"):
        parser.addoption(name, type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    words = json.loads(config.getoption("--without").read_text())
    config.pluginmanager.register(Without(words, config.getoption("--told")))


class Without:
    """Runs each test without its control."""

    def __init__(self, words: dict[str, str], told: Path) -> None:
        self._words = words
        self._told = told
        self._outcomes: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        from tests.security.controls import CONTROLS  # the product can be imported by now

        node = self._node(item.nodeid)
        with CONTROLS[self._words[node]]():
            try:
                yield
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  each is told
                if _is_the_tests_own(error):
                    self._outcomes[node] = NOTICED
                else:
                    self._outcomes.setdefault(node, f"{type(error).__name__}: {error}"[:300])
            else:
                self._outcomes.setdefault(node, MISSED)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:  # nor could the control be taken away
            why = f"not run: {report.longreprtext[-300:]}"
            self._outcomes.setdefault(self._node(report.nodeid), why)

    def pytest_sessionfinish(self) -> None:
        self._told.write_text(json.dumps(self._outcomes))

    def _node(self, nodeid: str) -> str:
        """Return the node id by which SECURITY.md knows this test."""
        return nodeid if nodeid in self._words else nodeid.partition("[")[0]


def _is_the_tests_own(error: BaseException) -> bool:
    """Say whether a test stumbled itself: over its assertion, or an answer without what it reads.

    Where the product breaks, or the removal does, nobody has noticed anything.
    """
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return True
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    place = Path(frame.f_code.co_filename)
    return TESTS in place.parents and TESTS / "security" / "controls" not in place.parents
