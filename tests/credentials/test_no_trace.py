"""A login in plain text leaves no trace…"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from audit.models import MandateAudit
from credentials.services import ring
from orchestrator.tools.errors import ToolRefusedError
from orchestrator.tools.mock.tools import MockTools
from tests.credentials.canary import (
    EMAIL,
    LOGIN,
    ODD,
    PASSWORD,
    SECRETS,
    Listening,
    Traces,
    found_in,
    listening,
    shown_to,
)
from tests.orchestrator.chat import ANSWERS, Chat


@pytest.fixture(autouse=True)
def traces(db: None, capfd: pytest.CaptureFixture[str]) -> Iterator[Traces]:
    with listening(capfd) as found:
        yield found


@pytest.fixture
def client(parent: User) -> Listening:
    return Listening(parent)


@pytest.fixture
def chat(parent: User, client: Listening) -> Chat:
    return Chat(parent, client)


@pytest.fixture
def auditor(db: None) -> User:
    """Someone who may look at everything in the admin, and change nothing."""
    user = User.objects.create_user("lee@example.com", "an auditor's pass phrase", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def sign_up(chat: Chat) -> dict[str, str]:
    """Walk a whole signup with the canary's login; return the ids of what came of it."""
    chat.walk_to("login")
    chat.press("connect_account")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    chat.walk_to("completed")
    assert chat.last["session"]["status"] == "completed"
    submission = chat.client.get("/api/v1/submissions").json()["results"][0]
    return {
        "session_id": chat.id,
        "credential_id": credential_id,
        "submission_id": submission["id"],
    }


def test_of_a_whole_signup(chat: Chat, client: Listening, traces: Traces) -> None:
    ids = sign_up(chat)
    for path in ("me", "credentials", "sessions", "submissions", "audit", f"sessions/{chat.id}"):
        assert client.get(f"/api/v1/{path}").status_code == 200
    before, client.heard = client.heard, []
    revealed = client.post(f"/api/v1/credentials/{ids['credential_id']}/reveal").json()

    assert (revealed["email"], revealed["password"]) == SECRETS  # the canary was alive
    assert found_in("".join(before)) == []
    assert traces.found() == {}


def test_of_the_keys_that_sealed_it(chat: Chat, parent: User, traces: Traces) -> None:
    keys = [settings.SECRET_KEY, settings.CRED_SEAL_KEY, f"{ring().primary.material!r}"[2:-1]]

    ids = sign_up(chat)

    shown = shown_to(browser_of(parent), ids)
    assert {path for path, content in shown.items() if found_in(content, keys)} == set()
    assert traces.found(keys) == {}


def test_of_what_was_answered_about_a_child_either(chat: Chat, traces: Traces) -> None:
    sign_up(chat)

    assert traces.found(ANSWERS.values()) == {}


def test_on_any_page_of_the_parent(chat: Chat, parent: User, traces: Traces) -> None:
    ids = sign_up(chat)

    shown = shown_to(browser_of(parent), ids)

    assert {"/", "/mandates-audit", "/api/v1/audit", "/api/v1/credentials"} <= shown.keys()
    assert {path for path, content in shown.items() if found_in(content)} == set()
    assert traces.found() == {}


@pytest.mark.parametrize("who", ["auditor", "staff"])
def test_on_any_page_of_the_admin(
    chat: Chat, traces: Traces, request: pytest.FixtureRequest, who: str
) -> None:
    ids = sign_up(chat)

    shown = shown_to(browser_of(request.getfixturevalue(who)), ids, under="/admin/")

    login = f"/admin/credentials/storedcredential/{ids['credential_id']}/change/"
    assert "skiclubpro" in shown[login]
    assert len(shown) > 60
    secrets = (*SECRETS, *ANSWERS.values())
    assert {path for path, content in shown.items() if found_in(content, secrets)} == set()
    assert traces.found(secrets) == {}


def test_where_the_provider_refuses_it_and_it_is_replaced_and_deleted(
    chat: Chat, client: Listening, traces: Traces
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login("wrong-password", email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    refused = chat.last
    taken = client.post("/api/v1/credentials", LOGIN)
    chat.save_login(PASSWORD, email=EMAIL, replace=True)
    chat.press("credentials_submitted", credential_id=credential_id)
    assert client.delete(f"/api/v1/credentials/{credential_id}").status_code == 204
    chat.press("select_program", program_ref="blackhawk-saturday-nordic")

    assert (refused["code"], chat.last["code"]) == ("login_failed", "action_not_available")
    assert taken.json()["code"] == "credential_exists"
    assert found_in("".join(client.heard)) == []
    assert traces.found() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"alias": f"{PASSWORD} of ours"},
        {"provider": PASSWORD},
        {"org_ref": PASSWORD},
        {"session_id": PASSWORD},
        {"replace": PASSWORD},
        {"email": PASSWORD},
        {PASSWORD: 1},
        {"password": [PASSWORD]},
    ],
)
def test_where_it_is_typed_into_the_wrong_field(
    client: Listening, traces: Traces, changes: dict[str, Any]
) -> None:
    answer = client.post("/api/v1/credentials", LOGIN | changes)

    assert answer.status_code == 400
    assert found_in("".join(client.heard), [PASSWORD]) == []
    assert traces.found() == {}


@pytest.mark.parametrize("path", ["/auth", "/auth/signup", "/admin/login/"])
@pytest.mark.parametrize("field", ["login", "email", "password", "password1", "next", "other"])
def test_where_it_is_typed_into_a_form(traces: Traces, path: str, field: str) -> None:
    typed = {"login": "pat@example.com", "email": "pat@example.com", "password": "x" * 12}

    answer = Client().post(path, typed | {field: PASSWORD})

    assert answer.status_code < 500
    assert traces.found([PASSWORD]) == {}


def test_where_the_provider_repeats_it(
    chat: Chat, client: Listening, monkeypatch: pytest.MonkeyPatch, traces: Traces
) -> None:
    echoing(monkeypatch)

    sign_up(chat)
    client.get(f"/api/v1/sessions/{chat.id}")

    assert found_in("".join(client.heard)) == []
    assert "welcome [sealed]" in chat.last["message"] + "".join(client.heard)
    assert traces.found() == {}


def test_where_the_provider_refuses_it_with_its_own_words(
    chat: Chat, client: Listening, monkeypatch: pytest.MonkeyPatch, traces: Traces
) -> None:
    word = "nightjar_seven"
    refusing(monkeypatch, code=word)
    chat.walk_to("login")
    credential_id = chat.save_login(word, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)

    failed = MandateAudit.objects.get(action="tool_failed")
    assert failed.metadata["error_code"] == "provider_rejected"
    assert found_in("".join(client.heard), [word]) == []
    assert traces.found([word]) == {}


@pytest.mark.parametrize(
    ("step", "name_by_it"),
    [
        ("login", lambda said, word: said["programs"][0].update(program_ref=word)),
        ("prerequisite_check", lambda said, word: said["prerequisites"].update({word: "ok"})),
        ("form_fill", lambda said, word: said["fields"][0].update(name=word)),
        ("form_fill", lambda said, word: said["fields"][0].update(role=word)),
        (
            "form_fill",
            lambda said, word: said["fields"][0].update(
                type="select", options=[{"value": f"for {word}", "label": "Yes"}]
            ),
        ),
    ],
    ids=["program_ref", "prerequisite", "field", "role", "option"],
)
def test_where_the_provider_names_something_by_it(
    chat: Chat,
    client: Listening,
    monkeypatch: pytest.MonkeyPatch,
    traces: Traces,
    step: str,
    name_by_it: Callable[[Any, str], object],
) -> None:
    password, real = "Nightjar-7319", MockTools.call

    def call(self: MockTools, tool: Any, args: Any) -> Any:
        said = deepcopy(real(self, tool, args))
        with suppress(KeyError):  # the answers of other tools
            name_by_it(said, password)
        return said

    monkeypatch.setattr(MockTools, "call", call)
    chat.walk_to("login")
    credential_id = chat.save_login(password, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    if step != "login":
        chat.walk_to(step)

    assert (chat.status, chat.last["code"]) == (502, "mcp_bad_response")
    assert MandateAudit.objects.latest("created_at").action == "tool_failed"
    assert found_in("".join(client.heard), [password]) == []
    assert traces.found([password]) == {}


@pytest.mark.parametrize("password", ODD)
def test_of_an_odd_one(client: Listening, traces: Traces, password: str) -> None:
    login = LOGIN | {"password": password}
    answers = [
        client.post("/api/v1/credentials", body)
        for body in (
            login,
            login,
            login | {password: 1},
            login | {"alias": f"Ours {password}"},
            login | {"org_ref": password},
            login | {"email": password},
        )
    ]
    credential_id = answers[0].json()["id"]
    client.get("/api/v1/credentials")
    before, client.heard = client.heard, []
    revealed = client.post(f"/api/v1/credentials/{credential_id}/reveal").json()

    assert [answer.status_code for answer in answers] == [201, 409, 400, 400, 400, 400]
    assert revealed["password"] == password
    assert found_in("".join(before), [password]) == []
    assert traces.found([password]) == {}


def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every sample tool repeat the login that it was given, where it says anything in words."""
    real = MockTools.call

    def call(self: MockTools, tool: Any, args: Any) -> Any:
        login = args.get("credentials") or {}
        said = f", welcome {login.get('email')} with {login.get('password')}" if login else ""

        def repeat(value: Any) -> Any:
            if isinstance(value, list):
                return [repeat(item) for item in value]
            if isinstance(value, dict):
                told = {name: repeat(item) for name, item in value.items()}
                for name in {"title", "label", "description", "message", "help"} & told.keys():
                    told[name] = f"{told[name] or ''}{said}"
                return told
            return value

        return repeat(real(self, tool, args))

    monkeypatch.setattr(MockTools, "call", call)


def refusing(monkeypatch: pytest.MonkeyPatch, *, code: str) -> None:
    """Let every sample tool that gets a login say no, by this word."""
    real = MockTools.call

    def call(self: MockTools, tool: Any, args: Any) -> Any:
        if "credentials" in args:
            raise ToolRefusedError(code, f"no {args['credentials']}")
        return real(self, tool, args)

    monkeypatch.setattr(MockTools, "call", call)
