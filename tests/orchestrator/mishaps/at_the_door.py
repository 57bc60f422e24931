"""Who is asking, and what."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import jwks, tokens
from tests.accounts.conftest import PASSWORD
from tests.accounts.issuers import believe
from tests.accounts.two_steps import turn_on
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import ANSWERS
from tests.orchestrator.mishaps.world import API, World
from tests.servers.jwks_server import JwksServer


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
