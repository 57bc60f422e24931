"""What is kept: logins, and the record."""

from typing import Any

from django.db import DatabaseError, OperationalError
from django.utils import timezone

from audit.models import MandateAudit
from credentials.models import StoredCredential
from tests.audit.attacking import attack
from tests.audit.bundles_to_try import told
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.mishaps.world import API, World


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


def taking_home_what_cannot_be_proved(world: World) -> Any:
    told(timezone.now(), ours=world.chat.user.pk)
    attack("DELETE FROM audit_leaf WHERE log_index = 3")
    return world.chat.client.get(f"{API}/audit/export", {"format": "jsonl"})


def meeting_a_bug(world: World) -> Any:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("canary-in-an-exception")

    world.chat.begin()
    world.patch.setattr("orchestrator.services.calls.call", explode)
    return world.say()
