"""The parent's saved logins, as the conversation offers them."""

from uuid import UUID

from django.utils.translation import gettext as _

from credentials.models import StoredCredential
from orchestrator.flow import finding, screens
from orchestrator.flow.finding import SavedLogin
from orchestrator.flow.moves import BadPayloadError, NotAvailableError
from orchestrator.flow.parts import Screen
from orchestrator.flow.plan import Plan
from orchestrator.services.refusals import RefusedError
from sessions_store.models import AgenticCheckoutSession

MOST = 20  # more do not fit on a screen


def choice_screen(session: AgenticCheckoutSession, plan: Plan) -> Screen:
    """Return the saved logins that fit, and the way to add one."""
    fitting = _fitting(session, plan)
    return finding.choose_login(plan, fitting[:MOST], str(session.pk), has_more=len(fitting) > MOST)


def standing_screen(session: AgenticCheckoutSession, plan: Plan) -> Screen:
    """Return the screen of a parent who is choosing a login, whatever was said beside."""
    if plan.refused_login and (used := _one(session, plan, plan.refused_login)):
        return finding.login_refused(plan, used, str(session.pk))
    return choice_screen(session, plan)


def refused_screen(session: AgenticCheckoutSession, plan: Plan) -> Screen:
    """Return the screen that offers to replace the login that the provider refused."""
    used = _one(session, plan, plan.credential_id)
    return finding.login_refused(plan, used, str(session.pk))


def unusable_screen(session: AgenticCheckoutSession, plan: Plan, refusal: RefusedError) -> Screen:
    """Return the screen after the plan's login could not be used: its words, and the way on.

    One that is damaged can be replaced where it stands; after one that was deleted, the parent
    connects again.
    """
    is_there = refusal.code == "credential_unreadable"
    screen = refused_screen(session, plan) if is_there else finding.connect(plan)
    if is_there:
        refusal.cta = screen.cards[0]["buttons"]
    return screens.with_lead(refusal.detail, screen)


def must_fit(session: AgenticCheckoutSession, plan: Plan) -> None:
    """Refuse a login that is not this person's own, or not for this provider.

    :raises BadPayloadError: if it is no id
    :raises NotAvailableError: with what to do instead
    """
    try:
        credential_id = UUID(plan.credential_id or "")
    except ValueError:
        raise BadPayloadError(_("credential_id is the id of a saved login.")) from None
    own = StoredCredential.objects.for_user(session.user_id)
    fitting = own.fitting(plan.provider_key, plan.org_ref or "")
    if not fitting.filter(pk=credential_id).exists():
        raise NotAvailableError(
            _("That login does not fit here. Please choose one of yours, or enter it anew.")
        )


def _one(
    session: AgenticCheckoutSession, plan: Plan, credential_id: str | None
) -> SavedLogin | None:
    return next((one for one in _fitting(session, plan) if one.id == credential_id), None)


def _fitting(session: AgenticCheckoutSession, plan: Plan) -> list[SavedLogin]:
    """Return the newest logins that fit, one more than are shown."""
    own = StoredCredential.objects.for_user(session.user_id)
    fitting = own.fitting(plan.provider_key, plan.org_ref or "").order_by("-created_at")
    return [
        SavedLogin(str(one.pk), one.alias, one.org_ref, was_declined=str(one.pk) in plan.declined)
        for one in fitting[: MOST + 1]
    ]
