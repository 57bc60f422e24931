"""What screens are made of: messages, cards and buttons, and the buttons that many of them have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Field


class Button(TypedDict):
    """What can be pressed; posted back with its payload unchanged."""

    label: str
    action: str
    payload: dict[str, Any]
    variant: str


class Card(TypedDict):
    """One thing to look at, with its buttons."""

    title: str
    subtitle: str
    description: str
    metadata: dict[str, Any]
    buttons: list[Button]


class FilledField(Field, total=False):
    """A field of the form; `value` is what was answered before, where the form is edited."""

    value: Any


@dataclass(frozen=True)
class Screen:
    """What one answer shows. `is_aside`: words beside what stood there before, and stays."""

    message: str
    cards: list[Card] = field(default_factory=list)
    cta: list[Button] = field(default_factory=list)
    form: list[FilledField] | None = None
    is_aside: bool = False


def button(
    label: str, action: str, payload: Mapping[str, Any] | None = None, *, accent: bool = False
) -> Button:
    """Return a button; one accent a screen shows the way on."""
    variant = "accent" if accent else "outline"
    return {"label": label, "action": action, "payload": dict(payload or {}), "variant": variant}


def card(
    title: str,
    *buttons: Button,
    subtitle: str = "",
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Card:
    """Return a card."""
    return {
        "title": title,
        "subtitle": subtitle,
        "description": description,
        "metadata": dict(metadata or {}),
        "buttons": list(buttons),
    }


def retry() -> Button:
    """Return the button that tries once more what failed."""
    return button(_("Retry"), "retry_last", accent=True)


def change_provider() -> Button:
    """Return the button that looks for another provider."""
    return button(_("Change provider"), "change_provider")


def change_program() -> Button:
    """Return the button that goes back to the programs."""
    return button(_("Change program"), "change_program")


def cancel() -> Button:
    """Return the button that calls the signup off."""
    return button(_("Cancel this signup"), "cancel_registration")


def start_over() -> Button:
    """Return the button that begins a new signup."""
    return button(_("Start a new signup"), "reset", accent=True)


def sample(*, is_booking: bool = False) -> str:
    """Return the sentence that stands with data that is a sample."""
    if is_booking:
        return _("This is sample data: nobody was really registered.")
    return _("This is sample data, not a real offer.")


def provider_name(plan: Plan) -> str:
    """Return the chosen provider's name, as sentences say it."""
    return plan.provider["name"] if plan.provider else _("the provider")
