"""The checklist in docs/acceptance.md…"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
ITEMS = {
    "a full signup is logged",
    "a full signup in the browser",
    "provider selection",
    "credentials submitted",
    "credentials accessed",
    "program selection",
    "registration completed",
    "timestamps",
    "metadata",
    "session row exists",
    "restart",
    "context preserved",
    "24 hours",
    "real MCP on",
    "real MCP off",
    "log lines",
    "invalid URL",
    "retry seen",
    "expired session message",
    "30 s timeout",
    "the operators' SQL",
}
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> dict[str, list[tuple[str, str]]]:
    """Return the tests of each item, as file and function."""
    page = (ROOT / "docs/acceptance.md").read_text()
    cells = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return {item.strip(): _TEST.findall(tests) for item, _, tests in cells[1:]}


@cache
def functions_in(name: str) -> set[str]:
    """Return the tests of a file that run wherever the suite does."""
    path = ROOT / name
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
    return {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef)
        and not any("skip" in ast.unparse(mark) for mark in one.decorator_list)
    }


def test_names_every_item_once() -> None:
    listed = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs/acceptance.md").read_text(), re.MULTILINE)
    assert sorted(listed[1:]) == sorted(ITEMS)


@pytest.mark.parametrize("item", sorted(ITEMS))
def test_has_a_test_for_each_item_that_is_there_and_runs(item: str) -> None:
    tests = rows()[item]
    assert tests
    assert [f"{file}::{test}" for file, test in tests if test not in functions_in(file)] == []
