"""What Procfile, Dockerfile, .dockerignore and compose.yaml say, as their programs understand it."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def procfile() -> dict[str, str]:
    """Return each process type's command."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


@dataclass
class Stage:
    """One FROM of a Dockerfile, and what follows."""

    base: str
    environment: dict[str, str] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)  # without the flags of RUN itself
    copies: list[str] = field(default_factory=list)
    user: str = "root"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def take(self, word: str, rest: str) -> None:
        """Note an instruction; those that only describe are left out."""
        match word:
            case "ENV":
                self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "RUN":
                self.runs.append(re.sub(r"^(--\S+\s+)+", "", rest))
            case "COPY":
                self.copies.append(rest)
            case "USER":
                self.user = rest
            case "CMD":
                self.command = json.loads(rest)
            case "HEALTHCHECK":
                self.health = json.loads(rest.partition("CMD ")[2])


def stages(dockerfile: str = "Dockerfile") -> list[Stage]:
    """Return a Dockerfile's stages; the last is what becomes the image."""
    lines = (ROOT / dockerfile).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    made: list[Stage] = []
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            made.append(Stage(rest.partition(" ")[0]))
        elif made and word:
            made[-1].take(word, rest.strip())
    return made


def is_sent(path: str) -> bool:
    """Return whether `.dockerignore` lets this file into the build; its last word on it counts."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        rule, is_exception = line.removeprefix("!"), line.startswith("!")
        if rule and not rule.startswith("#") and _covers(rule, path):
            sent = is_exception
    return sent


def _covers(rule: str, path: str) -> bool:
    if rule.startswith("**/"):
        return any(fnmatch(part, rule.removeprefix("**/")) for part in path.split("/"))
    return fnmatch(path.split("/")[0], rule)


def compose(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return compose.yaml's services, with the variables filled in.

    :raises KeyError: for one that has to be there and is not
    """
    services: dict[str, dict[str, Any]] = _filled(raw_compose(), variables)["services"]
    return services


def raw_compose() -> dict[str, Any]:
    """Return compose.yaml as it stands."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), value)
    return value


def _value(found: "re.Match[str]", variables: Mapping[str, str]) -> str:
    name, manner, default = found.groups()
    given = variables.get(name, "")
    if not given and manner != "-":
        raise KeyError(name)
    return given or default
