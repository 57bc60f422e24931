"""To say what a message chose, in the story that the console tells…"""

from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from audit.admin.lines import BY_MESSAGE
from orchestrator.flow.moves import SWITCH
from orchestrator.flow.rules import RULES
from tests.orchestrator.chat import Chat


def test_knows_all_that_a_sentence_may_stand_for_and_nothing_more() -> None:
    assert set(BY_MESSAGE) == {name for name, rule in RULES.items() if rule.by_text} | {SWITCH}


@pytest.mark.once
def test_names_the_club_and_the_program(parent: User, staff: User, client: Client) -> None:
    chat = Chat(parent)
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton")
    chat.say("the first one please")
    chat.say("confirm it")
    chat.walk_to("program_selection")
    chat.say("Nordic Kids: Saturday")
    assert chat.step == "prerequisite_check"
    client.force_login(staff)

    page = client.get(f"/admin/audit/mandateaudit/timeline/{chat.id}/").content.decode()

    story = unescape(page)
    for chosen in ("Chose a provider by message", "Chose a program by message"):
        assert story.count(chosen) == 1, chosen
    assert "Confirmed the registration" not in story, "words alone confirm nothing"
    chose = story.partition("Chose a program by message")[2].partition("</li>")[0]
    assert "understood as select_program · Blackhawk Ski Club · Nordic Kids: Saturday" in chose
