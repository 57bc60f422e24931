"""The web process gets the model's SDK ready…"""

import subprocess
import sys

import pytest
from pytest_django import Settings

from orchestrator.language import client
from tests.servers.language_model_server import KEY, LanguageModelServer

pytestmark = pytest.mark.once

FORKS = """
import os, sys
from django.conf import settings
settings.OPENAI_API_KEY = sys.argv[1]
import signupassist.wsgi
if os.fork() == 0:
    print("openai.resources.chat.completions" in sys.modules)
else:
    os.wait()
"""


def test_before_a_parent_asks_and_asks_nothing_itself(model: LanguageModelServer) -> None:
    client.hang_up()
    client.warm_up()
    client._before_fork()  # which waits for it
    assert list(client._lines) == [(KEY, model.url)]
    assert model.questions == []


def test_where_there_is_a_model_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPENAI_API_KEY = ""
    monkeypatch.setattr(client, "_warming", None)
    client.warm_up()
    assert client._warming is None


def test_at_its_start_before_any_child_of_it_begins() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS, KEY],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "True"
