"""A tool server on Streamable HTTP: its list of tools and their calls, whatever the era."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from orchestrator.tools import schema
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolFailedError,
    ToolMissingError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.headers import InvalidAnnotationError
from orchestrator.tools.mcp.jsonrpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    RpcError,
)
from orchestrator.tools.mcp.results import data_in
from orchestrator.tools.mcp.retrying import aside
from orchestrator.tools.mcp.wire import Question, Wire

PAGES_LIMIT = 100
LISTING_SECONDS = 300.0
LONGEST_LISTING_SECONDS = 3_600.0
KEY = "idempotency_key"
KEY_IN_META = "com.signupassist/idempotency-key"
log = logging.getLogger("orchestrator.tools")


@dataclass(frozen=True)
class Listing:
    """The server's tools, by name, each with its input schema as the server gave it.

    Until `fresh_until` it is the truth. Until `good_until` it will do for a call, where the server
    sets a wrong guess right: it says so of a missing header, and of a tool it does not have.
    """

    schemas: Mapping[str, Mapping[str, Any]]
    fresh_until: float
    good_until: float

    def will_do(self, *, fresh: bool) -> bool:
        """Return whether it is young enough."""
        return monotonic() < (self.fresh_until if fresh else self.good_until)


class StreamableServer:
    """A tool server on one era's wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._listing: Listing | None = None

    def call(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> Mapping[str, Any]:
        """Return the tool's data, unchecked.

        :raises ToolError: if there is none
        """
        result = self.call_tool(tool.mcp_name, args, effort, once=not tool.is_read)
        try:
            return data_in(result)
        except ToolFailedError:
            if self._is_gone(tool.mcp_name, effort):  # some servers put it no better
                raise ToolMissingError from None
            raise

    def call_tool(
        self, name: str, args: Mapping[str, Any], effort: Effort, *, once: bool = False
    ) -> dict[str, Any]:
        """Return the result of `tools/call` as it came, also if the tool calls it an error.

        :raises ToolMissingError: if the server does not have the tool, or it must not be used
        :raises ToolError: if there is no result
        """
        # What cannot be said twice is said by the newest listing.
        listing = self._listing_with(name, effort, fresh=once)
        try:
            return self._wire.ask(self._question(listing, name, args, once=once), effort)
        except RpcError as error:
            refused = error
        if refused.number == HEADER_MISMATCH:  # nothing was done: our listing is out of date
            self._listing = None
            if not once:
                listing = self._listing_with(name, effort)
                return self._wire.ask(self._question(listing, name, args, once=once), effort)
        if refused.number in {METHOD_NOT_FOUND, INVALID_PARAMS} and self._is_gone(name, effort):
            raise ToolMissingError
        raise refused

    def list_tools(self, effort: Effort) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool's input schema lists, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """
        return {name: _arguments(found) for name, found in self.schemas(effort).items()}

    def schemas(self, effort: Effort) -> Mapping[str, Mapping[str, Any]]:
        """Return the input schema of every tool that may be used, as the server gave it.

        :raises ToolError: if the server does not say
        """
        listing = self._listing
        if listing is None or not listing.will_do(fresh=True):
            listing = self._list(effort)
        return listing.schemas

    def close(self) -> None:
        """Let the server forget us."""
        self._wire.close()

    def _question(
        self, listing: Listing, name: str, args: Mapping[str, Any], *, once: bool
    ) -> Question:
        found = listing.schemas[name]
        meta, headers = {}, {}
        if once and (key := args.get(KEY)):
            meta[KEY_IN_META] = headers["Idempotency-Key"] = str(key)
            if found.get("additionalProperties") is False and KEY not in _arguments(found):
                args = {argument: value for argument, value in args.items() if argument != KEY}
        return Question(
            "tools/call",
            {"name": name, "arguments": dict(args)},
            meta=meta,
            name=name,
            headers=headers | self._wire.mirrored(found, args),
            once=once,
        )

    def _listing_with(self, name: str, effort: Effort, *, fresh: bool = False) -> Listing:
        """Return a listing that has the tool.

        :raises ToolMissingError: if the server does not have it now
        """
        known = self._listing
        if known is not None and name in known.schemas and known.will_do(fresh=fresh):
            return known
        with aside(effort):
            listing = self._list(effort)
        if name not in listing.schemas:
            raise ToolMissingError
        return listing

    def _is_gone(self, name: str, effort: Effort) -> bool:
        try:
            with aside(effort):
                return name not in self._list(effort).schemas
        except ToolError:
            return False

    def _list(self, effort: Effort) -> Listing:
        found: dict[str, Mapping[str, Any]] = {}
        cursor, seen = "", set[str]()
        for _ in range(PAGES_LIMIT):
            page = self._wire.ask(
                Question("tools/list", {"cursor": cursor} if cursor else {}), effort
            )
            found |= self._usable(page.get("tools"))
            following = page.get("nextCursor") or ""
            if not following:
                self._listing = _kept(found, page.get("ttlMs"))
                return self._listing
            if not isinstance(following, str) or following in seen:
                break
            seen.add(following)
            cursor = following
        raise ToolBadResponseError

    def _usable(self, tools: object) -> dict[str, Mapping[str, Any]]:
        """Return the tools of a page that make sense; one that does not spoils no other."""
        if not isinstance(tools, list):
            raise ToolBadResponseError
        found = {}
        for tool in tools:
            name, described = _described(tool)
            if described is None:
                continue
            try:
                self._wire.mirrored(described, {})
            except InvalidAnnotationError:
                log.warning("[MCP] Tool %s asks for headers that cannot be: not used", name)
            else:
                found[name] = described
        return found


def _described(tool: object) -> tuple[str, Mapping[str, Any] | None]:
    """Return a listed tool's name and input schema, None where there is neither."""
    try:
        item = schema.mapping(tool)
        return schema.reference(item.get("name")), schema.mapping(item.get("inputSchema", {}))
    except schema.InvalidError:
        return "", None


def _arguments(described: Mapping[str, Any]) -> frozenset[str]:
    properties = described.get("properties")
    return frozenset(properties) if isinstance(properties, Mapping) else frozenset()


def _kept(found: Mapping[str, Mapping[str, Any]], ttl: object) -> Listing:
    """Return the listing with its time; a server that wants it short-lived need not be asked."""
    now = monotonic()
    wish = LISTING_SECONDS
    if isinstance(ttl, int) and not isinstance(ttl, bool) and ttl >= 0:
        wish = min(ttl / 1000, LONGEST_LISTING_SECONDS)
    return Listing(found, now + wish, now + max(wish, LISTING_SECONDS))
