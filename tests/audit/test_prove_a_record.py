"""Proving that one record is in the log, by the API…"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from audit import leaves, merkle
from audit.models import Checkpoint, MandateAudit
from audit.notes import read_checkpoint
from tests.audit.bundles_to_try import Story, told

ClientOf = Callable[[User], APIClient]


@pytest.fixture
def story(parent: User, noon: datetime) -> Story:
    return told(noon, ours=parent.pk)


def _ask(client: APIClient, record_id: UUID) -> Any:
    return client.get(f"/api/v1/audit/{record_id}")


def test_leads_from_the_record_to_the_signature(
    story: Story, parent: User, client_of: ClientOf
) -> None:
    client = client_of(parent)
    rows = MandateAudit.objects.filter(user_id=parent.pk).order_by("created_at")
    for seq, row in enumerate(rows[:10], start=1):
        said = _ask(client, row.pk).json()
        proof = said["proof"]
        leaf = leaves.event_leaf(
            event_id=said["id"],
            content_hash=said["content_hash"],
            log_index=proof["log_index"],
            subject_tag=proof["subject_tag"],
            subject_seq=proof["subject_seq"],
        )
        made = merkle.root_from_inclusion(
            proof["log_index"],
            proof["tree_size"],
            merkle.leaf_hash(leaf),
            [base64.b64decode(one) for one in proof["inclusion"]],
        )
        signed = read_checkpoint(proof["checkpoint"], settings.AUDIT_VERIFIERS)
        assert (signed.size, signed.root) == (proof["tree_size"], made)
        assert (proof["subject_seq"], proof["subject_tag"]) == (seq, leaves.subject_tag(parent.pk))


def test_has_no_proof_until_it_is_sealed(story: Story, parent: User, client_of: ClientOf) -> None:
    last = MandateAudit.objects.filter(user_id=parent.pk).latest("created_at")
    said = _ask(client_of(parent), last.pk).json()
    assert (said["id"], said["proof"]) == (str(last.pk), None)


def test_gives_a_foreign_record_as_little_as_an_unknown_one(
    story: Story, stranger: User, client_of: ClientOf
) -> None:
    foreign = MandateAudit.objects.filter(user_id=story.ours)[0]
    systems = MandateAudit.objects.filter(user_id=None)[0]
    for record_id in (foreign.pk, systems.pk, uuid4()):
        answer = _ask(client_of(stranger), record_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_shows_everybody_the_newest_checkpoint(story: Story) -> None:
    answer = APIClient().get("/api/v1/audit/checkpoint", headers={"accept": "text/plain"})

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == Checkpoint.objects.latest().note
    assert read_checkpoint(answer.content.decode(), settings.AUDIT_VERIFIERS).size == 37


def test_says_that_there_is_no_checkpoint_yet(db: None) -> None:
    answer = APIClient().get("/api/v1/audit/checkpoint", headers={"accept": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"
