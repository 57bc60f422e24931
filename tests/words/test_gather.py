"""Gathering the sentences into `locale/`…"""

import subprocess

import pytest

from tests.requirements_of_machine import missing
from tests.words.pseudo import ROOT

pytestmark = pytest.mark.once


@pytest.mark.skipif(bool(missing("gettext")), reason=missing("gettext") or "")
def test_has_been_done_since_a_sentence_changed() -> None:
    done = subprocess.run([ROOT / "script/words", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_leaves_out_what_a_program_reads() -> None:
    catalogue = (ROOT / "locale/en/LC_MESSAGES/django.po").read_text()
    for name in (
        "orchestrator/language/prompts.py",
        "understanding/commands.py",
        "audit/actions.py",
    ):
        assert name not in catalogue
