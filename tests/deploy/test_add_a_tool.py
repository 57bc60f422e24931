"""Whoever follows docs/add-a-tool.md…"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from orchestrator.models import RegistrationSubmission
from tests.orchestrator.chat import Chat
from tests.orchestrator.conftest import use
from tests.scripts.checkout import free_port

pytestmark = [pytest.mark.once, pytest.mark.timeout(400)]  # three processes and a server

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/add-a-tool.md").read_text()
SIGN_UP = PAGE.partition("## 5.")[2]


class Reader:
    """Saves each file, and runs each command, in a folder that looks like the checkout."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        page = PAGE.replace("8080", str(port))
        (folder / "manage.py").symlink_to(ROOT / "manage.py")
        (folder / ".venv").symlink_to(sys.prefix)
        for name, text in re.findall(r"Save as `(\w+\.py)`.*?```python\n(.*?)```", page, re.DOTALL):
            (folder / name).write_text(text)
        self.test, self.serve, self.ask = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        (env,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
        self.settings = dict(line.split("=", 1) for line in env.split())

    def started(self, command: str) -> "subprocess.Popen[str]":
        """Return the command, running, with the settings of the page."""
        return subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.folder,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "signupassist.settings"}
            | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ran(self, command: str) -> str:
        """Return what the command said; it has to end well."""
        with self.started(command) as process:
            said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return said


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Somebody whose tools are served."""
    reader = Reader(tmp_path, free_port())
    with reader.started(reader.serve) as server:
        try:
            assert server.stdout is not None
            said = ""
            while "running on" not in said:
                line = server.stdout.readline()
                assert line, said  # else it ended
                said += line
            yield reader
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def test_has_tools_that_pass_their_tests_and_sign_a_child_up(
    reader: Reader, parent: User, settings: Settings
) -> None:
    assert "3 passed" in reader.ran(reader.test)
    told = reader.ran(reader.ask)
    assert "[MCP] Tool scp.search_providers succeeded" in told
    assert "'scp.get_registration': frozenset({'idempotency_key'})" in told

    club, wrong, course, receipt = re.findall(r"[“*`]([^”*`]+)[”*`]", SIGN_UP)[1:5]
    use(
        settings,
        reader.settings["MCP_SERVER_URL"],
        reader.settings["MCP_ACCESS_TOKEN"],
        transport="auto",
    )
    settings.MCP_TIMEOUT_SECONDS = 30  # as the page has it, which says nothing of it
    chat = Chat(parent)
    chat.begin()
    found = chat.say(club)
    assert (found["meta"]["source"], found["cards"][0]["title"]) == ("mcp", club)
    chat.press("select_provider", **found["cards"][0]["buttons"][0]["payload"])
    chat.press("connect_account")
    refused = chat.press("credentials_submitted", credential_id=chat.save_login(wrong, alias="Old"))
    assert refused["code"] == "login_failed"
    offered = chat.press("credentials_submitted", credential_id=chat.save_login())
    assert offered["cards"][0]["title"] == course
    chat.press("select_program", **offered["cards"][0]["buttons"][0]["payload"])
    chat.press("complete_prereqs")
    chat.press("submit_form", answers={"child": "Emma Larsen", "born": "2019-05-31"})
    chat.press("confirm_registration", summary=chat.summary)
    assert RegistrationSubmission.objects.get().confirmation_ref == receipt
