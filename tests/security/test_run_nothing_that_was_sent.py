"""Running what somebody sent…"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.test_call_only_where_configured import APPS, ROOT

pytestmark = pytest.mark.once

# what makes code of data, or of a spreadsheet's cell
MODULES = {"csv", "dill", "jsonpickle", "marshal", "pickle", "shelve", "yaml"}
NAMES = {"__import__", "compile", "eval", "exec", "mark_safe", "popen", "system"}
OF_PAGES = re.compile(r"\|\s*safe(?:seq)?\b|autoescape\s+off|<script(?![^>]*\ssrc=)(?!.*json)")
OF_SCRIPTS = re.compile(
    r"\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
)


def used(file: Path) -> Iterator[str]:
    """Yield what a file of ours uses of these, with its line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found = {name.name.partition(".")[0] for name in names} & MODULES
            case ast.ImportFrom(module=module, names=names):
                found = {(module or "").partition(".")[0]} & MODULES
                found |= {name.name for name in names} & NAMES
            case ast.Call(func=ast.Name(id=name)):
                found = {name} & NAMES
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)):
                found = {name} & NAMES
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                found = {"shell=True"}
            case _:
                continue
        yield from (f"{file.relative_to(ROOT)}: {name}" for name in found)


def test_in_no_code_of_ours() -> None:
    files = [file for app in APPS for file in (ROOT / app).rglob("*.py")]
    assert len(files) > 100
    assert [use for file in files for use in used(file)] == [
        "audit/bundles.py: csv"
    ]  # with its guard


@pytest.mark.parametrize(
    ("folder", "kind", "pattern"),
    [("templates", "*.html", OF_PAGES), ("static", "*.js", OF_SCRIPTS)],
    ids=["pages", "scripts"],
)
def test_in_no_page_or_script_of_ours(folder: str, kind: str, pattern: re.Pattern[str]) -> None:
    files = list((ROOT / folder).rglob(kind))
    assert len(files) > 5
    found = [file.name for file in files if pattern.search(file.read_text(encoding="utf-8"))]
    assert found == []
