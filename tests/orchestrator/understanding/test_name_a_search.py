"""A search is freed of everything that names no club…"""

import pytest

from orchestrator.understanding.searching import sought

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("words", "query", "location"),
    [
        (
            """I'd like to sign up my daughter Emma (7) for ski lessons at Blackhawk ski club
            near Middleton WI this winter thx""",
            "Blackhawk ski club",
            "Middleton WI",
        ),
        ("Emma, 7, skiing, Middleton", "skiing", "Middleton"),
        ("the YMCA in Sun Prairie, WI for my 2 kids ages 5 and 8", "YMCA", "Sun Prairie, WI"),
        ("hey can u sign up jake for nordic skiing near madison hes 8", "nordic skiing", "madison"),
        ("LOOKING FOR KARATE IN ST. PAUL MN", "KARATE", "ST PAUL MN"),
        ("riverside swim club, Eau Claire", "riverside swim club", "Eau Claire"),
        ("sunfish swim school madison wi please", "sunfish swim school", "madison wi"),
        ("serch for swim clas in madison plz", "swim clas", "madison"),
        ("summer camp in june near Eau Claire", "summer camp", "Eau Claire"),
        ("ski club in Middleton, not the one in Verona", "ski club", "Middleton"),
        ("hola, busco clases de natación en Chicago para mi hija Sofía de 6 años",
         "clases de natación", "Chicago"),
        ("necesito una escuela de esquí cerca de Madison este invierno", "escuela de esquí", "Madison"),
    ],
)  # fmt: skip
def test_of_children_ages_dates_and_small_talk(words: str, query: str, location: str) -> None:
    found = sought(" ".join(words.split()))

    assert (found.query, found.location) == (query, location)


@pytest.mark.parametrize(
    ("words", "query", "location"),
    [
        ("My son loves soccer. We live in Rockford. Can you find a club?", "soccer club", "Rockford"),
        ("we just moved to Verona and my twins are 5. any gymnastics places?", "gymnastics", "Verona"),
        (
            """so I was talking to my neighbor and she said her kids go to sunfish swim school in
            madison so I want that one too""",
            "sunfish swim school",
            "madison",
        ),
    ],
)  # fmt: skip
def test_that_is_spread_over_a_ramble(words: str, query: str, location: str) -> None:
    found = sought(" ".join(words.split()))

    assert (found.query, found.location) == (query, location)


@pytest.mark.parametrize(
    "name",
    [
        "Back Bay Swim School", "Cancel Creek Camp", "Never Mind Theatre Camp", "Camp Can Do",
        "Girl Scouts", "Boys and Girls Club of Dane County", "Forget Me Not Preschool", "zzzzqqq",
        "Second Street Swim School", "Yes Theatre Camp",
    ],
)  # fmt: skip
def test_but_never_of_a_part_of_its_name(name: str) -> None:
    found = sought(name)

    assert (found.query, found.location) == (name, None)


@pytest.mark.parametrize("words", ["hi", "please", "my daughter", "for Emma, she is 7", "🎿", "??"])
def test_until_nothing_is_left_that_could_be_looked_for(words: str) -> None:
    assert sought(words).query == ""


@pytest.mark.parametrize("said", ["swim school, born 2018-05-31", "swim school, 5/31/2018"])
def test_is_not_in_a_town_that_is_a_date(said: str) -> None:
    found = sought(said)
    assert (found.query, found.location) == ("swim school", None)
