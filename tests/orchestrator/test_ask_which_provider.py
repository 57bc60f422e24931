"""Asking a parent which provider they mean…"""

import json

import pytest

from orchestrator.tools.contract import Tool
from tests.orchestrator.chat import Chat
from tests.orchestrator.places.looking import say_from
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

SEARCH = Tool.SEARCH_PROVIDER.mcp_name


@pytest.mark.parametrize(
    ("words", "message", "first"),
    [
        ("Little Acorns Gymnastics",
         "There are two of that name: in Green Bay and in Dubuque. Which town?", "Green Bay, WI"),
        ("Little Acorns Gymnastics in Dubuque",
         "I found Little Acorns Gymnastics. Is that the one?", "Dubuque, IA"),
        ("Litle Acorms Gymnastics in Dubuque",
         "Did you mean Little Acorns Gymnastics in Dubuque?", "Dubuque, IA"),
        ("Cedar Valley Code Camp",
         "I found Prairie Makers Camp, formerly Cedar Valley Code Camp. Is that the one?",
         "Cedar Rapids, IA"),
    ],
)  # fmt: skip
def test_asks_which_one_it_is(any_chat: Chat, words: str, message: str, first: str) -> None:
    any_chat.begin()
    any_chat.say(words)
    assert (
        any_chat.last["message"].removesuffix(" This is sample data, not a real offer.") == message
    )
    assert any_chat.last["cards"][0]["subtitle"] == first


def test_still_knows_after_a_retry_what_was_looked_for(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    server.script(SEARCH, Script(status=401), times=1)
    chat.say("Litle Acorms Gymnastics in Dubuque")
    chat.press("retry_last")
    assert chat.last["message"] == "Did you mean Little Acorns Gymnastics in Dubuque?"


def test_puts_the_nearest_first_and_in_that_order(chat: Chat) -> None:
    chat.begin()
    turn = say_from(chat, "Little Acorns Gymnastics", {"lat": 42.5, "lng": -90.6})
    assert [card["subtitle"] for card in turn["cards"]] == [
        "Dubuque, IA · 3 miles away",
        "Green Bay, WI · 190 miles away",
    ]
    chat.say("the second one")
    assert chat.last["session"]["org_ref"] == "little-acorns-green-bay"


def test_brings_what_a_tool_found_into_the_order_that_it_is_chosen_by(
    chat: Chat, server: ToolsCallServer
) -> None:
    club = {"name": "Otter Swim", "provider": "p", "state": "WI"}
    far = {**club, "org_ref": "far", "city": "Far", "distance_km": 80}
    near = {**club, "org_ref": "near", "city": "Near", "distance_km": 8}
    clubs = [far, {**near, "former_names": ["Beaver Swim"]}]
    server.script(SEARCH, Script(status=200, body=json.dumps({"providers": clubs}).encode()))
    chat.begin()
    chat.say("Otter Swim")
    assert [card["subtitle"] for card in chat.last["cards"]] == [
        "Near, WI · 5 miles away",
        "Far, WI · 50 miles away",
    ]
    assert chat.last["cards"][0]["description"] == "Formerly Beaver Swim."
    chat.say("the first one")
    assert chat.last["session"]["org_ref"] == "near"
