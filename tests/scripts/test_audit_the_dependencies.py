"""Asking whether a package has a known hole…"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.environments import ROOT, NotInstalledError
from tests.upkeep import dependencies
from tests.upkeep.dependencies import HOLES, NOBODY_ASKED, SOUND

pytestmark = pytest.mark.once

SOUND_ONE = {"name": "django", "version": "5.2.8", "vulns": []}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
STAND_IN = """
import json, pathlib, sys
answer, code, said = json.loads(pathlib.Path(__file__).with_name("told.json").read_text())
assert pathlib.Path(sys.argv[sys.argv.index("--requirement") + 1]).is_file()
assert {"--disable-pip", "--require-hashes"} <= set(sys.argv)
if answer is not None:
    pathlib.Path(sys.argv[sys.argv.index("--output") + 1]).write_text(json.dumps(answer))
print(said, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("packages", "code", "last"),
    [
        ([SOUND_ONE], SOUND, "PASS: no known holes"),
        ([SOUND_ONE, {"name": "x", "version": "1", "vulns": [HOLE]}], HOLES, "FAIL: 1 known holes"),
        (
            [SOUND_ONE, {"name": "x", "skip_reason": "x was not found"}],
            NOBODY_ASKED,
            "x was not found",
        ),
        (None, NOBODY_ASKED, "no route to host"),
        ("garbage", NOBODY_ASKED, "no route to host"),
    ],
    ids=["sound", "hole", "left out", "unreachable", "garbage"],
)
def test_ends_with_what_it_found_or_says_that_it_could_not(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    packages: Any,
    code: int,
    last: str,
) -> None:
    answer = {"dependencies": packages} if isinstance(packages, list) else packages
    (tmp_path / "pip_audit.py").write_text(STAND_IN)
    (tmp_path / "told.json").write_text(
        json.dumps([answer, int(code != SOUND), "no route to host"])
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(type(dependencies.PIP_AUDIT), "interpreter", lambda _: Path(sys.executable))

    assert dependencies.main(["requirements.txt"]) == code

    said = capsys.readouterr()
    assert (said.err if code == NOBODY_ASKED else said.out).splitlines()[-1].endswith(last)
    assert ("x 1: PYSEC-2026-1, mended in 2.0" in said.out) is (code == HOLES)


def test_says_so_where_it_cannot_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Any) -> Path:
        raise NotInstalledError("pip-audit could not be installed: no network")

    monkeypatch.setattr(type(dependencies.PIP_AUDIT), "interpreter", fail)

    assert dependencies.main() == NOBODY_ASKED
    assert capsys.readouterr().err == "NOT ASKED: pip-audit could not be installed: no network\n"


def test_is_asked_by_nobody_unasked() -> None:
    """It tells a service what we run, and needs the network."""
    for name in ("script/test", "script/server", ".ci/run", "tests/suite.py"):
        assert "audit-dependencies" not in (ROOT / name).read_text()
