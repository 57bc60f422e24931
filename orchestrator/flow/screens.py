"""The words: what a parent reads and can press at each step. Message, then card, then button."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestrator.flow import consent, local, offers, openings
from orchestrator.flow.offers import Wanted
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.places.contract import ATTRIBUTION, Place
from orchestrator.tools.contract import Booking, Field, Prerequisite, Program, Provider


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


@dataclass(frozen=True)
class SavedLogin:
    """A login the parent could use here; `org_ref` is '' where it serves all of the clubs."""

    id: str
    alias: str
    org_ref: str


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


def greeting() -> Screen:
    """Return the first screen of a session."""
    return Screen(
        _(
            "Hi! I sign children up for clubs, camps and swim schools. Which one are you "
            "looking for? A name and a town is best, like “Blackhawk Ski Club in "
            "Middleton”."
        )
    )


def asking_again() -> Screen:
    """Return the screen that asks for a provider once more."""
    return Screen(_("All right. Which club, camp or school shall I look for? A town helps."))


def providers_found(plan: Plan, wanted: Wanted = offers.ANYTHING) -> Screen:
    """Return what a search found, or what to do where that is nothing; `wanted`: what it was for."""
    if plan.offered:
        cards = [_provider_card(provider) for provider in plan.offered]
        again = [button(_("None of these"), "reject_provider")]
        return Screen(offers.question(plan.offered, wanted), cards, again)
    if plan.elsewhere:
        return _places_found(plan.elsewhere)
    return Screen(
        _("I could not find a provider like that. Please try another spelling, or add the town.")
    )


def _provider_card(provider: Provider) -> Card:
    place = ", ".join(part for part in (provider["city"], provider["state"]) if part)
    near = offers.away(provider["distance_km"], in_us=offers.is_in_us(provider["state"]))
    former = ", ".join(provider.get("former_names", []))
    return card(
        provider["name"],
        button(_("Choose"), "select_provider", {"org_ref": provider["org_ref"]}, accent=True),
        subtitle=" · ".join(part for part in (place, near) if part),
        description=_("Formerly %(former)s.") % {"former": former} if former else "",
        metadata={"provider": provider["provider"], "org_ref": provider["org_ref"]},
    )


def _places_found(places: Sequence[Place]) -> Screen:
    """Return places that can be looked at, and not be chosen; the map's name stands with them."""
    name, count, map_name = places[0]["name"], len(places), ATTRIBUTION
    if count == 1:
        message = _(
            "I found %(name)s, but I cannot sign you up there yet. Results from %(map_name)s."
        ) % {"name": name, "map_name": map_name}
    else:
        message = _(
            "I found %(count)s places, but I cannot sign you up at any of them yet. "
            "Results from %(map_name)s."
        ) % {"count": count, "map_name": map_name}
    return Screen(
        message,
        [_place_card(place) for place in places],
        [button(_("Search again"), "retry_search")],
    )


def _place_card(place: Place) -> Card:
    near = offers.away(place["distance_km"], in_us=place["address"].endswith("USA"))
    closed = _("temporarily closed") if place.get("is_closed_for_now") else ""
    if place["website"]:
        advice = _("Not yet supported. Its own website may say how to sign up.")
    else:
        advice = _("Not yet supported. Please ask them how to sign up.")
    metadata: dict[str, Any] = {
        "supported": False,
        "attribution": " · ".join([ATTRIBUTION, *place.get("credits", [])]),
    }
    if place["website"]:
        metadata["url"] = place["website"]
    return card(
        place["name"],
        subtitle=" · ".join(part for part in (place["address"], near, closed) if part),
        description=advice,
        metadata=metadata,
    )


def connect(plan: Plan) -> Screen:
    """Return the screen that offers to connect the parent's account."""
    name = _provider_name(plan)
    return Screen(
        _("Good choice. To see the programs of %(name)s I need your account there.")
        % {"name": name},
        [
            card(
                _("Connect your %(name)s account") % {"name": name},
                button(_("Connect account"), "connect_account", accent=True),
                description=_(
                    "Your login is sealed, and each time I open it leaves a record that you can "
                    "read. Please never type a password into this chat."
                ),
            )
        ],
        [change_provider()],
    )


def choose_login(
    plan: Plan, saved: Sequence[SavedLogin], session_id: str, *, has_more: bool = False
) -> Screen:
    """Return saved logins that fit, and the way to add one; `has_more`: others fit, too."""
    cards = [
        card(
            login.alias,
            button(
                _("Use this login"),
                "credentials_submitted",
                {"credential_id": login.id},
                accent=True,
            ),
            subtitle=_("Saved login"),
            metadata={"credential_id": login.id},
        )
        for login in saved
    ]
    cards.append(
        card(
            _("Another login") if saved else _("Add your login"),
            _dialog(_("Enter a login"), plan, session_id, accent=not saved),
            description=_("It is entered in a dialog of its own, and sealed at once."),
            metadata={"club": _provider_name(plan)},
        )
    )
    if not saved:
        message = _("Please enter the e-mail and password you use at %(provider_name)s.") % {
            "provider_name": _provider_name(plan)
        }
    elif has_more:
        count = len(saved)
        message = _(
            "Which login shall I use? These are the newest %(count)s; all of them are on "
            "the page “Saved logins”, beside your audit trail."
        ) % {"count": count}
    else:
        message = _("Which login shall I use?")
    return Screen(message, cards, [change_provider()])


def login_refused(plan: Plan, saved: SavedLogin | None, session_id: str) -> Screen:
    """Return the screen after the provider refused a login."""
    replace = {"alias": saved.alias, "org_ref": saved.org_ref, "replace": True} if saved else {}
    return Screen(
        _("The provider did not accept this login."),
        [
            card(
                saved.alias if saved else _("Your login"),
                _dialog(_("Replace this login"), plan, session_id, accent=True, **replace),
                button(_("Use another login"), "connect_account"),
                description=_("Please check the e-mail and the password, and enter them again."),
            )
        ],
        [change_provider()],
    )


def _dialog(label: str, plan: Plan, session_id: str, *, accent: bool, **more: Any) -> Button:
    """Return the client-side button that opens the log-in dialog; it is never posted."""
    payload = {"provider": plan.provider_key, "org_ref": plan.org_ref, "session_id": session_id}
    return button(label, "show_login_dialog", payload | more, accent=accent)


def programs_found(plan: Plan, *, now: datetime) -> Screen:
    """Return the programs to choose from."""
    if not plan.programs:
        return Screen(
            _("%(provider_name)s has no programs open right now.")
            % {"provider_name": _provider_name(plan)},
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
            _("Choose"),
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
                subtitle=f"{_provider_name(plan)} · {_program_line(plan.program, now)}",
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


def at(plan: Plan, given: Mapping[str, Any], summary: str, *, now: datetime) -> Screen:
    """Return the screen of a step as it stands `now`, whatever led there."""
    match plan.step:
        case Step.PROVIDER_SEARCH:
            return providers_found(plan) if plan.offered or plan.elsewhere else asking_again()
        case Step.LOGIN:
            return connect(plan)
        case Step.PROGRAM_SELECTION:
            return programs_found(plan, now=now)
        case Step.PREREQUISITE_CHECK:
            return prerequisites_checked(plan, now=now)
        case Step.FORM_FILL:
            return form(plan, given)
        case Step.CONFIRMATION:
            return confirmation(plan, given, summary, now=now)
    return Screen(_("This signup is finished."), [], [start_over()])


def with_lead(sentence: str, screen: Screen, *first: Button) -> Screen:
    """Return a screen that says something else, with buttons before its own."""
    shown = {button["action"] for button in first}
    others = [button for button in screen.cta if button["action"] not in shown]
    return Screen(sentence, screen.cards, [*first, *others], screen.form)


def _note(plan: Plan, now: datetime) -> str:
    """Return a sentence on why the provider may say no to the program, with the space before it."""
    caveat = openings.caveat(plan.program, now, is_named=True)
    return " " + (_("Please note: %(caveat)s.") % {"caveat": caveat}) if caveat else ""


def _provider_name(plan: Plan) -> str:
    return plan.provider["name"] if plan.provider else _("the provider")
