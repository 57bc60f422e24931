"""The pictures in README.md and docs/…"""

import re
from pathlib import Path

import pytest

from tests.browser.pictures import IMAGES, PICTURES, main

pytestmark = pytest.mark.once

ROOT = IMAGES.parents[1]
PICTURE = re.compile(r"""!\[[^\]]+\]\(([^)]+)\)|<img src="([^"]+)"[^>]* alt="[^"]+">""")
BIGGEST = 150_000


def shown() -> set[Path]:
    """Return what the pages show, each with words for who cannot see it."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return {
        (page.parent / "".join(found.groups(""))).resolve()
        for page in pages
        for found in PICTURE.finditer(page.read_text())
    }


def test_are_all_there_and_made_by_the_script() -> None:
    assert shown() == {IMAGES / name for name in PICTURES}
    assert {path.name for path in IMAGES.iterdir()} == set(PICTURES)


def test_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in IMAGES.iterdir()}
    assert {name: size for name, size in sizes.items() if size > BIGGEST} == {}


def test_are_made_by_a_script_that_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])

    assert end.value.code == 0
    said = capsys.readouterr().out
    assert "script/screenshots" in said
    assert [name for name in PICTURES if name not in said] == []


def test_stay_as_they_are_where_there_is_no_browser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    monkeypatch.setattr("tests.suite.install", lambda _: None)

    assert main([]) == 1
    assert "no Chromium" in capsys.readouterr().err
