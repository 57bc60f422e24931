"""Answering what a parent asks in the middle of a signup, from what the signup itself knows."""

from dataclasses import replace

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from orchestrator.flow import parts
from orchestrator.flow.plan import Plan
from orchestrator.language import client
from orchestrator.models import RegistrationSubmission
from orchestrator.submissions import words as receipts
from orchestrator.understanding import questions
from orchestrator.understanding.intents import Intent, Topic
from orchestrator.understanding.questions import Facts, Registration
from sessions_store.models import AgenticCheckoutSession


def answered(session: AgenticCheckoutSession, plan: Plan, intent: Intent, words: str) -> Intent:
    """Return a question's intent with its answer in words; any other as it is."""
    topic = intent.question
    if topic is None:
        return intent
    facts = Facts(
        now=timezone.now(),
        began_at=session.created_at,
        expires_at=session.expires_at,
        registrations=_registrations(session, plan) if topic is Topic.SENT else (),
        is_demo=not settings.USE_REAL_MCP,
        has_model=client.is_configured(),
    )
    again = (parts.retry(),) if plan.failed else ()
    return replace(intent, answer=questions.answer(plan, topic, words, facts), buttons=again)


def _registrations(session: AgenticCheckoutSession, plan: Plan) -> tuple[Registration, ...]:
    """Return what became of this signup, and of others by this person for the same program.

    Before a program is chosen: of the newest by this person.
    """
    own = RegistrationSubmission.objects.for_user(session.user_id)
    if plan.program:
        same = Q(provider=plan.provider_key, org_ref=plan.org_ref, program_ref=plan.program_ref)
        own = own.filter(Q(session_id=session.pk) | same)
    return tuple(
        Registration(
            status=one.status,
            sentence=receipts.our_words_for(one),
            reference=one.confirmation_ref,
            is_sample=one.source == "mock" or not one.is_real,
            is_of_this_signup=one.session_id == session.pk,
            program=one.program_title,
            club=one.org_name,
            at=one.created_at,
        )
        for one in own.order_by("-created_at", "-id")[: questions.MOST_REGISTRATIONS + 1]
    )
