"""Gathers every sentence that a person reads into `locale/`, each with the place it stands.

`script/words` runs it. It works on a copy of the sources, so that Django's `makemessages`, which
leaves files beside the templates while it runs, disturbs nobody; and it writes no dates and no line
numbers, so that a catalogue changes only where a sentence does.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.makemessages import Command

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "accounts", "audit", "credentials", "locale", "orchestrator", "sessions_store", "signupassist",
    "static", "templates",
)  # fmt: skip
DATES = re.compile(r'^"(?:POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)
NAMES = {"h1": "a heading", "h2": "a heading", "p": "a paragraph", "a": "a link", "li": "a list"}
ADDED_BEFORE = re.compile(r"#\. (?:For: |In a script: |On a page: )")


class Gather(Command):
    """Django's own, which guesses nothing: a new sentence is new, not like an old one."""

    msgmerge_options = [*Command.msgmerge_options, "--no-fuzzy-matching"]


def main() -> int:
    """Bring `locale/` up to date; with --check, return 1 and name the files that are not."""
    parser = argparse.ArgumentParser(prog="script/words", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    if shutil.which("xgettext") is None:
        print("script/words needs GNU gettext. On Debian: apt-get install gettext", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="words-") as scratch:
        copy = Path(scratch)
        for name in SOURCES:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        stale = [path for path in gathered(copy) if _differs(ROOT / path.relative_to(copy), path)]
        for path in () if is_check else stale:
            shutil.copyfile(path, ROOT / path.relative_to(copy))
        names = [str(path.relative_to(copy)) for path in stale]
    if is_check and names:
        print(f"Not up to date: {', '.join(names)}. Please run script/words.", file=sys.stderr)
        return 1
    return 0


def _differs(ours: Path, fresh: Path) -> bool:
    """Return whether a catalogue says something else; compiled ones by what they say."""
    if not ours.exists():
        return True
    if ours.suffix == ".mo":
        return _compiled(ours) != _compiled(fresh)
    return ours.read_text() != fresh.read_text()


def _compiled(path: Path) -> dict[str, str]:
    """Return what a compiled catalogue says."""
    with path.open("rb") as file:
        said: dict[str, str] = vars(GNUTranslations(file))["_catalog"]
    return said


def gathered(copy: Path) -> list[Path]:
    """Return the catalogues of a copy of the sources, up to date and compiled."""
    settings.configure()
    os.chdir(copy)  # makemessages goes by it
    for domain in ("django", "djangojs"):
        call_command(Gather(), all=True, domain=domain, no_wrap=True, no_obsolete=True, verbosity=0)
    found = []
    for catalogue in sorted(copy.glob("locale/*/LC_MESSAGES/*.po")):
        catalogue.write_text(with_context(catalogue.read_text(), copy))
        compiled = catalogue.with_suffix(".mo")
        # named by its full path, and given nothing but files that we wrote ourselves
        msgfmt = shutil.which("msgfmt") or "msgfmt"
        subprocess.run([msgfmt, "--check-format", "-o", compiled, catalogue], check=True)  # noqa: S603
        found += [catalogue, compiled]
    return found


def with_context(text: str, sources: Path) -> str:
    """Return a catalogue that says of each sentence what it belongs to, without dates and lines."""
    head, *entries = DATES.sub("", text).rstrip("\n").split("\n\n")
    return "\n\n".join([head, *(_entry(one, sources) for one in entries)]) + "\n"


def _entry(entry: str, sources: Path) -> str:
    said: list[str] = []
    places: list[str] = []
    rest: list[str] = []
    for line in entry.split("\n"):
        if line.startswith("#: "):
            places += line.removeprefix("#: ").split()
        elif ADDED_BEFORE.match(line):
            continue  # of an earlier run
        else:
            (said if line.startswith("#.") else rest).append(line)
    contexts = dict.fromkeys(
        context(sources / name, int(number))
        for name, number in (place.rsplit(":", 1) for place in places)
    )
    files = dict.fromkeys(place.rsplit(":", 1)[0] for place in places)
    return "\n".join(
        [*said, *(f"#. {one}" for one in contexts if one), *(f"#: {one}" for one in files), *rest]
    )


def context(path: Path, line: int) -> str:
    """Return what a person should know of a place in the sources to find the right words."""
    if path.suffix == ".py":
        return _in_python(path, line)
    lines = path.read_text().split("\n")
    if path.suffix == ".js":
        notes = (one for one in reversed(lines[:line]) if one.startswith(("/** ", "// ")))
        return f"In a script: {next(notes, '').strip('/* ')}"
    before = " ".join(lines[max(0, line - 3) : line])
    tags = re.findall(r"<(\w+)", before)
    kind = tags[-1] if tags else "page"
    return f"On a page: {NAMES.get(kind, f'a {kind}')}"


def _in_python(path: Path, line: int) -> str:
    """Return what the closest function or class around a line says that it is."""
    told = ""
    for node in sorted(_rooms(path), key=lambda one: getattr(one, "lineno", 0)):
        is_around = getattr(node, "lineno", 0) <= line <= getattr(node, "end_lineno", 10**6)
        if is_around and (doc := ast.get_docstring(node)):
            told = doc.partition("\n\n")[0].replace("\n", " ")
    return f"For: {told.removeprefix('Return ')}"


@cache
def _rooms(path: Path) -> list[Any]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


if __name__ == "__main__":
    sys.exit(main())
