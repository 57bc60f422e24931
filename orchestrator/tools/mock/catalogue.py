"""The sample providers, read once from `catalogue.json`."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from orchestrator.tools.errors import ToolRefusedError


class SampleProgram(TypedDict):
    """A program as the data file keeps it: what is shown, and how it behaves.

    `spots_left`, `opens_at` and the details of a prerequisite may be absent.
    """

    program_ref: str
    title: str
    description: str
    schedule: str
    price_cents: int
    currency: str
    spots_left: int
    registration: str
    waitlist: bool
    form: str
    prerequisites: dict[str, Any]


class SampleProvider(TypedDict):
    """A provider as the data file keeps it; `former_names` may be absent."""

    org_ref: str
    name: str
    provider: str
    city: str
    state: str
    lat: float
    lng: float
    keywords: list[str]
    former_names: NotRequired[list[str]]
    programs: list[SampleProgram]


class Catalogue(TypedDict):
    """The whole file."""

    forms: dict[str, list[dict[str, Any]]]
    providers: list[SampleProvider]


@cache
def load() -> Catalogue:
    """Return the catalogue; nobody may change what they are given."""
    file = Path(__file__).with_name("catalogue.json")
    found: Catalogue = json.loads(file.read_text(encoding="utf-8"))
    return found


def provider(org_ref: object) -> SampleProvider:
    """Return one provider.

    :raises ToolRefusedError: `not_found`
    """
    for candidate in load()["providers"]:
        if candidate["org_ref"] == org_ref:
            return candidate
    raise ToolRefusedError("not_found", "There is no such provider.")


def program(org_ref: object, program_ref: object) -> SampleProgram:
    """Return one program of one provider.

    :raises ToolRefusedError: `not_found`
    """
    for candidate in provider(org_ref)["programs"]:
        if candidate["program_ref"] == program_ref:
            return candidate
    raise ToolRefusedError("not_found", "There is no such program.")
