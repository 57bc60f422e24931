"""The words up to the login: finding a club, and connecting the account there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orchestrator.flow import offers
from orchestrator.flow.offers import Wanted
from orchestrator.flow.parts import (
    Button,
    Card,
    Screen,
    button,
    card,
    change_provider,
    provider_name,
)
from orchestrator.flow.plan import Plan
from orchestrator.places.contract import ATTRIBUTION, Place
from orchestrator.tools.contract import Provider


@dataclass(frozen=True)
class SavedLogin:
    """A login the parent could use here; `org_ref` is '' where it serves all of the clubs.

    `was_declined`: in this signup the provider did not accept it.
    """

    id: str
    alias: str
    org_ref: str
    was_declined: bool = False


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
    name = provider_name(plan)
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
    in_order = sorted(saved, key=lambda login: login.was_declined)
    cards = [_login_card(login, plan, session_id) for login in in_order]
    cards.append(
        card(
            _("Another login") if saved else _("Add your login"),
            _dialog(_("Enter a login"), plan, session_id, accent=not saved),
            description=_("It is entered in a dialog of its own, and sealed at once."),
            metadata={"club": provider_name(plan)},
        )
    )
    if not saved:
        message = _("Please enter the e-mail and password you use at %(provider_name)s.") % {
            "provider_name": provider_name(plan)
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


def _login_card(login: SavedLogin, plan: Plan, session_id: str) -> Card:
    use = {"credential_id": login.id}
    if not login.was_declined:
        return card(
            login.alias,
            button(_("Use this login"), "credentials_submitted", use, accent=True),
            subtitle=_("Saved login"),
            metadata=use,
        )
    return card(
        login.alias,
        _replacing(login, plan, session_id),
        button(_("Try it again"), "credentials_submitted", use),
        subtitle=_("Saved login · the provider did not accept it just now"),
        description=_("Replace it, or use another login."),
        metadata={**use, "club": provider_name(plan)},
    )


def login_refused(plan: Plan, saved: SavedLogin | None, session_id: str) -> Screen:
    """Return the screen after the provider refused a login."""
    return Screen(
        _("The provider did not accept this login."),
        [
            card(
                saved.alias if saved else _("Your login"),
                _replacing(saved, plan, session_id),
                button(_("Use another login"), "connect_account"),
                description=_("Please check the e-mail and the password, and enter them again."),
            )
        ],
        [change_provider()],
    )


def _replacing(saved: SavedLogin | None, plan: Plan, session_id: str) -> Button:
    """Return the button that opens the dialog to enter a saved login anew, or any login."""
    replace = {"alias": saved.alias, "org_ref": saved.org_ref, "replace": True} if saved else {}
    return _dialog(_("Replace this login"), plan, session_id, accent=True, **replace)


def _dialog(label: str, plan: Plan, session_id: str, *, accent: bool, **more: Any) -> Button:
    """Return the client-side button that opens the log-in dialog; it is never posted."""
    payload = {"provider": plan.provider_key, "org_ref": plan.org_ref, "session_id": session_id}
    return button(label, "show_login_dialog", payload | more, accent=accent)
