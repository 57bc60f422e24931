"""What docs/scaling.md says…"""

import re

import pytest

from tests.deploy import scaling
from tests.deploy.recipes import ROOT

pytestmark = pytest.mark.once

GUIDE = scaling.GUIDE.read_text()


def test_follows_from_its_figures() -> None:
    assert scaling.table(scaling.figures()) in GUIDE, "python -m tests.deploy.scaling"


def test_names_for_each_figure_what_shows_it() -> None:
    block = GUIDE.partition("```toml\n")[2].partition("```")[0]
    lines = [line for line in block.splitlines() if "=" in line]
    assert lines
    assert all("#" in line for line in lines)
    for module in re.findall(r"python -m (benchmarks[\w.]*)", block):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for page in re.findall(r"adr/\d{4}", block):
        assert list((ROOT / "docs").glob(f"{page}-*.md")), page
