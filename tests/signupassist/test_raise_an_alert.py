"""Raising an alert…"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from orchestrator.services import counts as turns
from orchestrator.tools import counts as tools
from signupassist.metrics import counted, figures, requests, state

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "alerts.yml"
GUIDE = ROOT / "docs" / "metrics.md"
OURS = re.compile(r"\bsignupassist_\w+")
MATCHER = re.compile(r"(\w+)(?:\{([^}]*)\})")
LABEL = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
IN_HISTOGRAMS = ("_bucket", "_count", "_sum")


def exposed(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Return what a scrape shows, each name with its labels."""
    found: dict[str, tuple[str, ...]] = {}
    for counter in (requests.REQUESTS, tools.CALLS, turns.TURNS):
        found[f"{counter._name}_total"] = counter._labelnames
    for histogram in (requests.SECONDS, tools.SECONDS):
        found |= {histogram._name + end: (*histogram._labelnames, "le") for end in IN_HISTOGRAMS}
    monkeypatch.setattr(state, "_look", lambda *_: list(figures.read(timezone.now())))
    breakers = counted.breakers(next(iter(tools.BREAKER_OPEN_UNTIL.collect())), at=0)
    for metric in [breakers, *state.within(1, timezone.now())]:
        labels = {name for sample in metric.samples for name in sample.labels}
        found[metric.name] = tuple(labels)
    return found


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load(RULES.read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def test_goes_by_metrics_and_labels_that_there_are(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = exposed(monkeypatch)
    expressions = "\n".join(rule["expr"] for rule in rules())
    named = set(OURS.findall(expressions))

    assert named
    assert named - set(there) == set()
    for name, matchers in MATCHER.findall(expressions):
        if name in there:
            assert {label for label, _, _ in LABEL.findall(matchers)} <= set(there[name]), name


@pytest.mark.once
def test_says_what_is_the_matter_and_what_to_do() -> None:
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        for text in rule["annotations"].values():
            assert text[0].isupper(), text
            assert text.endswith("."), text
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)


def test_stands_in_the_guide_with_every_metric(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = GUIDE.read_text()
    names = {name for name in exposed(monkeypatch) if not name.endswith(IN_HISTOGRAMS)}
    names |= {requests.SECONDS._name, tools.SECONDS._name}

    assert [name for name in sorted(names) if f"`{name}" not in guide] == []
    assert set(OURS.findall(guide)) - names == set()
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in guide] == []


@pytest.mark.once
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_is_what_prometheus_understands() -> None:
    command = ["promtool", "check", "rules", str(RULES)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
