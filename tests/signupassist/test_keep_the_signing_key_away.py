"""The key that signs the log is the worker's: the web server…"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings

from audit import log_keys
from signupassist import env, serve
from signupassist.supervisor import Child

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "signupassist.settings",
    "DEBUG": "false",
    "SECRET_KEY": "production has one of its own: 9d1c7a35e2",
    "STAFF_MFA": "on",
}


@pytest.mark.parametrize(
    ("changes", "is_warned"),
    [({}, True), ({"AUDIT_SIGNING_KEY": ""}, False), ({"DEBUG": "true"}, False)],
)
def test_says_where_it_was_given_it(changes: dict[str, str], is_warned: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "signupassist.wsgi"],
        env=os.environ | PRODUCTION | changes,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, "")
    said = done.stderr.count("AUDIT_SIGNING_KEY is set for the web server")
    assert said == is_warned, done.stderr
    assert os.environ["AUDIT_SIGNING_KEY"] not in done.stderr


def test_is_started_without_it_and_with_its_public_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Child] = {}

    class Supervisor:
        def __init__(self, children: Sequence[Child]) -> None:
            started.update({child.name: child for child in children})

        def run(self) -> int:
            return 0

    monkeypatch.setattr(serve, "Supervisor", Supervisor)
    monkeypatch.setattr(serve, "_watch", lambda _: None)
    with socket.socket() as listener:
        serve._run(listener)
    assert not started["worker"].environment

    for name, value in started["web"].environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("AUDIT_SIGNING_KEY=of the file\n")
    env.load_files(tmp_path)
    assert env.text("AUDIT_SIGNING_KEY") == ""
    assert log_keys.verifiers(env.text("AUDIT_VERIFY_KEY"), ()) == settings.AUDIT_VERIFIERS
