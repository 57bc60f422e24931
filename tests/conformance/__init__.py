"""The official conformance suite as a referee of our MCP client (docs/conformance.md)."""
