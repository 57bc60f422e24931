"""What needs which key…"""

import hashlib
import re

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Schedule
from pytest_django import Settings

from accounts.models import User
from credentials import selectors
from credentials.models import StoredCredential
from credentials.registry import sealed_texts
from credentials.resealing import reseal
from credentials.services import ring
from sessions_store.models import AgenticCheckoutSession
from sessions_store.tasks import beat
from signupassist import health
from tests.accounts.two_steps import turn_on
from tests.asked import plain
from tests.credentials.conftest import ANOTHER_KEY, SaveLogin
from tests.credentials.rotation import key_ids, put_key_first, take_old_keys_away
from tests.orchestrator.chat import Chat

pytestmark = pytest.mark.django_db

THIRD_AND_FOURTH = [hashlib.sha256(word).hexdigest() for word in (b"third", b"fourth")]


@pytest.fixture(autouse=True)
def nothing_was_counted() -> None:
    health.counted_lately.cache_clear()


def needs(key_id: str) -> tuple[str, int, dict[str, int]]:
    [use] = [use for use in selectors.key_uses(ring()) if use.key_id == key_id]
    return use.standing, use.logins, dict(use.elsewhere)


def test_is_told_of_every_column_that_holds_sealed_text(parent: User) -> None:
    chat = Chat(parent)
    chat.walk_to("confirmation")
    chat.client.post(
        "/api/v1/sessions", {}, headers={"Idempotency-Key": "a key of the client's own"}
    )
    turn_on(parent)
    found = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if model._base_manager.annotate(text=Cast(field.name, TextField()))
        .filter(text__contains="sa1.")
        .exists()
    }
    declared = {text.name for text in sealed_texts()}
    assert found - {"stored_credentials.ciphertext"} <= declared
    assert declared - found == {"registration_submissions.sealed_request"}  # nothing is confirmed
    assert {"agentic_checkout_sessions.state", "idempotency_keys.sealed"} <= found


def test_counts_a_whole_signup_with_the_key_of_its_time(parent: User, settings: Settings) -> None:
    chat = Chat(parent)
    chat.walk_to("confirmation")
    [old] = key_ids()
    put_key_first(settings)
    new, _ = key_ids()

    standing, logins, elsewhere = needs(old)
    assert (standing, logins) == ("older", 1)
    assert elsewhere["agentic_checkout_sessions.state"] == 1
    assert elsewhere["session_turns.body"] > 3
    assert needs(new) == ("primary", 0, {})
    [session] = AgenticCheckoutSession.objects.all()
    session.state["failed"] = {"payload": {"sealed": session.state["answers"]}}
    session.save()
    assert needs(old)[2] == elsewhere  # rows are counted, not texts

    reseal()
    assert needs(new) == ("primary", 1, {})
    assert needs(old) == ("older", 0, elsewhere)  # it must stay for these

    AgenticCheckoutSession.objects.all().delete()
    assert needs(old) == ("older", 0, {})

    take_old_keys_away(settings)
    assert [use.key_id for use in selectors.key_uses(ring())] == [new]


def test_counts_what_needs_a_key_that_is_gone(
    save_login: SaveLogin, parent: User, settings: Settings
) -> None:
    save_login()
    Chat(parent).begin()
    [old] = key_ids()
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    assert needs(old) == ("missing", 1, {"session_turns.body": 1})


def test_goes_by_the_texts_and_not_by_the_labels(save_login: SaveLogin, settings: Settings) -> None:
    save_login()
    put_key_first(settings)
    new, old = key_ids()
    StoredCredential.objects.update(key_id=new)
    assert needs(old) == ("older", 1, {})


def test_counts_no_text_that_names_no_key(save_login: SaveLogin) -> None:
    save_login(alias="sound")
    credential = save_login(alias="broken")
    StoredCredential.objects.filter(pk=credential.pk).update(ciphertext="sa1.nonsense")
    assert [(use.standing, use.logins) for use in selectors.key_uses(ring())] == [("primary", 1)]


def test_is_asked_by_a_probe_with_one_look_at_an_index(
    save_login: SaveLogin, settings: Settings
) -> None:
    put_key_first(settings)
    with CaptureQueriesContext(connection) as asked:
        assert selectors.logins_without_key(ring()) == {}

    [look] = asked
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # of a table as small as this one the planner would rather read all
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = off")
            cursor.execute("SET LOCAL enable_indexonlyscan = off")
        words = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{words} {plain(look['sql'])}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert plan.count("logins_by_key_in_text") == 3  # before, between and behind two keys
    assert "SCAN stored_credentials" not in plan


@pytest.mark.parametrize("others", [0, 1, 2])
def test_is_counted_by_a_probe_for_any_ring(
    save_login: SaveLogin, settings: Settings, others: int
) -> None:
    save_login(alias="of the key that goes")
    [gone] = key_ids()
    settings.CRED_SEAL_KEY = ",".join([ANOTHER_KEY, *THIRD_AND_FOURTH][: others + 1])
    save_login(alias="of the key that is there")
    assert selectors.logins_without_key(ring()) == {gone: 1}


def test_is_counted_by_a_probe_no_further_than_it_has_to(
    save_login: SaveLogin, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        save_login(alias=f"of the key that goes {number}")
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    monkeypatch.setattr(selectors, "MOST_COUNTED", 2)
    assert selectors.rows_without_key(ring())["stored_credentials"] == 2
    assert selectors.logins_without_key(ring()).total() == 3


def test_is_looked_for_in_so_many_rows_at_most(
    parent: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Chat(parent).walk_to("login")
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    assert selectors.rows_without_key(ring())["session_turns"] > 2
    monkeypatch.setattr(selectors, "MOST_PROBED", 2)
    assert selectors.rows_without_key(ring())["session_turns"] == 2


def test_stands_on_readyz(client: Client, save_login: SaveLogin, settings: Settings) -> None:
    beat()
    Schedule.objects.update(next_run=timezone.now())
    save_login(alias="one")
    save_login(alias="two")
    answer = client.get("/readyz").json()
    nothing = {"need_missing_key": 0, "tables": {}}
    assert (answer["status"], answer["checks"]["credentials"]) == ("ok", nothing)
    [old] = key_ids()

    settings.CRED_SEAL_KEY = ANOTHER_KEY
    shown = client.get("/readyz")

    answer = shown.json()
    assert (shown.status_code, answer["status"]) == (200, "degraded")
    assert answer["checks"]["credentials"] == {
        "need_missing_key": 2,
        "tables": {"stored_credentials": 2},
    }
    assert old not in shown.text


def test_stands_on_readyz_where_no_login_but_a_signup_needs_it(
    client: Client, parent: User, settings: Settings
) -> None:
    Chat(parent).walk_to("confirmation")
    StoredCredential.objects.all().delete()
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    told = client.get("/readyz").json()["checks"]["credentials"]

    assert told["tables"].keys() == {"agentic_checkout_sessions", "session_turns"}
    assert told["need_missing_key"] == sum(told["tables"].values()) > 2


def test_stands_on_readyz_where_the_label_lies(
    client: Client, save_login: SaveLogin, settings: Settings
) -> None:
    save_login()
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    StoredCredential.objects.update(key_id=key_ids()[0])

    assert client.get("/readyz").json()["checks"]["credentials"]["need_missing_key"] == 1


def test_is_looked_for_once_in_a_moment(
    client: Client, save_login: SaveLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def look(keys: object) -> dict[str, int]:
        looks.append(keys)
        return {}

    monkeypatch.setattr(selectors, "rows_without_key", look)
    monkeypatch.setattr(health, "COUNTED_EVERY", 1e9)

    for _ in range(3):
        client.get("/readyz")

    assert len(looks) == 1


def test_is_a_warning_of_the_system_check(save_login: SaveLogin, settings: Settings) -> None:
    def warnings() -> list[str]:
        found = run_checks(databases=["default"])
        return [one.msg for one in found if one.id == "credentials.W001"]

    save_login()
    [old] = key_ids()
    assert warnings() == []
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    assert warnings() == [f"The key {old} is missing in CRED_SEAL_KEY; logins that need it: 1."]
    assert not re.search("[A-Za-z0-9+/]{40}", "".join(warnings()))
