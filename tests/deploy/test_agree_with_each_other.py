"""The recipes of deployment…"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from signupassist import env
from tests.deploy import recipes
from tests.deploy.recipes import ROOT

pytestmark = pytest.mark.once

DEADLINE = 30  # seconds that one tool call may take
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
FILLED = dict.fromkeys(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()), "x")
SERVICES = recipes.compose(FILLED)
IMAGE = recipes.stages()[-1]
OURS = [name for name, one in SERVICES.items() if one.get("image") == FILLED["IMAGE"]]


def railway(name: str) -> dict[str, Any]:
    """Return how Railway deploys a service."""
    said: dict[str, Any] = json.loads((ROOT / "deploy/railway" / f"{name}.json").read_text())[
        "deploy"
    ]
    return said


def unit(name: str) -> list[str]:
    """Return the lines of a unit of systemd."""
    return (ROOT / "deploy/systemd" / f"signupassist-{name}.service").read_text().splitlines()


def started_by(name: str) -> list[list[str]]:
    """Return what a unit starts, in the folder of the product."""
    commands = [line.partition("=")[2] for line in unit(name) if line.startswith("ExecStart=")]
    return [shlex.split(one.removeprefix("/opt/signupassist/.venv/bin/")) for one in commands]


def seconds(text: str) -> int:
    """Return a duration of compose.yaml."""
    return int(text.removesuffix("s"))


def test_keep_to_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests/deploy/compose-spec.json").read_text())
    errors = jsonschema_rs.validator_for(schema).iter_errors(recipes.raw_compose())
    assert [error.message for error in errors] == []


def test_start_the_same_everywhere() -> None:
    commands = {name: shlex.split(line) for name, line in recipes.procfile().items()}
    release = [list(part) for part in _parts(commands["release"])]
    assert set(commands) == {"web", "worker", "release"}
    assert commands["web"] == IMAGE.command == started_by("web")[0][:-2]
    assert "command" not in SERVICES["web"]
    assert commands["worker"] == SERVICES["worker"]["command"] == started_by("worker")[0]
    assert shlex.split(railway("worker")["startCommand"]) == commands["worker"]
    assert release == started_by("release")
    assert release[0] == SERVICES["release"]["command"]
    assert [shlex.split(one) for one in railway("web")["preDeployCommand"]] == release[:1]
    assert any(shlex.join(release[1]) in run for run in recipes.stages()[0].runs)


def _parts(command: list[str]) -> list[list[str]]:
    at = command.index("&&")
    return [command[:at], command[at + 1 :]]


def test_wait_for_a_turn_that_is_under_way() -> None:
    words = IMAGE.command
    graceful = int(words[words.index("--graceful-timeout") + 1])
    stop = next(line for line in unit("web") if line.startswith("TimeoutStopSec="))
    ends = [SERVICES["web"]["stop_grace_period"], stop.partition("=")[2]]
    assert graceful > DEADLINE
    assert all(graceful < seconds(end) for end in ends)
    assert graceful < railway("web")["drainingSeconds"]


def test_give_no_process_what_it_does_not_need() -> None:
    knows = {name: set(one.get("environment", {})) for name, one in SERVICES.items()}
    assert {name for name in knows if "AUDIT_SIGNING_KEY" in knows[name]} == {"worker"}
    assert {name for name in knows if "DATABASE_OWNER_URL" in knows[name]} == {"release", "manage"}
    assert "://web:" in SERVICES["web"]["environment"]["DATABASE_URL"]
    assert "://worker:" in SERVICES["worker"]["environment"]["DATABASE_URL"]
    ours = set().union(*(knows[name] for name in OURS if name != "tools"))
    assert ours <= env.NAMES, "every variable is one that the settings read"


def test_let_nobody_be_root_or_write() -> None:
    for stage in (IMAGE, recipes.stages("deploy/pgbouncer/Dockerfile")[-1]):
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.user)
    for name in (*OURS, "pgbouncer"):
        service = SERVICES[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "user" not in service, name
        assert not service.get("privileged"), name
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["proxy"]


def test_wait_only_for_what_can_come() -> None:
    for name, service in SERVICES.items():
        for other, wish in service.get("depends_on", {}).items():
            told = SERVICES[other]
            if wish["condition"] == "service_healthy":
                check = told.get("healthcheck", {})
                assert check.get("test") or (other in OURS and IMAGE.health), (name, other)
                assert not check.get("disable"), (name, other)
            else:
                assert told["restart"] == "no", (name, other)


def test_leave_no_secret_in_a_layer() -> None:
    secrets = r"SECRET_KEY|CRED_SEAL|SIGNING|PASSWORD|TOKEN|DATABASE_URL"
    for stage in recipes.stages():
        assert not any(re.search(secrets, name) for name in stage.environment)
        for run in stage.runs:
            for value in re.findall(rf"\b(?:{secrets})\w*=(\S+)", run):
                assert value.startswith('"$('), "made for this command alone"
    assert not any("ARG" in line and re.search(secrets, line) for line in _lines("Dockerfile"))


def _lines(name: str) -> list[str]:
    return (ROOT / name).read_text().splitlines()


def test_install_by_hashes_what_is_locked() -> None:
    install = [run for stage in recipes.stages() for run in stage.runs if "pip install" in run]
    assert len(install) == 1
    assert "--require-hashes" in install[0]
    assert "-r requirements.txt" in install[0]


@pytest.mark.parametrize(
    ("path", "is_sent"),
    [
        ("manage.py", True),
        ("gunicorn.conf.py", True),
        ("signupassist/wsgi.py", True),
        ("orchestrator/tools/mock/catalogue.json", True),
        ("static/favicon.svg", True),
        (".env", False),
        ("var/development.env", False),
        (".git/config", False),
        ("tests/conftest.py", False),
        ("audit/__pycache__/merkle.cpython-311.pyc", False),
    ],
)
def test_send_the_product_to_the_build_and_nothing_else(path: str, is_sent: bool) -> None:
    assert recipes.is_sent(path) is is_sent


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_are_units_that_systemd_understands(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: apt-get install systemd")
    here = tmp_path / path.name
    text = path.read_text().replace("/opt/signupassist/.venv", sys.prefix)
    here.write_text(text.replace("User=signupassist\nGroup=signupassist\n", ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if path.name in line]
    assert complaints == []


def test_say_of_every_variable_who_needs_it() -> None:
    guide = (ROOT / "docs/operations.md").read_text()
    table = guide.partition("### Every variable")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    named = [name for row in rows for name in re.findall(r"`([A-Z][A-Z_]{3,})`", row.split("|")[1])]
    assert sorted(named) == sorted(env.NAMES)
