"""An answer is to the point…"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Field
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.questions import Facts, Registration, answer
from orchestrator.understanding.topics import topic_of
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FACTS = Facts(now=NOW, began_at=NOW - timedelta(hours=3), expires_at=NOW + timedelta(hours=21))
OTHER = Registration(
    "confirmed",
    "Your registration is confirmed.",
    "BH-1",
    is_sample=False,
    is_of_this_signup=False,
    program="Nordic Kids",
    club="Blackhawk Ski Club",
    at=NOW,
)


def told(plan: str | Plan, words: str, facts: Facts = FACTS) -> str:
    """Return the answer to what is asked at one of the plans."""
    plan = PLANS[plan] if isinstance(plan, str) else plan
    topic = topic_of(plan, words)
    assert topic is not None, words
    return answer(plan, topic, words, facts)


@pytest.mark.parametrize(
    ("plan", "words", "said"),
    [
        ("nothing_offered", "do you sell my data?", "No: nothing you enter is sold"),
        ("nothing_offered", "is this safe?", "Looking around here books nothing"),
        ("ski_programs", "is this safe?", "Looking around here books nothing"),
        ("only_on_the_map", "how much is it?", "I know no prices of these places"),
        ("only_on_the_map", "any spots left?", "I know no free spots of these places"),
        ("only_on_the_map", "what programs do they have?", "I know no programs of these places"),
        ("only_on_the_map", "do they have a website?", "On the card is the website of Lakeside"),
        ("only_on_the_map", "what is their phone number?", "I know no phone numbers"),
        ("login", "do i need an account?", "Yes: Blackhawk Ski Club shows its programs"),
        ("login", "why do I need an account?", "Because Blackhawk Ski Club shows its programs"),
        ("login", "can you register without a login?", "No: Blackhawk Ski Club shows its programs"),
        ("login", "who can see my password?", "Nobody here gets to read it"),
        ("login", "can your staff read my login", "Nobody here gets to read it"),
        ("ski_programs", "my son is 5, which fit?", "For age 5, by what they say: First Tracks."),
        ("ski_programs", "my son is 5, which ones fit?", "For age 5, by what they say: First"),
        ("ski_programs", "which fit a 9 year old?", "Beginners; Junior Jumping (full); Spring"),
        ("ski_programs", "my girl is 17, which programs fit her?", "they say: none of them."),
        ("form", "is junior race team better?", "child, I can't judge. Nordic Kids: $180.00, Sat"),
        ("form", "is the race team better than this?", "ages 6 to 9, 14 spots left; Junior Race"),
        ("one_missing", "which is better, this or nordic?", "ages 8 to 14, full; Nordic Kids:"),
        ("ski_programs", "do you rent skis?", "I don't know whether they rent things out"),
        ("ski_programs", "what should we pack?", "I don't know what to bring"),
        ("ski_programs", "is lunch included?", "Spring Snowboard Camp: the provider says “Five"),
        ("ski_programs", "who is the coach?", "Alpine Beginners: the provider says “First turns"),
        ("ski_programs", "do you have financial aid?", "I know of no discounts or financial aid"),
        ("ski_programs", "my son has a peanut allergy, is that ok?", "Please ask them. Do so before"),
        ("ski_programs", "anything on Sunday?", "On Sunday, Blackhawk Ski Club has First Tracks."),
        ("ski_programs", "¿algo el viernes?", "On Friday, Blackhawk Ski Club has Spring Snowboard"),
        ("swim_classes", "anything on Sunday?", "None of the programs of Sunfish Swim School says"),
        ("ski_programs", "cual es el mas barato?", "First Tracks: $95.00."),
        ("ski_programs", "what do you recommend?", "I can't judge. The lowest price: First Tracks"),
        ("ski_programs", "she is 8, what do you recommend?", "For age 8, by what they say: Nordic"),
        ("all_in_place", "what is membership?", "Club membership: in place. What it is, Blackhawk"),
        ("membership_required", "what is membership?", "still missing. Below is a link"),
        ("form", "is boot size required?", "Boot size (EU): may stay empty."),
        ("form", "do i have to give a phone number?", "Emergency contact phone: required."),
        ("form", "do I have to answer everything?", "May stay empty: Boot size (EU)."),
        ("form", "what do you need?", "The form must have: Child's full name;"),
        ("form", "who sees the phone number?", "You alone see it here"),
        ("form", "can you fill this in for me?", "No, please fill in the form yourself"),
        ("form", "what does intermediate mean?", "doesn't explain “Intermediate” here"),
        ("confirmation", "how much will I be charged?", "I take no payment and ask for no card."),
        ("confirmation", "what am I agreeing to?", "“Confirm registration” sends it for Nordic Kids"),
        ("confirmation", "what did I enter?", "What you entered is shown on this page."),
        ("confirmation", "is that the right name?", "press “Edit the form”"),
        ("nothing_offered", "what did I register so far?", "Nothing has been sent yet"),
    ],
)  # fmt: skip
def test_on_one_thing_that_was_asked(plan: str, words: str, said: str) -> None:
    assert said in told(plan, words)


@pytest.mark.parametrize(
    ("plan", "words", "unsaid"),
    [
        ("form", "what do you need?", "Nothing is missing"),
        ("ski_programs", "do you have financial aid?", "$"),
        ("ski_programs", "cual es el mas barato?", "Nordic"),
        ("confirmation", "is she old enough? she is 6", "Snowboard"),
        ("nothing_offered", "is this safe?", "password"),
        ("only_on_the_map", "how much is it?", "connected"),
    ],
)
def test_without_what_was_not_asked(plan: str, words: str, unsaid: str) -> None:
    assert unsaid not in told(plan, words)


@pytest.mark.parametrize(
    "words",
    [
        "how much is Blackhawk Ski Club?",
        "is Blackhawk full?",
        "when does Camp Whitepine start?",
        "How far is Blackhawk from Madison?",
    ],
)
def test_by_a_search_where_a_club_is_named_that_is_not_shown(words: str) -> None:
    assert topic_of(PLANS["nothing_offered"], words) is None
    if "Blackhawk" in words and "from" not in words:
        assert topic_of(PLANS["one_club"], words) is not None


@pytest.mark.parametrize(
    "words",
    ["the one with lunch?", "can we take the one with lunch?", "the one with a coach please"],
)
def test_by_none_where_one_is_chosen(words: str) -> None:
    assert topic_of(PLANS["ski_programs"], words) is None


@pytest.mark.parametrize("words", ["how far is it?", "which one is closer?"])
def test_on_how_to_be_told_distances_where_none_are_known(words: str) -> None:
    plan = PLANS["several_clubs"]
    nowhere = plan.but(offered=tuple({**one, "distance_km": None} for one in plan.offered))
    assert "press “Use my location” under the message field" in told(nowhere, words)
    assert "Use my location" not in told(plan, words)


def test_with_what_the_form_explains() -> None:
    plan = PLANS["form"]
    fields: tuple[Field, ...] = tuple(
        {**one, "help": "As on the boot."} for one in plan.fields or ()
    )
    said = told(replace(plan, fields=fields), "what does boot size mean?")
    assert said == "The provider says “As on the boot.”."


@pytest.mark.parametrize("words", ["did it work?", "is Emma registered at Blackhawk?"])
def test_with_the_newest_registrations_before_a_program_is_chosen(words: str) -> None:
    many = replace(FACTS, registrations=(OTHER,) * 4)
    said = told("nothing_offered", words, many)
    assert said.startswith("Nothing of this signup has been sent yet. Your newest registrations: ")
    one = "Nordic Kids at Blackhawk Ski Club: confirmed, reference BH-1 (November 2, 2026)"
    assert said.count(one) == 3
    assert said.endswith("I cannot see here which child each is for.")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("sent", "on its way"),
        ("waitlisted", "on the waiting list, reference BH-1"),
        ("rejected", "refused, nothing booked"),
        ("not_created", "did not go through, nothing booked"),
        ("outcome_unknown", "not known yet, we are checking"),
        ("needs_operator", "not known yet, a person is checking"),
    ],
)
def test_in_plain_words_on_what_became_of_each(status: str, said: str) -> None:
    facts = replace(FACTS, registrations=(replace(OTHER, status=status),))
    answered = told("nothing_offered", "did it work?", facts)
    assert f"Nordic Kids at Blackhawk Ski Club: {said}" in answered
    sample = replace(FACTS, registrations=(replace(OTHER, is_sample=True),))
    assert "nobody was really registered" in told("login", "did it work?", sample)


def test_with_the_mark_of_a_sample_only_where_it_tells_of_one() -> None:
    plan = PLANS["ski_programs"].knowing("programs", "mock")
    for words in ("is lunch included?", "what do you recommend?", "anything on Sunday?"):
        assert "From the samples: " in told(plan, words)
    for words in ("do you rent skis?", "tell me more", "do you have financial aid?"):
        assert "sample" not in told(plan, words)
    login = PLANS["login"].knowing("providers", "mock")
    assert "sample" not in told(login, "how much is it?")


def test_of_its_own_kind_alone() -> None:
    said = answer(
        PLANS["ski_programs"], Topic.PRICE, "how much is it, and who is the coach?", FACTS
    )
    assert "Nordic Kids: $180.00" in said
