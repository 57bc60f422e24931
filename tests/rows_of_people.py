"""A row of each kind that belongs to somebody, by its table."""

from datetime import datetime, timedelta
from uuid import uuid4

from accounts.models import User
from audit import leaves
from audit.actions import Action, person
from audit.models import SavedView, Subject
from audit.services import record
from credentials.models import RevealBudget, StoredCredential
from orchestrator.models import IdempotencyKey, RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession, SessionTurn

TABLES = [
    "mandate_audit",
    "audit_subject",
    "audit_saved_view",
    "agentic_checkout_sessions",
    "session_turns",
    "stored_credentials",
    "reveal_budgets",
    "registration_submissions",
    "idempotency_keys",
]


def give_rows(user: User, at: datetime) -> None:
    """Write one row of each kind for this person, and nothing else."""
    later = at + timedelta(hours=1)
    where = {"provider": "skiclubpro", "org_ref": "blackhawk-ski"}
    record(action=Action.USER_LOGGED_OUT, user_id=user.pk, actor=person(user.pk), at=at)
    Subject.objects.create(
        number=Subject.objects.count(),
        user_id=user.pk,
        tag=leaves.subject_tag(user.pk),
        salt="",
        sealed=0,
    )
    SavedView.objects.create(user=user, name="Ours", query="kind=failed")
    session = AgenticCheckoutSession.objects.create(
        id=uuid4(), user=user, created_at=at, updated_at=at, expires_at=later
    )
    SessionTurn.objects.create(session=session, seq=1, token=uuid4(), intent="message")
    StoredCredential.objects.create(
        user=user, alias="ours", ciphertext="sa1.x", key_id="x", **where
    )
    RevealBudget.objects.create(user=user, hour=at, spent=1)
    RegistrationSubmission.objects.create(
        session_id=session.pk,
        user_id=user.pk,
        program_ref="nordic",
        participant="x",
        status="rejected",
        is_real=False,
        request_digest="x",
        created_at=at,
        updated_at=at,
        **where,
    )
    IdempotencyKey.objects.create(
        user=user, path="/", key="x", sealed="sa1.x", created_at=at, expires_at=later
    )
