"""The tool server of the tests, started by hand…"""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolUnavailableError
from tests.orchestrator.tools.conftest import MakeToolbox

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]


def test_serves_the_catalogue_and_follows_its_scripts(make_toolbox: MakeToolbox) -> None:
    command = [sys.executable, "-m", "tests.servers.tools_call_server", "--port", "0"]
    command += ["--token", "by-hand", "--script", "scp.get_programs=status:500"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("tools at ").strip()
            toolbox = make_toolbox(url=url, token="by-hand")

            assert toolbox.call(Tool.SEARCH_PROVIDER, {"query": "Blackhawk"}).source == "mcp"
            with pytest.raises(ToolUnavailableError):
                toolbox.call(Tool.FIND_PROGRAMS, {"org_ref": "blackhawk-ski"})
        finally:
            process.terminate()
