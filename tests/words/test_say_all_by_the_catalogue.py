"""Saying everything by the catalogue: in a language made for the test, no English is left…"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services.mails import Change, change_mail, reset_mail
from audit import words
from audit.actions import Action
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import news, reading
from orchestrator.submissions.refusals import SENTENCES
from orchestrator.understanding import questions
from tests.orchestrator.chat import ANSWERS, MISSING, SATURDAY, Chat
from tests.roles import staff_with
from tests.words import pseudo

pytestmark = [pytest.mark.once, pytest.mark.django_db]

SAMPLES = (pseudo.ROOT / "orchestrator/tools/mock/catalogue.json").read_text()
OURS = "Our login"
NAMES = {
    "SignupAssist",
    "Google Maps",
    "CSV",
    OURS,
    "31-a de May 2018",
}  # and a day as they write it
REFERENCE = re.compile(  # and what is written as digits: an id, a moment
    r"SAMPLE-[0-9A-Z-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC"
)
SPOKEN = {"message", "title", "subtitle", "description", "detail", "label", "help"}
BETWEEN = re.compile(r"[\n·:;,()]+")


@pytest.fixture(autouse=True)
def in_pseudo(settings: Settings) -> Iterator[None]:
    pseudo.speak(settings)
    yield
    translation.deactivate()


@pytest.fixture
def chat(parent: User) -> Chat:
    client = APIClient(HTTP_ACCEPT_LANGUAGE=pseudo.CODE)
    client.force_authenticate(parent)
    return Chat(parent, client)


def english(text: str, *known: str) -> list[str]:
    """Return the words of a text that no catalogue knows, and nobody else wrote."""
    parts = BETWEEN.split(REFERENCE.sub("", pseudo.left_over(text)))
    others = " ".join([SAMPLES, *NAMES, *map(str, ANSWERS.values()), *known]).casefold()
    said = [one.strip() for one in parts if re.search("[A-Za-z]", one)]
    return [one for one in said if one.casefold() not in others]


def said_in(body: Any) -> Iterator[str]:
    """Return the sentences, titles and labels of a Turn or a problem, wherever they stand in it."""
    if isinstance(body, list):
        for one in body:
            yield from said_in(one)
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str) and name in SPOKEN:
                yield value
            elif name == "errors":
                yield from (one for sentences in value.values() for one in sentences)
            else:
                yield from said_in(value)


def check(body: dict[str, Any]) -> None:
    problem = {name: value for name, value in body.items() if name != "title"}  # HTTP's own words
    texts = list(said_in(problem))
    assert texts
    assert [found for text in texts if (found := english(text))] == []


def registered(parent: User, status: str, **more: Any) -> RegistrationSubmission:
    now = timezone.now()
    usual = {
        "session_id": uuid4(), "user_id": parent.pk, "provider": "skiclubpro",
        "org_ref": "blackhawk-ski", "org_name": "Blackhawk Ski Club", "program_title": "Nordic Kids",
        "participant": "a" * 64, "request_digest": "b" * 64, "is_real": True,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    return RegistrationSubmission.objects.create(status=status, **usual | more)


def test_tells_what_every_action_was_whoever_did_it() -> None:
    with translation.override(pseudo.CODE):
        told = [words.sentence(one, {}, is_own_deed=own) for one in Action for own in (True, False)]
    assert [one for one in told if english(one)] == []


def test_reads_codes_that_machines_read_as_they_are() -> None:
    one = questions.Registration("confirmed", "Yes.", "REF-1", False, False, "Kids", "Club")
    with translation.override(pseudo.CODE):
        told = questions._newest(one), questions._became(one)
    assert "⟦confirmed⟧" in told[0]
    assert all("REF-1" in sentence for sentence in told)


def test_says_in_the_readers_language_what_was_written_when_the_module_was_read() -> None:
    with translation.override(pseudo.CODE):
        assert english(str(reading.NO_PASSWORDS)) == []


def test_calls_for_the_reader_s_language_in_no_module_s_body() -> None:
    found = [
        f"{path.relative_to(pseudo.ROOT)}:{call.lineno}"
        for folder in ("accounts", "audit", "credentials", "orchestrator", "signupassist")
        for path in (pseudo.ROOT / folder).rglob("*.py")
        for call in calls_while_imported(ast.parse(path.read_text()))
    ]
    assert found == []


def calls_while_imported(module: ast.Module) -> Iterator[ast.Call]:
    """Return the calls of a gettext that is not lazy, outside of functions."""
    imported = [one for one in ast.walk(module) if isinstance(one, ast.ImportFrom)]
    at_once = {
        name.asname or name.name
        for one in imported
        if one.module == "django.utils.translation"
        for name in one.names
        if name.name.endswith("gettext")
    }
    rooms: list[ast.AST] = [module]
    while rooms:
        for node in ast.iter_child_nodes(rooms.pop()):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in at_once:
                    yield node
            if not isinstance(node, ast.FunctionDef | ast.Lambda):
                rooms.append(node)


def test_speaks_to_the_next_reader_in_their_own_language(parent: User) -> None:
    before, after = Client(HTTP_ACCEPT_LANGUAGE=pseudo.CODE), Client()
    before.force_login(parent)
    assert "⟦" in before.get("/mandates-audit").content.decode()

    for path in ("/auth?next=%00", "/api/v1/audit?cursor=%00"):  # refused at the outermost wall
        assert "⟦" not in after.get(path).content.decode()
    assert translation.get_language() == "en"


def test_keeps_the_console_in_english() -> None:
    browser = Client(HTTP_ACCEPT_LANGUAGE=pseudo.CODE)
    browser.force_login(staff_with("auditor", "support"))

    for path in ("/admin/", "/admin/audit/mandateaudit/"):
        page = browser.get(path).content.decode()
        assert '<html lang="en"' in page
        assert "⟦" not in page


def test_carries_a_whole_signup(chat: Chat) -> None:
    check(chat.begin())
    steps: list[Callable[[], object]] = [
        lambda: chat.say("a club that nobody knows"),
        lambda: chat.say("ski"),
        lambda: chat.press("retry_search"),
        lambda: chat.say("Blackhawk Ski Club in Middleton"),
        lambda: chat.press("select_provider", org_ref="nobody"),
        lambda: chat.press("submit_form", answers={}),
        lambda: chat.press("fly"),
        lambda: chat.press("select_provider", org_ref="blackhawk-ski"),
        lambda: chat.say("what do you do with my password?"),
        lambda: chat.press("connect_account"),
        lambda: chat.press(
            "credentials_submitted", credential_id=chat.save_login("wrong-password", OURS)
        ),
        lambda: chat.press(
            "credentials_submitted", credential_id=chat.save_login(alias=OURS, replace=True)
        ),
        lambda: chat.say("how much is it?"),
        lambda: chat.say("which has free spots?"),
        lambda: chat.press("select_program", program_ref=MISSING),
        lambda: chat.say("what is missing?"),
        lambda: chat.press("complete_prereqs"),
        lambda: chat.press("change_program"),
        lambda: chat.press("select_program", program_ref=SATURDAY),
        lambda: chat.press("complete_prereqs"),
        lambda: chat.say("who sees what I type?"),
        lambda: chat.press("submit_form", answers={"date_of_birth": "soon", "strange": "x"}),
        lambda: chat.press("submit_form", answers=ANSWERS),
        lambda: chat.say("yes, book it"),
        lambda: chat.say("how long do I have?"),
    ]
    for step in steps:
        step()
        check(chat.last)
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.step == "completed"
    check(chat.last)
    check(chat.say("thanks"))
    check(chat.client.get("/api/v1/submissions").json())


def test_confirms_the_same_whatever_the_language(chat: Chat) -> None:
    chat.walk_to("confirmation")
    chat.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    shown = chat.read()["last_turn"]["cards"][0]["buttons"][0]["payload"]

    chat.press("confirm_registration", **shown)

    assert chat.step == "completed"


def test_says_what_a_refusal_means() -> None:
    with translation.override(pseudo.CODE):
        assert [one for one in map(str, SENTENCES.values()) if english(one)] == []


def test_writes_every_mail(parent: User) -> None:
    now = timezone.now()
    receipt = RegistrationSubmission(
        user_id=parent.pk, org_name="Blackhawk Ski Club", program_title="x", status="confirmed"
    )
    with translation.override(pseudo.CODE):
        mails: list[EmailMessage] = [
            reset_mail(parent.email, "https://app.example.org/auth/reset/1"),
            *(change_mail(parent.email, change, at=now) for change in Change),
            news._message(receipt, parent.email),
        ]
    for mail in mails:
        assert english(str(mail.subject), "x") == []
        assert english(str(mail.body), "x") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/auth", 200),
        ("/auth/signup", 200),
        ("/auth/reset", 200),
        ("/nothing", 404),
        ("/auth/security", 200),
        ("/auth/security/password", 200),
        ("/auth/logout", 200),
        ("/", 200),
        ("/mandates-audit", 200),
        ("/mandates-audit/logins", 200),
        ("/mandates-audit/registrations", 200),
    ],
)
def test_shows_every_page(parent: User, path: str, status: int) -> None:
    for number, state in enumerate(SubmissionStatus):
        registered(parent, state, program_ref=f"p-{number}")
    browser = Client(HTTP_ACCEPT_LANGUAGE=pseudo.CODE)
    if path not in ("/auth", "/auth/signup", "/auth/reset"):
        browser.force_login(parent)

    answer = browser.get(path)

    assert answer.status_code == status
    assert f'<html lang="{pseudo.CODE}"' in answer.content.decode()
    shown = "\n".join(pseudo.texts_of(answer.content.decode()))
    assert english(shown, parent.email) == []
