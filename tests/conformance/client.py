"""`python -m tests.conformance.client URL` plays the scenario that the conformance suite has set up.

It adds nothing to our client but the wish to call something, and, for one scenario, somebody who
answers a tool's questions. It ends with 0 if nothing went wrong on our side of the wire.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.negotiation import NegotiatedServer
from orchestrator.tools.mcp.stateless import StatelessWire
from orchestrator.tools.mcp.streamable import StreamableServer
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mcp.wire import Question

SAMPLES = {"number": 1, "integer": 1, "boolean": True, "array": [], "object": {}, "null": None}


class ObligingWire(StatelessWire):
    """The stateless wire with somebody who says yes to whatever a tool asks."""

    def _complete(
        self, question: Question, result: dict[str, Any], effort: Effort
    ) -> dict[str, Any]:
        if result.get("resultType") != "input_required":
            return super()._complete(question, result, effort)
        yes = {"action": "accept", "content": {"confirmed": True}}
        more: dict[str, Any] = {"inputResponses": dict.fromkeys(result["inputRequests"], yes)}
        if "requestState" in result:
            more["requestState"] = result["requestState"]
        again = Question(question.method, {**question.params, **more}, name=question.name)
        return self.ask(again, effort)


def effort() -> Effort:
    """Return what the product spends on a call."""
    return Effort(seconds=20, retries=3)


def list_only(server: StreamableServer) -> None:
    """Do no more than what comes before a call."""
    server.schemas(effort())


def call_what_is_listed(server: StreamableServer) -> None:
    """Call every tool that the client surfaces, with something for each argument."""
    for name, schema in server.schemas(effort()).items():
        properties = schema.get("properties", {})
        args = {one: SAMPLES.get(about.get("type"), "x") for one, about in properties.items()}
        server.call_tool(name, args, effort())


def call_what_is_asked_for(server: StreamableServer) -> None:
    """Make the calls that the suite names in its context."""
    for call in json.loads(os.environ["MCP_CONFORMANCE_CONTEXT"])["toolCalls"]:
        server.call_tool(call["name"], call["arguments"], effort())


def echo_a_schema(server: StreamableServer) -> None:
    """Give an input schema back as it came."""
    schema = dict(server.schemas(effort())["json_schema_2020_12_tool"])
    server.call_tool("json_schema_echo", {"schema": schema}, effort())


SCENARIOS: dict[str, Callable[[StreamableServer], None]] = {
    "initialize": list_only,
    "tools_call": call_what_is_listed,
    "sse-retry": call_what_is_listed,
    "json-schema-2020-12-preservation": echo_a_schema,
    "request-metadata": list_only,
    "http-standard-headers": call_what_is_listed,
    "http-custom-headers": call_what_is_asked_for,
    "http-invalid-tool-headers": call_what_is_listed,
    "json-schema-ref-no-deref": list_only,
    "sep-2322-client-request-state": call_what_is_listed,
}


def main(url: str) -> None:
    """Play the scenario that the environment names against the server at this address."""
    scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
    transport = Transport(url, token="")
    found = NegotiatedServer(transport, bare_too=False)
    server = found.ask(effort())
    if not isinstance(server, StreamableServer):
        raise TypeError("the suite speaks MCP only")
    if scenario == "sep-2322-client-request-state":
        server = StreamableServer(ObligingWire(transport))
    SCENARIOS.get(scenario, list_only)(server)
    found.close()
    transport.close()


if __name__ == "__main__":
    main(sys.argv[1])
