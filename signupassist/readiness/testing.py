"""Does it do here what it did where it was tested?"""

from collections.abc import Iterator
from datetime import datetime

from django.core import checks

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from orchestrator.tools.mock.tools import MockTools
from orchestrator.tools.toolbox import MockToolbox
from signupassist.readiness.findings import Finding, Grade, needed, unseen


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found; walks through the sample tools, in memory."""
    yield _system_checks()
    trouble = _trouble_on_a_walk()
    yield needed(
        "A signup on the sample tools",
        not trouble,
        trouble or "finds a club, its programs, prerequisites and form",
        "Install the release anew: its files are not what they should be.",
    )
    yield unseen(
        "The suite",
        "cannot be seen from a running service",
        "Run script/test on what you deploy.",
    )


def _system_checks() -> Finding:
    found = checks.run_checks(include_deployment_checks=True, databases=["default"])
    told = [message for message in found if not message.is_silenced()]
    is_serious = any(message.is_serious() for message in told)
    if not told:
        return Finding(Grade.OK, "Django's system checks", "have nothing to say")
    return Finding(
        Grade.NEEDED if is_serious else Grade.ADVICE,
        "Django's system checks",
        ", ".join(sorted({message.id or "?" for message in told})),
        "See what they say: manage.py check --deploy --database default",
    )


def _trouble_on_a_walk() -> str:
    """Return the tool that failed, or nothing."""
    tools = MockToolbox(MockTools())
    login = {"email": "readiness@example.com", "password": "-"}
    try:
        [club, *_] = tools.call(Tool.SEARCH_PROVIDER, {"query": "Blackhawk Ski Club"}).data
        about = {"org_ref": club["org_ref"]}
        [program, *_] = tools.call(Tool.FIND_PROGRAMS, about, credentials=login).data
        about["program_ref"] = program["program_ref"]
        for tool in (Tool.CHECK_PREREQUISITES, Tool.DISCOVER_FIELDS):
            tools.call(tool, about, credentials=login)
    except (ToolError, ValueError) as error:
        return f"does not come to its end: {type(error).__name__}"
    return ""
