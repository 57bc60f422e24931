"""On the operators' checklist: what no other test shows just so."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.models import MandateAudit
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.conftest import use
from tests.scripts.checkout import free_port
from tests.servers.tools_call_server import ToolsCallServer

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_record_of_a_signup_says_when_and_what_it_was_about(chat: Chat) -> None:
    began = timezone.now()
    chat.walk_to("completed")

    rows = MandateAudit.objects.filter(session_id=chat.id).order_by("created_at")
    about = {"sessionId", "provider", "org_ref", "request_id"}
    assert len(rows) >= 15
    for row in rows:
        assert began <= row.created_at <= timezone.now()
        assert about <= row.metadata.keys()
        assert row.metadata["sessionId"] == chat.id
    opened = [row for row in rows if row.action == "credentials_accessed"]
    assert opened
    for row in opened:
        assert {"credential_alias", "accessed_at", "purpose"} <= row.metadata.keys()
        assert (row.metadata["provider"], row.metadata["org_ref"]) == (
            "skiclubpro",
            "blackhawk-ski",
        )


def test_the_session_has_its_row_for_24_hours(chat: Chat) -> None:
    chat.walk_to("login")

    row = AgenticCheckoutSession.objects.get(pk=chat.id)
    assert (row.provider_id, row.step, row.status) == ("skiclubpro", "login", "open")
    assert row.expires_at - row.created_at == timedelta(hours=24)


def test_a_wrong_address_of_the_server_ends_in_a_sentence_and_retry(
    chat: Chat, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "orchestrator.tools")
    nobody = f"http://127.0.0.1:{free_port()}"
    use(settings, nobody, "a-token", transport="tools-call")
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton")

    assert (chat.status, chat.last["code"]) == (503, "mcp_unavailable")
    assert chat.last["detail"] == ("The provider service is unavailable. Please try again shortly.")
    assert [button["label"] for button in chat.last["cta"]] == ["Retry"]
    assert nobody not in json.dumps(chat.last)
    assert chat.response["Retry-After"]
    assert "[MCP] Tool scp.search_providers failed: unavailable" in caplog.text

    with ToolsCallServer() as found:  # the address was mended
        use(settings, found.url, found.token, transport="tools-call")
        chat.press("retry_last")
    assert (chat.status, chat.last["meta"]["source"]) == (200, "mcp")


@pytest.mark.once
def test_a_call_may_take_thirty_seconds_where_nobody_says_otherwise() -> None:
    known = {name: value for name, value in os.environ.items() if name != "MCP_TIMEOUT_SECONDS"}
    told = "from signupassist import settings; print(settings.MCP_TIMEOUT_SECONDS)"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env=known,
        capture_output=True,
        text=True,
        check=True,
    )

    assert float(done.stdout) == 30
