"""Secrets in a tool call…"""

import logging
import socket
import threading
import traceback

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

TOKEN = "canary-service-token"
LOGIN = {"email": "canary-parent@example.com", "password": "canary-password"}
ARGS = {
    "org_ref": "blackhawk-ski",
    "program_ref": "blackhawk-saturday-nordic",
    "answers": {"child_name": "canary-child"},
    "idempotency_key": "key-1",
}
SCRIPTS = [
    Script(cut=True),
    Script(silent=True),
    Script(status=500, body=b"canary-tool-text"),
    Script(status=400, body=b"canary-tool-text"),
    Script(status=401, body=b"canary-tool-text"),
    Script(status=200, body=b'{"canary-tool-text'),
    Script(status=200, body=b'{"error": {"code": "canary", "message": "canary-tool-text"}}'),
    Script(status=200, body=b'{"error": {"code": "program_full", "message": "canary-text"}}'),
    Script(status=200, body=b'{"status": "canary-tool-text"}'),
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("tool", [Tool.FIND_PROGRAMS, Tool.SUBMIT_REGISTRATION])
def test_never_reach_a_log_or_an_exception(
    server: ToolsCallServer,
    make_toolbox: MakeToolbox,
    caplog: pytest.LogCaptureFixture,
    tool: Tool,
    script: Script,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.token = TOKEN
    server.script(tool.mcp_name, script)

    with pytest.raises(ToolError) as caught:
        make_toolbox(timeout_seconds=1).call(tool, ARGS, credentials=LOGIN)

    error = caught.value
    told = [caplog.text, str(error), repr(error), *map(str, error.args)]
    told += [str(record.args) for record in caplog.records]
    told += traceback.format_exception(error.__context__) if error.__context__ else []
    assert "canary" not in "".join(told)
    assert server.count(tool.mcp_name) == 1


def test_stay_inside_when_nobody_speaks_http(
    make_toolbox: MakeToolbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"canary-tool-text\r\n\r\n")

        waiter = threading.Thread(target=answer)
        waiter.start()
        toolbox = make_toolbox(url=f"http://127.0.0.1:{listener.getsockname()[1]}", token=TOKEN)
        with pytest.raises(ToolError, match="mcp_unavailable") as caught:
            toolbox.call(Tool.FIND_PROGRAMS, ARGS, credentials=LOGIN)
        waiter.join()

    assert caught.value.__context__ is None
    assert "canary" not in caplog.text
