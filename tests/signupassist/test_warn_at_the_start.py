"""Starting without a key that is needed…"""

import pytest
from pytest_django import Settings

from accounts.models import User
from signupassist.serve import warn_of_missing_keys
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import Chat

pytestmark = pytest.mark.django_db


def test_is_warned_of_in_one_line(
    parent: User, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = Chat(parent)
    chat.walk_to("login")
    chat.save_login()
    warn_of_missing_keys()
    assert capsys.readouterr().err == ""

    settings.CRED_SEAL_KEY = ANOTHER_KEY
    warn_of_missing_keys()
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("Warning: a key is missing in CRED_SEAL_KEY")
    assert "1 in stored_credentials, " in said
