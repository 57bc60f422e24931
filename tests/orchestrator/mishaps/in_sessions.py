"""Signups, and requests that do not fit to where they stand."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from orchestrator.models import IdempotencyKey
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import ANSWERS
from tests.orchestrator.mishaps.world import World


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
