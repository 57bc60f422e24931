"""Walking a signup through trouble, against a provider's server that misbehaves…"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from orchestrator.tools.contract import Tool
from tests.browser import artefacts, steps
from tests.browser.conftest import PASSWORD, ROOT, Prepared, Served, serving
from tests.browser.steps import Walk
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
SUBMIT, FIND = Tool.SUBMIT_REGISTRATION.mcp_name, Tool.FIND_PROGRAMS.mcp_name
TOO_SLOW = "This is taking longer than expected. Please try again."
UNAVAILABLE = "The provider service is unavailable. Please try again shortly."
ENDED = "Your session expired. Please log in again."
CHECKING = "We are checking whether your registration went through. Please do not submit it again."
ASK_THE_PROVIDERS = """
from datetime import timedelta
from django.utils import timezone
from orchestrator.services.reconciling import reconcile
print(reconcile(at=timezone.now() + timedelta(seconds=61)))
"""


@pytest.fixture(scope="module")
def tools() -> Iterator[ToolsCallServer]:
    """The provider's server, which can look a registration up."""
    with ToolsCallServer(looks_up=True) as server:
        yield server


@pytest.fixture(scope="module")
def served(
    prepared: Prepared, tools: ToolsCallServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Serve with that provider's tools instead of samples."""
    with serving(
        prepared,
        tmp_path_factory.mktemp("served"),
        USE_REAL_MCP="true",
        MCP_SERVER_URL=tools.url,
        MCP_ACCESS_TOKEN=tools.token,
        MCP_TRANSPORT="tools-call",
        MCP_TIMEOUT_SECONDS="5",
        MCP_MAX_RETRIES="0",
        MCP_FALLBACK="off",
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def tools_mend(tools: ToolsCallServer) -> Iterator[None]:
    """Let no test meet the trouble that was meant for another."""
    yield
    for tool in (FIND, SUBMIT):
        tools.script(tool, Script())


def test_retries_what_failed_until_it_succeeds(
    open_page: OpenPage, log_in: Callable[[Page], Page], tools: ToolsCallServer
) -> None:
    walk = Walk(log_in(open_page(width=390)))
    walk.find_the_club()

    tools.script(FIND, Script(silent=True), times=1)
    walk.connect()
    expect(walk.newest).to_contain_text(TOO_SLOW)
    artefacts.keep(walk.page, "trouble-1-too-slow")
    tools.script(FIND, Script(status=503), times=1)
    walk.press("Retry")
    expect(walk.page.get_by_text(UNAVAILABLE).first).to_be_visible()
    artefacts.keep(walk.page, "trouble-2-unavailable")
    walk.press("Retry")

    walk.at("Program")
    expect(walk.newest).to_contain_text("Nordic Kids: Saturday")
    expect(walk.page.get_by_text("Sample data")).to_have_count(0)


def test_logs_in_again_where_the_log_in_expired_and_loses_nothing(
    open_page: OpenPage, log_in: Callable[..., Page], served: Served, tools: ToolsCallServer
) -> None:
    email, booked = next(served.parents), len(tools.booked)
    walk = Walk(log_in(open_page(), email))
    walk.to_the_confirmation()
    with closing(sqlite3.connect(served.database, timeout=60, isolation_level=None)) as database:
        database.execute("UPDATE django_session SET expire_date = '2020-01-01'")

    walk.confirm()

    walk.page.wait_for_url("**/auth?next=/*")
    expect(walk.page.get_by_text(ENDED)).to_be_visible()
    artefacts.keep(walk.page, "trouble-3-log-in-again")
    assert len(tools.booked) == booked, "nothing is done for somebody who is not logged in"
    steps.log_in(walk.page, email, PASSWORD)
    walk.at("Confirm")
    expect(walk.newest).to_contain_text(steps.ANSWERS["text"])
    walk.confirm()
    walk.at("Done")
    assert len(tools.booked) == booked + 1


def test_hears_by_itself_what_became_of_an_unclear_registration(
    open_page: OpenPage, log_in: Callable[..., Page], served: Served, tools: ToolsCallServer
) -> None:
    walk = Walk(log_in(open_page(phone=True, width=390), next(served.parents)), steps.Finger())
    walk.to_the_confirmation()
    booked = len(tools.booked)

    tools.script(SUBMIT, Script(deed=True, cut=True), times=1)
    walk.confirm()
    expect(walk.newest).to_contain_text(CHECKING)
    artefacts.keep(walk.page, "trouble-4-unknown")
    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", ASK_THE_PROVIDERS],
        cwd=ROOT,
        env=served.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "1 confirmed" in said.stdout

    # the page asks less and less often, every minute in the end
    words = walk.page.locator("[data-step-words]")
    expect(words).to_contain_text("Done", timeout=90_000)
    walk.at("Done")
    [reference] = [tools.bookings[key]["confirmation_ref"] for key in tools.booked[booked:]]
    expect(walk.page.get_by_text(reference).first).to_be_visible()
    artefacts.keep(walk.page, "trouble-5-known")
