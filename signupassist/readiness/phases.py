"""All phases, in the order in which they are shown."""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import Error

from signupassist.readiness import (
    audit_trail,
    credential_tracking,
    error_recovery,
    mcp_integration,
    session_persistence,
    testing,
)
from signupassist.readiness.findings import Finding, Grade, Phase

PHASES: dict[str, Callable[[datetime], Iterator[Finding]]] = {
    "Audit trail": audit_trail.look,
    "Session persistence": session_persistence.look,
    "MCP integration": mcp_integration.look,
    "Credential tracking": credential_tracking.look,
    "Error recovery": error_recovery.look,
    "Testing": testing.look,
}


def look(at: datetime) -> Iterator[Phase]:
    """Yield each phase as it stands now."""
    for name, findings in PHASES.items():
        yield Phase(name, tuple(_all_of(findings(at))))


def _all_of(findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except Error as error:  # a table is missing, or the database is gone: the rest cannot be seen
        kind = type(error).__name__
        remedy = "See whether the database answers, then run: manage.py migrate"
        yield Finding(Grade.NEEDED, "The rest", f"cannot be looked at: {kind}", remedy)
