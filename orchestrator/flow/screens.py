"""Which screen a parent is shown: the one of a signup's step, or something said before it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orchestrator.flow import finding, registering
from orchestrator.flow.parts import Button, Screen, start_over
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step


def at(plan: Plan, given: Mapping[str, Any], summary: str, *, now: datetime) -> Screen:
    """Return the screen of a step as it stands `now`, whatever led there."""
    match plan.step:
        case Step.PROVIDER_SEARCH:
            has_found = plan.offered or plan.elsewhere
            return finding.providers_found(plan) if has_found else finding.asking_again()
        case Step.LOGIN:
            return finding.connect(plan)
        case Step.PROGRAM_SELECTION:
            return registering.programs_found(plan, now=now)
        case Step.PREREQUISITE_CHECK:
            return registering.prerequisites_checked(plan, now=now)
        case Step.FORM_FILL:
            return registering.form(plan, given)
        case Step.CONFIRMATION:
            return registering.confirmation(plan, given, summary, now=now)
    return Screen(_("This signup is finished."), [], [start_over()])


def with_lead(sentence: str, screen: Screen, *first: Button) -> Screen:
    """Return a screen that says something else, with buttons before its own, each of them once."""
    on_cards = [_deed(button) for card in screen.cards for button in card["buttons"]]
    ahead = [button for button in first if _deed(button) not in on_cards]
    shown = {button["action"] for button in ahead}
    others = [button for button in screen.cta if button["action"] not in shown]
    return Screen(sentence, screen.cards, [*ahead, *others], screen.form)


def _deed(button: Button) -> tuple[str, dict[str, Any]]:
    return button["action"], button["payload"]
