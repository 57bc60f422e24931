"""The example client of the documentation…"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from orchestrator.models import RegistrationSubmission

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

CLIENT = Path(__file__).resolve().parents[2] / "docs" / "example_client.py"
STEPS = [
    "login",
    "program_selection",
    "prerequisite_check",
    "form_fill",
    "confirmation",
    "completed",
    "confirmed",
]


def run(server: str, email: str, password: str) -> "subprocess.CompletedProcess[str]":
    """Run it as its reader does."""
    return subprocess.run(
        [sys.executable, str(CLIENT), server, email],
        env=os.environ | {"SIGNUPASSIST_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_completes_a_signup_and_shows_its_trail(live_server: LiveServer, parent: User) -> None:
    done = run(live_server.url, parent.email, "a long pass phrase")

    assert (done.stderr, done.returncode) == ("", 0)
    assert re.findall(r"^(\w+): ", done.stdout, re.MULTILINE) == STEPS
    registration = RegistrationSubmission.objects.get()
    assert (registration.status, registration.user_id) == ("confirmed", parent.pk)
    assert registration.confirmation_ref in done.stdout
    recorded = re.findall(r"Z (\w+)$", done.stdout, re.MULTILINE)
    assert recorded[0] == "registration_completed"
    assert recorded[-1] == "session_created"

    refused = run(live_server.url, parent.email, "another one")
    assert refused.returncode == 1
    assert "login_failed: That e-mail and password do not match." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_says_that_nobody_answers() -> None:
    alone = run("http://127.0.0.1:1", "pat@example.com", "a long pass phrase")

    assert alone.returncode == 1
    assert alone.stderr.startswith("No answer from http://127.0.0.1:1/api/v1: ConnectionError")


def test_is_short_enough_to_be_read() -> None:
    assert len(CLIENT.read_text().splitlines()) <= 60
