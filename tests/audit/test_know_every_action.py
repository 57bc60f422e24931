"""The catalogue of what records tell knows every action, and…"""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from audit import canonical, redaction, telling, vocabulary
from audit.actions import SYSTEM, Action
from audit.models import MandateAudit
from audit.services import Entry, record_many
from audit.vocabulary import KEYS, NAMES, OF_OTHERS, TOLD, Kind
from tests.audit.conftest import EXAMPLES, MakeRow, all_of, needed
from tests.credentials.conftest import LOGIN

SECRETS = [
    "canary@example.com",
    "Bearer canary123456",
    "password=canary",
    "sk-canary0123456789abcdef",
    "eyJhbGciOi.canary.x",
]
PERSONAL = [
    "+1 608 555 0123",
    "(608) 555-0123",
    "4111 1111 1111 1111",
    "2018-05-31",
    "May 31, 2018",
    "078-05-1120",
]
# Somebody else's reference may be nothing but digits, and a protocol's version is a day.
MERE_DIGITS = {"late_confirmation_ref", "protocol_version"}
WRONG: dict[Kind, list[Any]] = {
    Kind.WORD: [1, True, "", "Two words", "pat@example.com", "x" * 65, "w_4111111111111111", ["x"]],
    Kind.WORDS: ["provider", ["provider", "pat@example.com"], [1]],
    Kind.NUMBER: ["12", "608-555-0123", True, 1.5, 2**53],
    Kind.NUMBERS: [3, {"open": "three"}, {"Pat Doe": 3}, ["open"]],
    Kind.FLAG: ["true", 1, "password"],
    Kind.ID: ["", "pat@example.com", 5, "3d813cbb47fb42ba91df831e1593ac29"],
    Kind.DIGEST: ["hunter2", "A1B2C3D4E5F60718", 5, "a1b2"],
    Kind.MOMENT: ["now", "2018-05-31", 1_700_000_000, "2026-07-14T12:00:00"],
    Kind.CODE: [5, True, ["program_full"], {"code": "x"}],
    Kind.NAME: [5, True, ["Nordic Kids"], {"name": "x"}],
}


def entry(action: Action, told: dict[str, Any], at: datetime) -> Entry:
    """Return a record of the system's that tells this."""
    return Entry(action=action, user_id=None, actor=SYSTEM, at=at, metadata=told)


def recorded(entries: list[Entry]) -> str:
    """Record all of this, and return every word of it as it stands in the table."""
    record_many(entries)
    return json.dumps(list(MandateAudit.objects.values_list("action", "metadata")))


def _as_text(row: tuple[str, dict[str, Any]]) -> str:
    return json.dumps(row, sort_keys=True)


@pytest.mark.once
def test_every_key_that_some_action_tells() -> None:
    assert set(TOLD) == set(Action)
    assert {key for told in TOLD.values() for key in told.keys} == set(KEYS)
    assert all(re.fullmatch(r"[a-z_]{1,64}", key) for key in KEYS)
    assert set(EXAMPLES) == set(WRONG) == set(Kind)


@pytest.mark.once
@pytest.mark.parametrize("key", sorted(OF_OTHERS))
def test_has_no_key_for_secrets(key: str) -> None:
    assert redaction.redact({key: "harmless"}) == {key: "harmless"}


@pytest.mark.django_db
def test_lets_each_tell_what_it_may_and_only_what_it_needs(noon: datetime) -> None:
    told = [(action, said) for action in Action for said in (needed(action), all_of(action))]

    record_many(entry(action, said, noon) for action, said in told)

    found = MandateAudit.objects.values_list("action", "metadata")
    columns = dict.fromkeys(["sessionId", "provider", "org_ref", "request_id"])
    expected = [(str(action), said | columns) for action, said in told]
    assert sorted(map(_as_text, found)) == sorted(map(_as_text, expected))


@pytest.mark.django_db
def test_lets_each_say_that_something_is_not_known(noon: datetime) -> None:
    record_many(entry(action, dict.fromkeys(all_of(action)), noon) for action in Action)

    assert MandateAudit.objects.count() == len(Action)


@pytest.mark.once
@pytest.mark.parametrize("action", Action)
def test_refuses_a_key_that_it_does_not_tell(action: Action) -> None:
    others = ["password", "email", "note", *sorted(set(KEYS) - TOLD[action].keys)]
    for key in others:
        with pytest.raises(ValueError, match=rf"^{action} does not tell {key} in") as refused:
            vocabulary.check(action, needed(action) | {key: "canary"})

        assert "canary" not in str(refused.value)


@pytest.mark.once
@pytest.mark.parametrize("action", Action)
def test_refuses_to_do_without_a_key_that_it_needs(action: Action) -> None:
    for key in TOLD[action].needs:
        said = {name: value for name, value in all_of(action).items() if name != key}
        with pytest.raises(ValueError, match=rf"^{action} needs {key} in"):
            vocabulary.check(action, said)


@pytest.mark.once
@pytest.mark.parametrize("kind", Kind)
def test_refuses_what_is_not_of_a_keys_kind(kind: Kind) -> None:
    for action, told in TOLD.items():
        for key in told.keys:
            for value in WRONG[kind] if KEYS[key] is kind else ():
                with pytest.raises(ValueError, match=rf"^{action}: {key} is not ") as refused:
                    vocabulary.check(action, all_of(action) | {key: value})

                told_of_it = str(refused.value).removeprefix(f"{action}: {key} is not {kind.value}")
                assert told_of_it == "", "the value is not repeated"


def test_refuses_before_anything_is_written(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="password"):
        make_row(metadata={"password": "canary"})

    assert not MandateAudit.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["credentials_submitted", "credentials_accessed"])
def test_keeps_what_a_reader_of_opened_logins_relies_on(action: str) -> None:
    promised = {"credential_alias", "accessed_at", "purpose"}
    assert TOLD[Action("credentials_accessed")].needs == promised
    assert "credential_alias" in TOLD[Action(action)].needs


@pytest.mark.django_db
def test_keeps_every_planted_secret_out_under_every_key_of_others(noon: datetime) -> None:
    planted = [
        entry(action, needed(action) | {key: text}, noon)
        for action, told in TOLD.items()
        for key in told.keys & OF_OTHERS
        for canary in SECRETS + [one for one in PERSONAL if key not in MERE_DIGITS]
        for text in (canary, f"ask {canary} there", canary.replace("@", "\uff20"))
    ]

    found = recorded(planted)

    assert "canary" not in found
    assert [one for one in PERSONAL if one in found] == []
    assert MandateAudit.objects.filter(metadata__credential_alias="[redacted]").exists()
    assert len(planted) == MandateAudit.objects.count() > 500


@pytest.mark.once
def test_looks_at_every_word_that_is_not_ours() -> None:
    ours = {key for key, kind in KEYS.items() if kind not in (Kind.CODE, Kind.NAME)}

    assert set(KEYS) - ours == OF_OTHERS
    assert {"credential_alias", "late_confirmation_ref", "explanation"} <= NAMES


@pytest.mark.once
@given(st.from_regex(vocabulary._WORD, fullmatch=True))
def test_takes_nothing_for_a_word_of_ours_that_redaction_would_take_out(word: str) -> None:
    assert vocabulary.is_plain_word(word)
    assert redaction.redact({"step": word}) == {"step": word}


@pytest.mark.once
@given(st.from_regex(redaction._PLAIN_NAME, fullmatch=True))
def test_takes_nothing_for_a_plain_name_that_could_be_a_secret(name: str) -> None:
    assert not redaction._SECRET.search(redaction._plain(name))


@pytest.mark.once
@pytest.mark.parametrize("prefix", ["sa_", "ghp_", "akia", "aiza"])
def test_takes_no_key_of_a_service_for_a_word_of_ours(prefix: str) -> None:
    assert not vocabulary.is_plain_word(prefix + "abcdefghijklmnopqrst")


@pytest.mark.django_db
@pytest.mark.parametrize("canary", SECRETS + PERSONAL)
def test_keeps_them_out_where_parents_name_their_logins(parent: User, canary: str) -> None:
    client = APIClient()
    client.force_authenticate(parent)
    client.credentials(HTTP_X_REQUEST_ID=f"ours-{SECRETS[3]}")
    body = {name: LOGIN[name] for name in ("provider", "email", "password")}

    answer = client.post("/api/v1/credentials", body | {"alias": f"Ours {canary}"})

    assert answer.status_code == 201
    told = MandateAudit.objects.get(action="credentials_submitted").metadata
    assert told["credential_alias"] == "[redacted]"
    assert told["request_id"] != f"ours-{SECRETS[3]}"


@pytest.mark.parametrize("action", [one for one in Action if one.tells_what_happened])
def test_cuts_short_what_happened_outside_rather_than_lose_it(
    make_row: MakeRow, action: Action
) -> None:
    longest = "𝄞" * 5_000
    said = dict.fromkeys(TOLD[action].keys & OF_OTHERS, longest)

    row = make_row(action=action, metadata=needed(action) | said, provider=longest, org_ref=longest)

    assert row.org_ref == row.metadata["provider"] == "𝄞" * 199 + telling.SHORTENED
    assert all(
        row.metadata[key] == "𝄞" * (499 if key in NAMES else 199) + telling.SHORTENED
        for key in said
    )
    assert row.computed_hash() == row.content_hash


@pytest.mark.parametrize(
    "said",
    [
        {"org_ref": "x" * 1_001},
        {"action": Action.CREDENTIALS_DELETED, "metadata": {"credential_alias": "x" * 8_192}},
    ],
)
def test_refuses_too_much_about_a_deed_of_ours_without_a_word_of_it(
    make_row: MakeRow, said: dict[str, Any]
) -> None:
    with pytest.raises(canonical.ProfileError, match=r"longer|larger") as refused:
        make_row(**said)

    assert "xxx" not in str(refused.value)
    assert not MandateAudit.objects.exists()


@pytest.mark.once
def test_writes_the_hash_that_anybody_computes(make_row: MakeRow) -> None:
    row = make_row(action="tool_failed", metadata=all_of("tool_failed"), at=timezone.now())

    assert canonical.new_hash(vars(row)) == canonical.content_hash(vars(row)) == row.content_hash
