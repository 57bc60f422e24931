"""Answers in words to what a parent asks, from the plan and a few facts: known, or said to be not.

Nothing here holds a secret or what was typed into a form. What providers wrote is quoted, and short.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestrator.flow import local
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import (
    ages,
    offerings,
    passwords,
    replies,
    requirements,
    whereabouts,
)
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.words import tokens

NOT_SENT = gettext_lazy(
    "Nothing has been sent yet: nothing is booked until you press “Confirm registration”."
)
IS_SAFE = gettext_lazy(
    "Looking around here books nothing and costs nothing, and nothing about your "
    "child is sent before you press “Confirm registration”. A club itself I can't "
    "judge."
)
NOT_WHOSE = gettext_lazy("I cannot see here which child each is for.")
MOST_REGISTRATIONS = 3
SAFE = re.compile(r"\b(?:safe|secure|safety|segur[oa])\b")
SELLING = re.compile(r"\b(?:sell|sells|selling|sold|advertis\w+|marketing|spam|venden?|vendes)\b")
BACK = re.compile(r"\b(?:refund|cancel|money|reembols|devol|politica)")
NAMED = re.compile(
    r"\b(?:passwords?|logins?|credentials?|accounts?|contrasena|clave|cuenta|data|datos|child|kids?"
    r"|daughters?|sons?|trust|her|his|birth\w*|phone|form)\b"
)
PERSON = re.compile(r"\b(?:talk|speak|hablar?) (?:\w+ ){0,2}(?:to|with|con)\b")


@dataclass(frozen=True)
class Registration:
    """What became of a registration. The `sentence` is ours, `reference` the provider's."""

    status: str
    sentence: str
    reference: str
    is_sample: bool
    is_of_this_signup: bool
    program: str = ""  # as the parent saw it
    club: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What an answer needs besides the plan; `registrations` are the newest first."""

    now: datetime
    began_at: datetime
    expires_at: datetime
    registrations: tuple[Registration, ...] = ()
    is_demo: bool = False  # no provider is ever asked, only the samples
    has_model: bool = False  # a language model may read the chat


def answer(plan: Plan, topic: Topic, words: str, facts: Facts) -> str:
    """Return the answer to a question; one from sample data says so."""
    if topic in (Topic.LOGIN, Topic.DATA) and not NAMED.search(_plain(words)):
        topic = _MEANT_AT.get(plan.step, topic)
        if plan.step not in _MEANT_AT and SAFE.search(_plain(words)):
            return str(IS_SAFE)
    if told := replies.reply(plan, topic, words):
        return told
    of_the_plan = _OF_THE_PLAN.get(topic)
    return of_the_plan(plan, words) if of_the_plan else _OF_THIS_SIGNUP[topic](plan, words, facts)


def _payment(plan: Plan, words: str, facts: Facts) -> str:
    club = offerings.club(plan)
    if BACK.search(_plain(words)):
        rules = _(
            "I don't know the refund and cancellation rules of %(club)s: please ask them."
        ) % {"club": club}
        if plan.step is Step.COMPLETED:
            return rules
        return rules + " " + _("Until you press “Confirm registration” there is nothing to cancel.")
    told = [_("I take no payment and ask for no card.")]
    if plan.program:
        price = offerings.price(plan, "")
        told.append(
            _("The listed price in the samples: %(price)s") % {"price": price}
            if plan.is_sample
            else _("The listed price: %(price)s") % {"price": price}
        )
    told.append(
        _("How and when to pay, I don't know: that is between you and %(club)s.") % {"club": club}
    )
    return " ".join(told)


def _plain(words: str) -> str:
    return " ".join(tokens(words))


def _data(plan: Plan, words: str, facts: Facts) -> str:
    hours = round((facts.expires_at - facts.began_at).total_seconds() / 3600)
    told = []
    if SELLING.search(_plain(words)):
        told.append(_("No: nothing you enter is sold or used for advertising."))
    elif passwords.READING.search(_plain(words)):
        told.append(_("You alone see it here, and no page shows it to staff."))
    told.append(
        _(
            "What you enter about your child is sealed. It goes to the provider, who asks "
            "for it, and only after you press “Confirm registration”. I keep it with this "
            "signup, for %(hours)s hours; longer only while an outcome is unclear."
        )
        % {"hours": hours}
    )
    if facts.has_model:
        told.append(
            _("A language model may read your chat messages, to understand them; never the form.")
        )
    return " ".join(told)


def _sent(plan: Plan, words: str, facts: Facts) -> str:
    here = [one for one in facts.registrations if one.is_of_this_signup]
    others = [one for one in facts.registrations if not one.is_of_this_signup]
    told = _became(here[0]) if here else str(NOT_SENT)
    if plan.step is Step.CONFIRMATION and here and here[0].status in ("not_created", "rejected"):
        told += " " + _("Nothing is booked by this signup.")
    if not others:
        return told
    if plan.program is None:
        newest = "; ".join(_newest(one) for one in others[:MOST_REGISTRATIONS])
        begins = told if here else _("Nothing of this signup has been sent yet.")
        listed = _("Your newest registrations: %(newest)s.") % {"newest": newest}
        return " ".join([begins, listed, str(NOT_WHOSE)])
    for other in others[:MOST_REGISTRATIONS]:
        became = _became(other)
        told += " " + (_("In another signup for this program: %(became)s") % {"became": became})
    return f"{told} {NOT_WHOSE}"


def _newest(one: Registration) -> str:
    program = offerings.line(one.program, offerings.NAME) or _("a program")
    club = offerings.line(one.club, offerings.NAME)
    name = _("%(program)s at %(club)s") % {"program": program, "club": club} if club else program
    told = f"{name}: {_IN_WORDS.get(one.status, _IN_WORDS['outcome_unknown'])}"
    if one.reference and one.status in ("confirmed", "waitlisted"):
        reference = offerings.line(one.reference, offerings.NAME)
        told = _("%(told)s, reference %(reference)s") % {"told": told, "reference": reference}
    told += f" ({local.day(one.at)})" if one.at else ""
    return (
        _("%(told)s, a sample: nobody was really registered") % {"told": told}
        if one.is_sample
        else told
    )


_IN_WORDS = {
    "intent": gettext_lazy("on its way"),
    "sent": gettext_lazy("on its way"),
    "confirmed": gettext_lazy("confirmed"),
    "waitlisted": gettext_lazy("on the waiting list"),
    "rejected": gettext_lazy("refused, nothing booked"),
    "outcome_unknown": gettext_lazy("not known yet, we are checking with the provider"),
    "not_created": gettext_lazy("did not go through, nothing booked"),
    "needs_operator": gettext_lazy("not known yet, a person is checking with the provider"),
}


def _became(one: Registration) -> str:
    told = one.sentence
    if one.reference and one.status in ("confirmed", "waitlisted"):
        reference = offerings.line(one.reference, offerings.NAME)
        told += " " + (_("Its reference is %(reference)s.") % {"reference": reference})
    if one.is_sample:
        told += " " + _("It is a sample: nobody was really registered.")
    return told


def _time(plan: Plan, words: str, facts: Facts) -> str:
    left = max(facts.expires_at - facts.now, timedelta())
    minutes = int(left.total_seconds() // 60)
    if minutes >= 120:
        about = ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {
            "count": minutes // 60
        }
    else:
        about = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    return _(
        "You can take your time: this signup is kept for another %(about)s, and you "
        "can leave and come back until then. It holds no spot: that needs “Confirm "
        "registration”."
    ) % {"about": about}


def _next(plan: Plan, words: str, facts: Facts) -> str:
    if plan.failed:
        return _("The last try did not work out. Press “Retry”, or go another way below.")
    if plan.step is Step.PROVIDER_SEARCH and plan.elsewhere and not plan.offered:
        return _("I can't sign you up at these places: please ask them, or tell me another club.")
    if plan.step is Step.PROVIDER_SEARCH and plan.offered:
        return _("Next, choose your club below, or tell me another name and town.")
    if plan.step is Step.PREREQUISITE_CHECK and not plan.has_all_prerequisites:
        return _("Next, take care of what is missing with the provider, then press “Check again”.")
    if plan.step is Step.LOGIN and plan.is_connecting:
        return _(
            "Next, choose a login, or enter one. I then show you the programs; that books nothing."
        )
    return str(_NEXT[plan.step])


_NEXT = {
    Step.PROVIDER_SEARCH: gettext_lazy(
        "Tell me a club, camp or school and its town. Then you connect your account, "
        "choose a program, fill in the form, check it, and confirm."
    ),
    Step.LOGIN: gettext_lazy(
        "Next, press “Connect account”. I then show you the programs; that books nothing."
    ),
    Step.PROGRAM_SELECTION: gettext_lazy("Next, choose a program. I then check what it requires."),
    Step.PREREQUISITE_CHECK: gettext_lazy("Everything is in place. Next, press “Continue”."),
    Step.FORM_FILL: gettext_lazy(
        "Next, fill in the form. I show it to you again before anything is sent."
    ),
    Step.CONFIRMATION: gettext_lazy(
        "Next, check what is shown. If it is right, press “Confirm registration”: I "
        "then send it to the provider, once, and tell you what came of it."
    ),
    Step.COMPLETED: gettext_lazy("This signup is finished. You can start a new one."),
}


def _who(plan: Plan, words: str, facts: Facts) -> str:
    told = _(
        "I'm SignupAssist, a computer program and not a person. I find clubs and their "
        "programs and carry the form to them; only you can confirm a registration."
    )
    if PERSON.search(_plain(words)):
        club = offerings.club(plan)
        told += " " + (
            _("I can't put you through to a person: please ask %(club)s.") % {"club": club}
        )
    return told


def _real(plan: Plan, words: str, facts: Facts) -> str:
    if plan.is_sample or facts.is_demo:
        return _(
            "No: I work with sample data here. No provider is asked, and nobody is really "
            "registered."
        )
    if plan.provider or plan.offered:
        return _(
            "Yes: what you see comes from the provider's own service. A registration is "
            "real as well, once you press “Confirm registration”."
        )
    return _(
        "Yes. I have shown you nothing of a provider so far; where data is a sample, I say so."
    )


_MEANT_AT = {
    Step.LOGIN: Topic.LOGIN,
    Step.FORM_FILL: Topic.DATA,
    Step.CONFIRMATION: Topic.DATA,
}
_OF_THE_PLAN: dict[Topic, Callable[[Plan, str], str]] = {
    Topic.PRICE: offerings.price,
    Topic.SPOTS: offerings.spots,
    Topic.SCHEDULE: offerings.schedule,
    Topic.PLACE: whereabouts.place,
    Topic.AGE: ages.age,
    Topic.ABOUT: offerings.about,
    Topic.OPTIONS: offerings.options,
    Topic.REQUIREMENTS: requirements.requirements,
    Topic.LOGIN: passwords.login,
}
_OF_THIS_SIGNUP: dict[Topic, Callable[[Plan, str, Facts], str]] = {
    Topic.PAYMENT: _payment,
    Topic.DATA: _data,
    Topic.SENT: _sent,
    Topic.TIME: _time,
    Topic.NEXT: _next,
    Topic.WHO: _who,
    Topic.REAL: _real,
}
