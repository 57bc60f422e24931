"""What each tool is called and what its result must look like.

Results come from strangers, so every one is rebuilt, key by key, from what the schema allows: keys
we do not know are left behind, anything malformed makes the whole answer a bad response. What comes
out is plain JSON, fit for the session's state.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict

from orchestrator.tools import schema
from orchestrator.tools.errors import ToolBadResponseError


class Tool(StrEnum):
    """The tools by the names we use inside."""

    SEARCH_PROVIDER = "search_provider"
    FIND_PROGRAMS = "find_programs"
    CHECK_PREREQUISITES = "check_prerequisites"
    DISCOVER_FIELDS = "discover_fields"
    SUBMIT_REGISTRATION = "submit_registration"
    GET_REGISTRATION = "get_registration"

    @property
    def mcp_name(self) -> str:
        """Return the name that the server knows the tool by."""
        return _MCP_NAMES[self]

    @property
    def is_read(self) -> bool:
        """Return whether calling twice is the same as calling once."""
        return self is not Tool.SUBMIT_REGISTRATION

    @property
    def has_samples(self) -> bool:
        """Return whether sample data may stand in for the answer: never for a registration."""
        return self not in {Tool.SUBMIT_REGISTRATION, Tool.GET_REGISTRATION}


_MCP_NAMES = {
    Tool.SEARCH_PROVIDER: "scp.search_providers",
    Tool.FIND_PROGRAMS: "scp.get_programs",
    Tool.CHECK_PREREQUISITES: "scp.check_prerequisites",
    Tool.DISCOVER_FIELDS: "scp.discover_required_fields",
    Tool.SUBMIT_REGISTRATION: "scp.submit_registration",
    Tool.GET_REGISTRATION: "scp.get_registration",
}


class Provider(TypedDict):
    """A club, camp or school; `provider` names the system that it takes registrations with.

    `former_names` are what people may still call it.
    """

    name: str
    org_ref: str
    provider: str
    city: str
    state: str
    distance_km: float | None
    former_names: NotRequired[list[str]]


class Program(TypedDict):
    """Something a child can be signed up for."""

    program_ref: str
    title: str
    description: str
    schedule: str
    price_cents: int
    currency: str
    spots_left: int | None
    opens_at: str | None


class Prerequisite(TypedDict):
    """What must be in place before the form; only "ok" lets a parent pass."""

    name: str
    status: Literal["ok", "required", "missing"]
    label: str
    url: str | None


class Option(TypedDict):
    """One choice of a select or multiselect."""

    value: str
    label: str


class Field(TypedDict):
    """One question of the registration form."""

    name: str
    label: str
    type: str
    required: bool
    options: list[Option]
    help: str
    role: str | None


class Booking(TypedDict):
    """The provider's word that the child is in, or on the waiting list."""

    status: Literal["confirmed", "waitlisted"]
    confirmation_ref: str
    message: str | None


Result = list[Provider] | list[Program] | list[Prerequisite] | list[Field] | Booking

MOST_FORMER_NAMES = 5
CHOICE_TYPES = ("select", "multiselect")
FIELD_TYPES = ("text", "textarea", "email", "tel", "number", "date", "checkbox", *CHOICE_TYPES)


def parse(tool: Tool, result: object) -> Result:
    """Return the tool's result in our own shape.

    :raises ToolBadResponseError: if anything in it is not what the schema allows
    """
    try:
        return rebuild(tool, result)
    except schema.InvalidError:
        pass  # raised below, without a context that could hold the tool's text
    raise ToolBadResponseError(maybe_sent=True)


def rebuild(tool: Tool, result: object) -> Result:
    """Do what `parse` does, for who writes a tool: the traceback names the key that is wrong.

    :raises schema.InvalidError: if anything in it is not what the schema allows
    """
    return _PARSERS[tool](schema.mapping(result))


def argument_digest(tool: Tool, args: Mapping[str, Any], *, secret: str) -> str:
    """Return 32 hex digits that tell equal calls from different ones and nothing else.

    Logins and form answers are left out before the digest is taken.
    """
    key = hmac.digest(secret.encode(), b"signupassist tool arguments 1", "sha256")
    told = {name: value for name, value in args.items() if name not in {"credentials", "answers"}}
    canonical = json.dumps([tool, told], sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, canonical.encode(), "sha256")[:16].hex()


def _providers(result: Mapping[str, object]) -> Result:
    found = [_provider(schema.mapping(item)) for item in schema.items(result.get("providers"))]
    return schema.unique(found, lambda provider: provider["org_ref"])


def _provider(item: Mapping[str, object]) -> Provider:
    found: Provider = {
        "name": schema.line(item.get("name")),
        "org_ref": schema.reference(item.get("org_ref")),
        "provider": schema.name(item.get("provider")),
        "city": schema.line(item.get("city"), low=0),
        "state": schema.line(item.get("state"), low=0),
        "distance_km": schema.optional(_distance, item.get("distance_km")),
    }
    if former := [schema.line(name) for name in schema.items(item.get("former_names") or [])]:
        found["former_names"] = former[:MOST_FORMER_NAMES]
    return found


def _distance(value: object) -> float:
    return schema.quantity(value, high=20_040)  # half way round the earth


def _programs(result: Mapping[str, object]) -> Result:
    found = [_program(schema.mapping(item)) for item in schema.items(result.get("programs"))]
    return schema.unique(found, lambda program: program["program_ref"])


def _program(item: Mapping[str, object]) -> Program:
    return {
        "program_ref": schema.reference(item.get("program_ref")),
        "title": schema.line(item.get("title")),
        "description": schema.text(item.get("description")),
        "schedule": schema.line(item.get("schedule"), low=0, high=500),
        "price_cents": schema.count(item.get("price_cents"), high=100_000_000),
        "currency": schema.currency(item.get("currency")),
        "spots_left": schema.optional(_spots, item.get("spots_left")),
        "opens_at": schema.optional(schema.line, item.get("opens_at")),
    }


def _spots(value: object) -> int:
    return schema.count(value, high=1_000_000)


def _prerequisites(result: Mapping[str, object]) -> Result:
    found = schema.mapping(result.get("prerequisites"))
    if len(found) > schema.MAX_ITEMS:
        raise schema.InvalidError
    return [_prerequisite(schema.name(name), value) for name, value in found.items()]


def _prerequisite(name: str, value: object) -> Prerequisite:
    item = {"status": value} if isinstance(value, str) else schema.mapping(value)
    spoken = name.replace("_", " ").replace("-", " ").strip().capitalize() or name
    return {
        "name": name,
        "status": schema.one_of(item.get("status"), "ok", "required", "missing"),
        "label": schema.optional(schema.line, item.get("label")) or spoken,
        "url": schema.optional(schema.link, item.get("url")),
    }


def _fields(result: Mapping[str, object]) -> Result:
    found = [_field(schema.mapping(item)) for item in schema.items(result.get("fields"))]
    return schema.unique(found, lambda field: field["name"])


def _field(item: Mapping[str, object]) -> Field:
    kind = schema.one_of(item.get("type"), *FIELD_TYPES)
    return {
        "name": schema.name(item.get("name")),
        "label": schema.line(item.get("label"), high=500),
        "type": kind,
        "required": schema.flag(item.get("required")),
        "options": _options(item.get("options")) if kind in CHOICE_TYPES else [],
        "help": schema.optional(schema.text, item.get("help")) or "",
        "role": schema.optional(schema.name, item.get("role")),
    }


def _options(value: object) -> list[Option]:
    found = [_option(schema.mapping(item)) for item in schema.items(value)]
    if not found:
        raise schema.InvalidError  # a question that cannot be answered
    return schema.unique(found, lambda option: option["value"])


def _option(item: Mapping[str, object]) -> Option:
    return {
        "value": schema.returned(schema.line(item.get("value"))),
        "label": schema.line(item.get("label")),
    }


def _booking(result: Mapping[str, object]) -> Result:
    return {
        "status": schema.one_of(result.get("status"), "confirmed", "waitlisted"),
        "confirmation_ref": schema.line(result.get("confirmation_ref")),
        "message": schema.optional(schema.text, result.get("message")),
    }


_PARSERS: dict[Tool, Callable[[Mapping[str, object]], Result]] = {
    Tool.SEARCH_PROVIDER: _providers,
    Tool.FIND_PROGRAMS: _programs,
    Tool.CHECK_PREREQUISITES: _prerequisites,
    Tool.DISCOVER_FIELDS: _fields,
    Tool.SUBMIT_REGISTRATION: _booking,
    Tool.GET_REGISTRATION: _booking,
}
