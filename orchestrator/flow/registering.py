"""The words from the programs to the receipt: choosing, what has to be in place, and agreeing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestrator.flow import consent, local, openings
from orchestrator.flow.parts import (
    Card,
    FilledField,
    Screen,
    button,
    cancel,
    card,
    change_program,
    change_provider,
    provider_name,
    start_over,
)
from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Booking, Prerequisite, Program


def programs_found(plan: Plan, *, now: datetime) -> Screen:
    """Return the programs to choose from."""
    if not plan.programs:
        return Screen(
            _("%(provider_name)s has no programs open right now.")
            % {"provider_name": provider_name(plan)},
            [],
            [change_provider()],
        )
    return Screen(
        _("You are connected. Which program would you like?"),
        [_program_card(program, now) for program in plan.programs],
        [change_provider()],
    )


def _program_card(program: Program, now: datetime) -> Card:
    doubtful = bool(openings.caveat(program, now))
    return card(
        program["title"],
        button(
            _("Choose anyway") if doubtful else _("Choose"),
            "select_program",
            {"program_ref": program["program_ref"]},
            accent=not doubtful,
        ),
        subtitle=_program_line(program, now),
        description=program["description"],
        metadata={
            "program_ref": program["program_ref"],
            "price_cents": program["price_cents"],
            "currency": program["currency"],
            "spots_left": program["spots_left"],
            "price": price(program),
            "schedule": program["schedule"],
            "opens": openings.opens(program, now),
        },
    )


def _program_line(program: Program, now: datetime) -> str:
    parts = (
        program["schedule"],
        price(program),
        _spots(program["spots_left"]),
        openings.opens(program, now),
    )
    return " · ".join(part for part in parts if part)


def _spots(left: int | None) -> str:
    return "" if left is None else spots_left(left)


def spots_left(left: int) -> str:
    """Return how many spots are left."""
    if left == 0:
        return _("full")
    return ngettext("%(count)s spot left", "%(count)s spots left", left) % {"count": left}


def price(program: Program) -> str:
    """Return a price as people write it."""
    return local.price(program["price_cents"], program["currency"])


def prerequisites_checked(plan: Plan, *, now: datetime) -> Screen:
    """Return one card for each prerequisite, and the way on if all are met."""
    checked = plan.prerequisites or ()
    cards = [_prerequisite_card(one) for one in checked]
    title = plan.program["title"] if plan.program else _("this program")
    if plan.has_all_prerequisites:
        message = _("Everything is in place for %(title)s.") % {"title": title}
        if caveat := openings.caveat(plan.program, now):
            message = _("Everything is in place for %(title)s, but %(caveat)s.") % {
                "title": title,
                "caveat": caveat,
            }
        ahead = button(_("Continue"), "complete_prereqs", accent=True)
    else:
        missing = sum(one["status"] != "ok" for one in checked)
        message = ngettext(
            "One thing is still missing for %(title)s. Please take care of it, then check again.",
            "%(count)s things are still missing for %(title)s. "
            "Please take care of them, then check again.",
            missing,
        ) % {"title": title, "count": missing}
        message += _note(plan, now)
        ahead = button(_("Check again"), "check_prereqs", accent=True)
    return Screen(message, cards, [ahead, change_program()])


STATUSES = {
    "ok": gettext_lazy("In place"),
    "required": gettext_lazy("Required"),
    "missing": gettext_lazy("Missing"),
}


def _prerequisite_card(one: Prerequisite) -> Card:
    subtitle = str(STATUSES[one["status"]])
    metadata = {"prerequisite": one["name"], "status": one["status"]}
    if one["url"]:
        metadata["url"] = one["url"]
    return card(one["label"], subtitle=subtitle, metadata=metadata)


def form(plan: Plan, given: Mapping[str, Any]) -> Screen:
    """Return the form, filled with what was answered before."""
    fields: list[FilledField] = []
    for one in plan.fields or ():
        filled = cast("FilledField", dict(one))
        if one["name"] in given:
            filled["value"] = given[one["name"]]
        fields.append(filled)
    message = _("Please fill this in. I will show it to you before anything is sent.")
    return Screen(message, [], [change_program()], fields)


def confirmation(plan: Plan, given: Mapping[str, Any], summary: str, *, now: datetime) -> Screen:
    """Return what would be sent, and the one button that sends it."""
    if plan.provider is None or plan.program is None:
        raise ValueError("there is nothing to agree to without a program")
    agreed, shown = consent.to_show(plan.provider, plan.program, plan.fields or (), given)
    buttons = [
        button(_("Confirm registration"), "confirm_registration", {"summary": summary}, accent=True)
    ]
    if plan.fields:
        buttons.append(button(_("Edit the form"), "edit_form"))
    return Screen(
        _("Please check this. Nothing is sent until you press Confirm.") + _note(plan, now),
        [
            card(
                plan.program["title"],
                *buttons,
                subtitle=f"{provider_name(plan)} · {_program_line(plan.program, now)}",
                description=agreed,
                metadata={
                    **shown,
                    "program_ref": plan.program_ref,
                    "org_ref": plan.org_ref,
                    "price_cents": plan.program["price_cents"],
                    "currency": plan.program["currency"],
                    "sample": plan.is_sample,
                },
            )
        ],
        [change_program(), cancel()],
    )


def completed(plan: Plan, booking: Booking, submission_id: str) -> Screen:
    """Return the receipt."""
    title = plan.program["title"] if plan.program else _("the program")
    done = booking["status"] == "confirmed"
    message = (
        _("Done! The registration for %(title)s is confirmed.") % {"title": title}
        if done
        else _("%(title)s is full right now. Your child is on the waiting list.") % {"title": title}
    )
    return Screen(
        message,
        [
            card(
                _("Registration confirmed") if done else _("On the waiting list"),
                subtitle=_("Reference %(confirmation_ref)s")
                % {"confirmation_ref": booking["confirmation_ref"]},
                description=booking["message"] or "",
                metadata={
                    "status": booking["status"],
                    "confirmation_ref": booking["confirmation_ref"],
                    "submission_id": submission_id,
                },
            )
        ],
        [start_over()],
    )


def cancelled() -> Screen:
    """Return the last screen of a signup that the parent called off."""
    return Screen(_("This signup is cancelled. Nothing was booked."), [], [start_over()])


def _note(plan: Plan, now: datetime) -> str:
    """Return a sentence on why the provider may say no to the program, with the space before it."""
    caveat = openings.caveat(plan.program, now, is_named=True)
    return " " + (_("Please note: %(caveat)s.") % {"caveat": caveat}) if caveat else ""
