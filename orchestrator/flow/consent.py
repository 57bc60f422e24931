"""What a parent agrees to: what will be done, where, for whom, what it costs, and what is sent."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from orchestrator.flow import answers as form_answers
from orchestrator.flow import local
from orchestrator.tools.contract import Field, Program, Provider


class Fact(TypedDict):
    """One line of what is agreed to."""

    label: str
    value: str


def sentence(provider: Provider, program: Program, child: str | None) -> str:
    """Return what pressing Confirm sets off, and what that costs."""
    names = {"child": child, "program": program["title"], "provider": provider["name"]}
    if child:
        deed = _(
            "When you press Confirm, I register %(child)s for %(program)s at %(provider)s, "
            "with your login there."
        )
    else:
        deed = _(
            "When you press Confirm, I register you for %(program)s at %(provider)s, "
            "with your login there."
        )
    if program["price_cents"]:
        cost = _("The price is %(price)s.") % {"price": _price(program)}
    else:
        cost = _("It is free.")
    return f"{deed % names} {cost}"


def facts(provider: Provider, program: Program, sent: Sequence[tuple[str, str]]) -> list[Fact]:
    """Return where and when it is, and the answers that are `sent`, line by line."""
    where = ", ".join(
        part for part in (provider["name"], provider["city"], provider["state"]) if part
    )
    rows = [(_("Where"), where), (_("When"), program["schedule"]), *sent]
    return [Fact(label=label, value=value) for label, value in rows if value]


def to_show(
    provider: Provider, program: Program, fields: Sequence[Field], given: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return a card's text, and the same for pages that show it line by line: its metadata."""
    child = form_answers.participant_of(fields, given)
    sent = form_answers.as_read(fields, given)
    words = sentence(provider, program, child)
    text = "\n".join([words, *(f"{label}: {value}" for label, value in sent)])
    rows = facts(provider, program, sent)
    return text, {"consent": words, "facts": rows, "price": _price(program)}


def _price(program: Program) -> str:
    return local.price(program["price_cents"], program["currency"])
