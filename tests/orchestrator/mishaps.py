"""Every way a request can end badly, brought about through the API by real causes.

Each function here takes a `World`, lets one thing go wrong and returns the answer to the request
that met it. What the answer must be stands in `test_catalogue.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import jwks, tokens
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import IdempotencyKey, RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.mcp.breaker import FAILURES_IN_A_ROW
from sessions_store.models import AgenticCheckoutSession
from tests.accounts.conftest import PASSWORD
from tests.accounts.issuers import believe
from tests.accounts.two_steps import turn_on
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import ANSWERS, Chat
from tests.orchestrator.conftest import use
from tests.servers import scripted_mcp
from tests.servers.jwks_server import JwksServer
from tests.servers.scripted_mcp import It, ScriptedMcp
from tests.servers.tools_call_server import Script, ToolsCallServer

SEARCH, SUBMIT = Tool.SEARCH_PROVIDER.mcp_name, Tool.SUBMIT_REGISTRATION.mcp_name
PROGRAMS = Tool.FIND_PROGRAMS.mcp_name
API = "/api/v1"


@dataclass(frozen=True)
class World:
    """A parent, and what tests may do to the world around them."""

    chat: Chat
    settings: Settings
    patch: pytest.MonkeyPatch
    request: pytest.FixtureRequest

    @property
    def server(self) -> ToolsCallServer:
        """Return the real tool server; from the first look on it is in use."""
        running: ToolsCallServer = self.request.getfixturevalue("server")
        return running

    def mcp(self, era: str, **how: Any) -> ScriptedMcp:
        """Return an MCP server of that era; from now on it is in use, instead of any other."""
        running = ScriptedMcp(eras={era}, **how)
        running.__enter__()
        self.request.addfinalizer(lambda: running.__exit__(None, None, None))
        use(self.settings, running.url, scripted_mcp.TOKEN, transport="streamable-http")
        return running

    def get(self, path: str, client: Any = None, **headers: str) -> Any:
        """Return the answer to a GET below /api/v1."""
        return (client or self.chat.client).get(API + path, headers=headers)

    def say(self) -> Any:
        """Return the answer to a search."""
        self.chat.say("Blackhawk Ski Club in Middleton")
        return self.chat.response

    def press(self, action: str, **payload: Any) -> Any:
        """Return the answer to a button."""
        self.chat.press(action, **payload)
        return self.chat.response

    def confirm(self) -> Any:
        """Return the answer to the Confirm button of the last Turn."""
        return self.press("confirm_registration", summary=self.chat.summary)


Mishap = Callable[[World], Any]


# --- Provider tools ------------------------------------------------------------------------------


def reading(script: Script) -> Mishap:
    """Search while the tool behaves like this."""

    def search(world: World) -> Any:
        world.chat.begin()
        world.server.script(SEARCH, script)
        return world.say()

    return search


def reading_from_nobody(world: World) -> Any:
    world.chat.begin()
    world.server.stop()
    return world.say()


def reading_a_tool_that_is_missing(world: World) -> Any:
    world.chat.begin()
    world.server.hidden.add(SEARCH)
    return world.say()


def reading_while_the_circuit_is_open(world: World) -> Any:
    open_the_circuit(world)
    calls = world.server.count(SEARCH)
    answer = world.say()
    assert world.server.count(SEARCH) == calls
    return answer


def open_the_circuit(world: World) -> None:
    """Search, in sessions of their own, until the server is left alone."""
    world.server.script(SEARCH, Script(status=500), times=FAILURES_IN_A_ROW)
    for _ in range(FAILURES_IN_A_ROW):
        world.chat.begin()
        world.say()
    world.chat.begin()


def reading_over_mcp(era: str, *scripts: Callable[[It], None], **how: Any) -> Mishap:
    """Search while an MCP server of this era behaves like this."""

    def search(world: World) -> Any:
        world.mcp(era, **how).script("tools/call", *scripts)
        world.chat.begin()
        return world.say()

    return search


def forget_the_session(it: It) -> None:
    """Answer as a server that does not know the session any more."""
    it.json(it.error(-32600) | {"id": "server-error"}, 404)


def logging_in(code: str) -> Mishap:
    """Use a login while the provider refuses with this code."""

    def log_in(world: World) -> Any:
        server = world.server
        world.chat.walk_to("login")
        server.script(PROGRAMS, Script(refuse=code))
        return world.press("credentials_submitted", credential_id=world.chat.save_login())

    return log_in


def submitting(script: Script) -> Mishap:
    """Confirm while the tool behaves like this."""

    def submit(world: World) -> Any:
        server = world.server
        world.chat.walk_to("confirmation")
        server.script(SUBMIT, script)
        answer = world.confirm()
        assert server.count(SUBMIT) == 1
        return answer

    return submit


def submitting_over_mcp(era: str, *scripts: Callable[[It], None]) -> Mishap:
    """Confirm while an MCP server of this era behaves like this."""

    def submit(world: World) -> Any:
        assert world.server
        world.chat.walk_to("confirmation")
        mcp = world.mcp(era)
        mcp.script("tools/call", *scripts)
        answer = world.confirm()
        assert mcp.asked("tools/call") == len(scripts)
        return answer

    return submit


def submitting_to_nobody(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    server.stop()
    return world.confirm()


def submitting_while_the_circuit_is_open(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    open_the_circuit(replace(world, chat=Chat(world.chat.user, world.chat.client)))
    answer = world.confirm()
    assert server.count(SUBMIT) == 0
    assert not RegistrationSubmission.objects.exists()
    return answer


def submitting_with_a_bad_service_token(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    server.token = "another-token"
    return world.confirm()


def acting_while_unknown(world: World) -> Any:
    submitting(Script(cut=True))(world)
    return world.press("edit_form")


def submitting_twice(world: World) -> Any:
    world.chat.walk_to("completed")
    second = Chat(world.chat.user, world.chat.client)
    second.walk_to("login")
    saved = StoredCredential.objects.get()
    second.press("credentials_submitted", credential_id=str(saved.pk))
    second.walk_to("confirmation")
    second.press("confirm_registration", summary=second.summary)
    return second.response


def submitting_samples_in_real_mode(world: World) -> Any:
    world.chat.walk_to("confirmation")
    assert world.server
    return world.confirm()


# --- Signup sessions -----------------------------------------------------------------------------


def pressing_too_early(world: World) -> Any:
    world.chat.begin()
    return world.press("complete_prereqs")


def choosing_what_was_not_offered(world: World) -> Any:
    world.chat.begin()
    world.say()
    return world.press("select_provider", org_ref="somebody-else")


def pressing_an_unknown_button(world: World) -> Any:
    world.chat.begin()
    return world.press("make_coffee")


def talking_while_a_turn_runs(world: World) -> Any:
    world.chat.begin()
    until = timezone.now() + timedelta(seconds=60)
    AgenticCheckoutSession.objects.update(turn_token=uuid4(), turn_until=until)
    return world.say()


def talking_from_an_old_window(world: World) -> Any:
    world.chat.begin()
    world.chat.press_if("7", "retry_search")
    return world.chat.response


def confirming_what_has_changed(world: World) -> Any:
    world.chat.walk_to("confirmation")
    old = world.chat.summary
    world.press("edit_form")
    world.press("submit_form", answers=ANSWERS | {"emergency_phone": "608-555-0199"})
    return world.press("confirm_registration", summary=old)


def talking_to_a_finished_one(world: World) -> Any:
    world.chat.begin()
    world.press("cancel_registration")
    return world.say()


def talking_after_a_day(world: World) -> Any:
    world.chat.begin()
    yesterday = timezone.now() - timedelta(hours=25)
    AgenticCheckoutSession.objects.update(
        created_at=yesterday, expires_at=yesterday + timedelta(hours=24)
    )
    return world.say()


def talking_to_an_unknown_one(world: World) -> Any:
    world.chat.id = str(uuid4())
    return world.say()


# --- The same request once more ------------------------------------------------------------------


def repeating_with_something_else(world: World) -> Any:
    world.chat.begin()
    with_key = {"Idempotency-Key": "a-key"}
    world.chat.say("Blackhawk", **with_key)
    world.chat.say("Badger", **with_key)
    return world.chat.response


def repeating_while_it_runs(world: World) -> Any:
    world.chat.begin()
    with_key = {"Idempotency-Key": "a-key"}
    world.chat.say("Blackhawk", **with_key)
    until = timezone.now() + timedelta(seconds=60)
    IdempotencyKey.objects.update(is_done=False, lease_token=uuid4(), lease_until=until)
    world.chat.say("Blackhawk", **with_key)
    return world.chat.response


# --- Who is asking, and what ---------------------------------------------------------------------


def asking_without_a_log_in(world: World) -> Any:
    return world.get("/sessions", APIClient())


def asking_with_nonsense(world: World) -> Any:
    return world.get("/sessions", APIClient(), Authorization="Bearer nonsense")


def asking_with_an_old_token(world: World) -> Any:
    token = tokens.issue(world.chat.user.pk, at=timezone.now() - timedelta(hours=2))
    return world.get("/sessions", APIClient(), Authorization=f"Bearer {token}")


def asking_while_the_issuer_is_away(world: World) -> Any:
    jwks.key_set.cache_clear()
    with JwksServer() as issuer:
        token = issuer.sign()
    believe(world.settings, supabase_url=issuer.url)
    return world.get("/sessions", APIClient(), Authorization=f"Bearer {token}")


def taking_a_token_without_a_code(world: World) -> Any:
    turn_on(world.chat.user)
    return _take_a_token(world)


def taking_a_token_with_a_wrong_code(world: World) -> Any:
    return _take_a_token(world, code=turn_on(world.chat.user).wrong_code())


def taking_a_token_without_the_key_of_the_codes(world: World) -> Any:
    app = turn_on(world.chat.user)
    world.settings.CRED_SEAL_KEY = ANOTHER_KEY
    return _take_a_token(world, code=app.code())


def _take_a_token(world: World, **more: str) -> Any:
    cache.clear()
    body = {"email": world.chat.user.email, "password": PASSWORD, **more}
    return APIClient().post(f"{API}/auth/token", body)


def asking_with_a_dead_cookie(world: World) -> Any:
    browser = Client()
    browser.force_login(world.chat.user)
    browser.session.delete()
    return world.get("/sessions", browser)


def guessing_a_password(world: World) -> Any:
    cache.clear()
    body = {"email": world.chat.user.email, "password": "a guess"}
    return APIClient().post(f"{API}/auth/token", body)


def guessing_too_often(world: World) -> Any:
    for _ in range(5):
        guessing = {"email": world.chat.user.email, "password": "a guess"}
        APIClient().post(f"{API}/auth/token", guessing)
    answer = APIClient().post(
        f"{API}/auth/token", {"email": world.chat.user.email, "password": PASSWORD}
    )
    cache.clear()
    return answer


def posting_without_a_csrf_token(world: World) -> Any:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.chat.user)
    return browser.post(f"{API}/sessions", "{}", content_type="application/json")


def doing_what_is_forbidden(world: World) -> Any:
    def forbid(**_: Any) -> None:
        raise PermissionDenied("canary-reason")

    world.patch.setattr("orchestrator.services.start", forbid)
    return world.chat.client.post(f"{API}/sessions")


def revealing_long_after_the_log_in(world: World) -> Any:
    return world.chat.client.post(f"{API}/credentials/{uuid4()}/reveal")


def revealing_too_often(world: World) -> Any:
    world.settings.REVEALS_PER_HOUR = 0
    world.chat.walk_to("login")
    saved, token = world.chat.save_login(), tokens.issue(world.chat.user.pk, at=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.post(f"{API}/credentials/{saved}/reveal")


def asking_for_nothing_we_have(world: World) -> Any:
    return world.get("/nothing")


def sending_an_unknown_field(world: World) -> Any:
    world.chat.begin()
    path = f"{API}/sessions/{world.chat.id}/messages"
    return world.chat.client.post(path, {"message": "Blackhawk", "colour": "red"})


def leaving_a_field_out(world: World) -> Any:
    world.chat.walk_to("form_fill")
    answers = {name: value for name, value in ANSWERS.items() if name != "date_of_birth"}
    return world.press("submit_form", answers=answers)


def putting_where_one_posts(world: World) -> Any:
    return world.chat.client.put(f"{API}/sessions", {})


def asking_for_html(world: World) -> Any:
    return world.get("/sessions", Accept="text/html")


def sending_a_form(world: World) -> Any:
    return world.chat.client.post(f"{API}/sessions", "a=1", content_type="text/plain")


def sending_too_much(world: World) -> Any:
    world.chat.begin()
    path = f"{API}/sessions/{world.chat.id}/messages"
    return world.chat.client.post(path, {"message": "x" * 300_000})


# --- Logins and the record -----------------------------------------------------------------------


def saving_a_login_twice(world: World) -> Any:
    world.chat.walk_to("login")
    world.chat.save_login()
    session = world.chat.read()
    names = {"alias": "Ours", "provider": session["provider"], "org_ref": session["org_ref"]}
    typed = {"email": "pat@ski.example", "password": "pass word 1"}
    return world.chat.client.post(f"{API}/credentials", names | typed)


def using_a_login_without_its_key(world: World) -> Any:
    world.chat.walk_to("login")
    saved = world.chat.save_login()
    world.settings.CRED_SEAL_KEY = ANOTHER_KEY
    return world.press("credentials_submitted", credential_id=saved)


def using_a_damaged_login(world: World) -> Any:
    world.chat.walk_to("login")
    saved = world.chat.save_login()
    StoredCredential.objects.update(ciphertext="sa1.0000000000000000.AAAA")
    return world.press("credentials_submitted", credential_id=saved)


def acting_where_nothing_can_be_recorded(world: World) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("no more rows")

    world.chat.begin()
    world.patch.setattr(MandateAudit, "save", refuse)
    return world.say()


def looking_where_the_database_is_gone(world: World) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("canary: host and user of the database")

    world.chat.begin()
    world.patch.setattr("orchestrator.services.read", refuse)
    return world.chat.client.get(f"{API}/sessions/{world.chat.id}")


def meeting_a_bug(world: World) -> Any:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("canary-in-an-exception")

    world.chat.begin()
    world.patch.setattr("orchestrator.services.calls.call", explode)
    return world.say()
