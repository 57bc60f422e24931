"""Private words in a message…"""

from time import process_time

import pytest

from audit import opened
from orchestrator import private_words

pytestmark = pytest.mark.once

NAMED = [
    "karate in Verona my password is hunter2", "the password is sunshine", "pwd=sunshine",
    "my pw is hunter two", "PIN 4711", "my pin is sunny", "login sunshine1", "use letmein123",
    "my log in is emma sunshine", "my username is emmasmom", "the code is 4711", "cvv 123",
    "4111111111111111 exp 12/28 cvv 123", "Tr0ub4dor&3", "P@ssw0rd", "passw0rd is sun",
    "pa$$word sun", "contraseña sol", "Passwort sonne", "mot de passe soleil", "senha sol",
    "hasło slonce", "пароль солнце", "密码是阳光", "wachtwoord zon", "lösenord sol", "şifre güneş",
    "κωδικός ήλιος", "p\u0430ssword is sunshine", "\u0440\u0430ssw\u043erd sun", "pass\u200bword sun",
    "p a s s w o r d sunshine", "p.a.s.s.w.o.r.d sun", "p_a_s_s_w_o_r_d sun", "ｐａｓｓｗｏｒｄ sun",
    "the verification code is 482913", "the secret is blue moon", "la clave es girasol",
]  # fmt: skip
OTHERS = [
    "ｅｍｍａ@ｅｘａｍｐｌｅ.com", "emma.mom@example.com blackhawk", "emma dot mom at example dot com",
    "emma.mom (at) example.com", "emma.mom [at] example.com", "emmamom at gmail.com",
    "emma arroba correo punto com", "pat @ example . com", "phone: 555-0123", "call 555 0123",
    "dob 3.4.17 blackhawk", "judo for Max 4.3.2019", "born on the 4th, 2019", "try 482913",
    "her insurance id is QX99812", "QX99812", "passport no 12 ab", "use hunter2 there", "hunter2",
    "we live at 12 Oak Street", "karate near 12 Oak Street", "call me at home", "Oakstraße 12",
    "swim at my address", "пaроль", "M\u0430x wants to ski",
]  # fmt: skip
SEARCHES = [
    "Studio 54 Dance", "Studio54 Dance", "U12 soccer", "U-8 soccer", "U10girls soccer", "4H camp",
    "4-H camp", "K2 ski", "St. Mary's 2nd street swim", "Pin Oak Swim Club", "Pinball club",
    "Token Creek riding", "Secret Garden Dance", "Code Ninjas Madison", "Code 4 Kids", "Kids4Fun",
    "Level10 gym", "92nd Street Y", "1st Baptist preschool", "Camp 2027", "soccer 2026/27",
    "soccer 2026-2027", "ski 53562", "Gymnastics 101", "A1 Karate", "Division 3 hockey",
    "Y.M.C.A. Madison", "Y M C A swim", "S.T.E.A.M. camp", "AT&T arena skating", "Art + Music",
    "Arts+Crafts", "Kids' Club #1", "9 to 5 kids club", "Route 66 skate park", "Area 51 climbing",
    "10th grade math camp", "the 7-year-old class", "21st Century dance", "Passport Camps",
    "Passion Works", "Compass Ski", "Bypass Rd gym", "Opinion camp", "3 Rivers rowing",
    "360 Gymnastics", "Jump! Madison", "Boys & Girls Club", "Clave Latina dance", "T-ball 5-6",
    "Camp Lakota at Long Lake", "Dot's Dance", "Polka Dot preschool", "École 雪", "日曜日のクラス",
    "Лыжный клуб", "Camp @ the Lake", "5K kids run", "3D printing camp", "Zip code 53703 swim",
    "area code 608 soccer", "Pathway 2 Success", "20/20 soccer", "camp from 9am to 12noon",
]  # fmt: skip


@pytest.mark.parametrize("text", NAMED)
def test_are_secrets_that_are_named(text: str) -> None:
    assert private_words.name_a_secret(text)
    assert private_words.tell(text)


@pytest.mark.parametrize("text", OTHERS)
def test_are_what_only_looks_private_and_stays_here_too(text: str) -> None:
    assert private_words.tell(text)


@pytest.mark.parametrize("text", SEARCHES)
def test_are_in_no_plain_search(text: str) -> None:
    assert not private_words.tell(text)
    assert not private_words.name_a_secret(text)


@pytest.mark.parametrize(
    "text",
    ["my login is not working", "is a login required?", "sign in is at 9", "what is a token?"],
)
def test_are_no_talk_about_logins(text: str) -> None:
    assert not private_words.name_a_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "that’s the right password!", "the password is right", "I entered the right password",
        "wrong password", "it says wrong password", "the password works on their site",
        "I changed my password", "I typed the password, it is right", "la contraseña es correcta",
    ],
)  # fmt: skip
def test_are_not_told_by_talk_about_a_password(text: str) -> None:
    assert private_words.only_talk_of_one(text)


@pytest.mark.parametrize(
    "text",
    [
        *NAMED,
        "password: right", "password right", "password\nright", "password is correct horse",
        "the password is “right”", "the password is 'right'", "my password is please",
        "password = ok", "password. right", "the right password is Right1", "my password is sunshine",
    ],
)  # fmt: skip
def test_may_be_told_by_any_other_word_beside_it(text: str) -> None:
    assert not private_words.only_talk_of_one(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("karate for my daughter Emma in Verona", {"emma"}),
        ("our youngest son Max Mustermann wants judo", {"max", "mustermann"}),
        ("mi hija Zoë quiere nadar", {"zoe"}),
        ("my daughter wants karate in Verona", set()),
        ("Boys & Girls Club", set()),
    ],
)
def test_are_the_names_of_children(text: str, names: set[str]) -> None:
    assert private_words.children_in(text) == names


def test_are_every_secret_that_lies_open() -> None:
    opened.remember("purple monkey dishwasher")
    assert private_words.tell("is it purple monkey dishwasher")


def test_are_found_in_bounded_time() -> None:
    pieces = [
        "\n",
        "password ",
        "a",
        "1 ",
        "a.",
        "aA1",
        "a @",
        "1 a ",
        "code ",
        "5 oak ",
        "at ",
        "login is ",
        "a@",
    ]
    for piece in pieces:
        begun = process_time()
        text = piece * (2_000 // len(piece))
        private_words.tell(text)
        private_words.only_talk_of_one(f"password{text}")
        assert process_time() - begun < 0.5, piece
