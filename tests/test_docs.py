"""What is written down is true: every setting, error code, command and path…"""

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import SHOWN_AS
from orchestrator.flow.rules import RULES
from signupassist import env

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
APPS = {"audit", "accounts", "credentials", "sessions_store", "orchestrator", "signupassist"}


def read(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_setting_stands_in_the_example() -> None:
    said = set(re.findall(r"^([A-Z_]+)=", read(".env.example"), re.MULTILINE))
    assert said == env.NAMES


def test_every_command_stands_in_the_operators_guide() -> None:
    ours = {name for name, app in get_commands().items() if app in APPS}
    assert ours
    guide = read("docs/operations.md")
    assert [name for name in ours if f"manage.py {name}" not in guide] == []


def test_every_path_stands_in_the_api_guide() -> None:
    def paths(resolver: URLResolver, prefix: str = "") -> list[str]:
        found = []
        for one in resolver.url_patterns:
            here = f"{prefix}{one.pattern}"
            if isinstance(one, URLPattern):
                found.append(here)
            elif not here.startswith("admin/"):
                found += paths(one, here)
        return found

    guide = read("docs/api.md")
    ours = {re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path in paths(get_resolver())}
    assert [path for path in sorted(ours) if path.startswith("api/") and path not in guide] == []


def test_every_error_and_action_stands_in_the_api_guide() -> None:
    guide = read("docs/api.md")
    assert [code for code in CATALOGUE if code not in SHOWN_AS and f"`{code}`" not in guide] == []
    assert [action for action in RULES if f"`{action}" not in guide] == []


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_nothing_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git checkout to look through")
    traces = re.compile(rb"/(?:root|home)/[a-z]|index-url|find-links|files\.pythonhosted")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.name != Path(__file__).name:
            assert not traces.search(path.read_bytes()), name
