"""A question is known…"""

import time

import pytest

from orchestrator.understanding.intents import Topic
from orchestrator.understanding.topics import topic_of
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once

ASKED = {
    Topic.PRICE: "how much is it? · hwo mcuh is it · whats the pirce · price? · is it free?"
    " · show me the prices · ok, and what does the jumping one cost? · ¿cuánto cuesta? · a cuanto sale",
    Topic.SPOTS: "is it full? · is the Saturday one still open? · any spots left · how many places are"
    " left? · Hi! Is Nordic Kids sold out? · is there a waitlist · ¿hay cupo? · esta lleno?",
    Topic.SCHEDULE: "when is it? · what time does it start · when does registration open? · is it on"
    " saturdays? · how long is the class? · ¿a qué hora es? · cuando empieza",
    Topic.PLACE: "where is it? · how far is it from us · is there parking? · what's the address"
    " · ¿dónde es? · que tan lejos queda",
    Topic.AGE: "is she old enough? · what ages is it for · can my 6 year old join?"
    " · is it too hard for a beginner · ¿para qué edad es?",
    Topic.ABOUT: "what do they do there? · tell me more about Nordic Kids · is lunch included? · what is"
    " the race team? · ¿de qué se trata? · what is the difference between nordic and alpine",
    Topic.OPTIONS: "what else is there? · do you have anything on Sundays? · are there other classes?"
    " · ¿qué más hay? · what other options do we have",
    Topic.REQUIREMENTS: "what is missing? · what do I need? · do we need a membership · ¿qué me falta?"
    " · why can't I continue?",
    Topic.LOGIN: "what do you do with my password? · is it safe to give you my login? · why do you need"
    " my account · who can see my pasword? · ¿es seguro poner mi contraseña? · I forgot my password",
    Topic.DATA: "who sees what I write? · why do you need her birthday · is my data private?"
    " · why the phone number? · do you"
    " sell my data? · ¿quién ve mis datos?",
    Topic.SENT: "did it work? · is she registered? · did it go trough? · are we booked?"
    " · are you holding her spot? · have you sent it · ¿ya está inscrita?"
    " · what is the confirmation number",
    Topic.PAYMENT: "do I pay here? · can I get a refund? · when do I pay · was I charged? · can I cancel"
    " later? · what is the cancellation policy · ¿cómo pago?",
    Topic.TIME: "how long do I have? · can I finish this tomorrow? · does this expire? · ¿cuánto tiempo"
    " tengo? · can I save this for later",
    Topic.NEXT: "what now? · what do I do next · how does this work? · help · I'm lost · ¿y ahora qué?"
    " · what happens when I press confirm?",
    Topic.WHO: "who are you? · are you a real person? · is this a bot · can I talk to a human?"
    " · ¿eres un robot?",
    Topic.REAL: "is this real? · is this a test? · why does it say sample · ¿es de verdad?",
}

EVERYWHERE = ["login", "ski_programs", "all_in_place", "form", "confirmation"]


@pytest.mark.parametrize(
    ("topic", "words"),
    [(topic, words.strip()) for topic, said in ASKED.items() for words in said.split(" · ")],
)
def test_in_english_in_spanish_and_misspelt(topic: Topic, words: str) -> None:
    assert topic_of(PLANS["ski_programs"], words) is topic


@pytest.mark.parametrize("plan", EVERYWHERE)
def test_at_every_step(plan: str) -> None:
    for topic in (Topic.LOGIN, Topic.SENT, Topic.PRICE, Topic.TIME, Topic.WHO):
        for words in ASKED[topic].split(" · ")[:2]:
            assert topic_of(PLANS[plan], words) is topic


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        *(
            ("ski_programs", words)
            for words in (
                "the second one?", "the Saturday one", "can I have the second one?", "the cheapest",
                "Nordic Kids?",
                "the one with the free spots?", "can we take the one that costs less?",
                "I want the one on Saturday", "what about the Wednesday one?", "quiero el del sábado",
                "can you sign up my 8 year old for jumping?", "something for a 5 year old", "go back",
                "it is full, so the Wednesday one", "the place is fine, take the first",
            )
        ),
        *(
            (plan, words)
            for plan in ("all_in_place", "form", "confirmation")
            for words in ("can you change the program?", "continue", "cancel", "start over", "yes")
        ),
        *(
            ("confirmation", words)
            for words in (
                "how do I confirm?", "where do I confirm this?", "can I cancel?",
                "edit the date of birth", "yes, book it", "¿cómo confirmo?",
                "how can I change the phone number?",
            )
        ),
        ("one_missing", "I paid, can you check again?"),
        ("one_missing", "done, check again"),
        ("login", "how do I log in?"),
        ("login", "can I use my other login?"),
        ("login", "password hunter2"),
        ("form", "Emma, 7 years old"),
    ],
)  # fmt: skip
def test_from_a_choice_and_from_an_action(plan: str, words: str) -> None:
    assert topic_of(PLANS[plan], words) is None


@pytest.mark.parametrize(
    "words",
    [
        "What about Camp Whitepine?", "Where is Blackhawk Ski Club?", "Any dance school in Rockford?",
        "is there a dance club near Madison?", "what camps are there in Madison?", "Full Moon Camp",
        "Is there a sports camp in Madison with open spots?", "what day camps are in Madison?",
        "do you have swim lessons?", "can you find a swim school in Madison?", "Real Madrid Camp",
        "What Now Theatre Camp", "Who Am I Drama School", "Price Hill Swim Club", "Next Level Gym",
        "Open Water Swim School", "Time Out Sports Camp", "Coast Swim School?", "Help me find a camp",
        "ski lessons for my 7 year old?", "blackhawk ski club, is it full?", "hello?", "sports camp",
    ],
)  # fmt: skip
def test_from_a_search(words: str) -> None:
    assert topic_of(PLANS["nothing_offered"], words) is None
    if "blackhawk" not in words.casefold():
        assert topic_of(PLANS["one_club"], words) is None


@pytest.mark.parametrize(
    ("plan", "words", "topic"),
    [
        ("ski_programs", "I wonder what they charge for alpine", Topic.PRICE),
        ("ski_programs", "not sure what this costs", Topic.PRICE),
        ("ski_programs", "tell me if there is still space in nordic", Topic.SPOTS),
        ("confirmation", "my husband works saturdays so what time is pickup", Topic.SCHEDULE),
        ("ski_programs", "my granddaughter is only 5, would she be allowed?", Topic.AGE),
        ("login", "I'm nervous about typing my password on here", Topic.LOGIN),
        ("form", "I'm not comfortable giving her birthday", Topic.DATA),
        ("form", "is this safe", Topic.DATA),
        ("login", "is this safe", Topic.LOGIN),
        ("confirmation", "I don't know whether it went through", Topic.SENT),
    ],
)
def test_by_what_is_not_known_or_told_before_it(plan: str, words: str, topic: Topic) -> None:
    assert topic_of(PLANS[plan], words) is topic


def test_from_what_is_looked_for_where_it_is_about_those_shown() -> None:
    assert topic_of(PLANS["one_club"], "where is Blackhawk Ski Club?") is Topic.PLACE
    assert topic_of(PLANS["three_riversides"], "how far is the first one") is Topic.PLACE
    assert topic_of(PLANS["several_clubs"], "do any of them take 4 year olds?") is Topic.AGE


def test_quickly_however_long_and_odd_it_is() -> None:
    plan = PLANS["ski_programs"]
    hostile = ["is " * 600, "how much " + "x" * 1900, "?" * 2000, "is it ... " * 200, ",a" * 1000]
    began = time.process_time()
    for words in hostile:
        topic_of(plan, words)
    assert time.process_time() - began < 1
