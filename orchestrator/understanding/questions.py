"""Answers in words to what a parent asks, from the plan and a few facts: known, or said to be not.

Nothing here holds a secret or what was typed into a form. What providers wrote is quoted, and short.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import offerings, replies, requirements, whereabouts
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.words import tokens

NOT_SENT = "Nothing has been sent yet: nothing is booked until you press “Confirm registration”."
IS_SAFE = (
    "Looking around here books nothing and costs nothing, and nothing about your child is sent before "
    "you press “Confirm registration”. A club itself I can't judge."
)
NOT_WHOSE = "I cannot see here which child each is for."
MOST_REGISTRATIONS = 3
SAFE = re.compile(r"\b(?:safe|secure|safety|segur[oa])\b")
SELLING = re.compile(r"\b(?:sell|sells|selling|sold|advertis\w+|marketing|spam|venden?|vendes)\b")
READING = re.compile(
    r"\b(?:who|whos|quien|staff|employees?|people|anyone|anybody|someone|somebody|you)\b.*"
    r"\b(?:see|sees|seeing|read|reads|reading|access|look|know|knows|ve|ver|lee)\b"
)
ACCOUNT = r"\b(?:account|login|log in)\b"
NEEDING = re.compile(
    rf"\b(?:do|does|must|should|why|if) .*\b(?:need|have to|must|require\w*)\b.*{ACCOUNT}"
    rf"|\bmust (?:i|we) .*{ACCOUNT}|\bnecesito .*\bcuenta\b"
)
WITHOUT = re.compile(
    r"\b(?:without|sin) (?:\w+ )?(?:accounts?|login|logging in|log in|password|connecting|cuenta)\b"
)
BACK = re.compile(r"\b(?:refund|cancel|money|reembols|devol|politica)")
FORGOTTEN = re.compile(r"\b(?:forgot|forgotten|lost|olvid\w+)\b|\bdont (?:know|remember)\b")
NO_ACCOUNT = re.compile(r"\b(?:dont have|no tengo)\b.* (?:account|login|cuenta)\b")
WHY = re.compile(r"\b(?:why|por que|para que)\b")
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
            return IS_SAFE
    if told := replies.reply(plan, topic, words):
        return told
    of_provider = _OF_PROVIDER.get(topic)
    return of_provider(plan, words) if of_provider else _OF_THIS_SIGNUP[topic](plan, words, facts)


def _payment(plan: Plan, words: str, facts: Facts) -> str:
    if BACK.search(_plain(words)):
        rules = f"the refund and cancellation rules of {offerings.club(plan)}"
        told = f"I don't know {rules}: please ask them."
        if plan.step is Step.COMPLETED:
            return told
        return f"{told} Until you press “Confirm registration” there is nothing to cancel."
    told = "I take no payment and ask for no card."
    if plan.program:
        sample = " in the samples" if plan.is_sample else ""
        told += f" The listed price{sample}: {offerings.price(plan, '')}"
    return (
        f"{told} How and when to pay, I don't know: that is between you and {offerings.club(plan)}."
    )


def _plain(words: str) -> str:
    return " ".join(tokens(words))


def _login(plan: Plan, words: str, facts: Facts) -> str:
    if FORGOTTEN.search(_plain(words)):
        return (
            f"I can't look it up or reset it: please do that at {offerings.club(plan)}, then connect "
            "your account. Never type a password into this chat."
        )
    if NO_ACCOUNT.search(_plain(words)):
        club = offerings.club(plan)
        return f"Please make an account at {club} first, on their own website: I can't do that for you."
    if needs := _needs_an_account(plan, words):
        return needs
    who = (
        "Nobody here gets to read it: no page shows it to anybody but you, not even to staff. "
        if READING.search(_plain(words))
        else ""
    )
    why = (
        " I need it because the provider shows its programs only to you."
        if WHY.search(_plain(words))
        else ""
    )
    return (
        f"{who}Your password never goes through this chat: you type it into a dialog of its own. "
        "It is sealed with this service's key (AES-256-GCM) and opened for one call to the provider "
        "at a time, or when you ask to see it. Each opening is recorded first, and shown on your "
        "audit trail (/mandates-audit). You can delete it under “Saved logins”."
        f"{why}"
    )


def _needs_an_account(plan: Plan, words: str) -> str | None:
    said = _plain(words)
    club = offerings.club(plan)
    why = f"{club} shows its programs, and takes a registration, only from an account there"
    if WITHOUT.search(said):
        return f"No: {why}. Looking for a club needs none."
    if NEEDING.search(said):
        begins = "Because" if WHY.search(said) else "Yes:"
        return f"{begins} {why}. If you have none yet, please make one on their own website."
    return None


def _data(plan: Plan, words: str, facts: Facts) -> str:
    model = (
        " A language model may read your chat messages, to understand them; never the form."
        if facts.has_model
        else ""
    )
    hours = round((facts.expires_at - facts.began_at).total_seconds() / 3600)
    begins = ""
    if SELLING.search(_plain(words)):
        begins = "No: nothing you enter is sold or used for advertising. "
    elif READING.search(_plain(words)):
        begins = "You alone see it here, and no page shows it to staff. "
    return (
        f"{begins}What you enter about your child is sealed. It goes to the provider, who asks for "
        f"it, and only after you press “Confirm registration”. I keep it with this signup, for "
        f"{hours} hours; longer "
        f"only while an outcome is unclear.{model}"
    )


def _sent(plan: Plan, words: str, facts: Facts) -> str:
    here = [one for one in facts.registrations if one.is_of_this_signup]
    others = [one for one in facts.registrations if not one.is_of_this_signup]
    told = _became(here[0]) if here else NOT_SENT
    if plan.step is Step.CONFIRMATION and here and here[0].status in ("not_created", "rejected"):
        told += " Nothing is booked by this signup."
    if not others:
        return told
    if plan.program is None:
        newest = "; ".join(_newest(one) for one in others[:MOST_REGISTRATIONS])
        begins = told if here else "Nothing of this signup has been sent yet."
        return f"{begins} Your newest registrations: {newest}. {NOT_WHOSE}"
    for other in others[:MOST_REGISTRATIONS]:
        told += f" In another signup for this program: {_became(other)}"
    return f"{told} {NOT_WHOSE}"


def _newest(one: Registration) -> str:
    told = offerings.line(one.program, offerings.NAME) or "a program"
    told += f" at {offerings.line(one.club, offerings.NAME)}" if one.club else ""
    told += f": {_IN_WORDS.get(one.status, 'not known yet')}"
    if one.reference and one.status in ("confirmed", "waitlisted"):
        told += f", reference {offerings.line(one.reference, offerings.NAME)}"
    told += f" ({one.at:%B} {one.at.day}, {one.at.year})" if one.at else ""
    return told + (", a sample: nobody was really registered" if one.is_sample else "")


_IN_WORDS = {
    "intent": "on its way",
    "sent": "on its way",
    "confirmed": "confirmed",
    "waitlisted": "on the waiting list",
    "rejected": "refused, nothing booked",
    "outcome_unknown": "not known yet, we are checking with the provider",
    "not_created": "did not go through, nothing booked",
    "needs_operator": "not known yet, a person is checking with the provider",
}


def _became(one: Registration) -> str:
    told = one.sentence
    if one.reference and one.status in ("confirmed", "waitlisted"):
        told += f" Its reference is {offerings.line(one.reference, offerings.NAME)}."
    return told + (" It is a sample: nobody was really registered." if one.is_sample else "")


def _time(plan: Plan, words: str, facts: Facts) -> str:
    left = max(facts.expires_at - facts.now, timedelta())
    minutes = int(left.total_seconds() // 60)
    about = f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
    return (
        f"You can take your time: this signup is kept for another {about}, and you can leave and come "
        "back until then. It holds no spot: that needs “Confirm registration”."
    )


def _next(plan: Plan, words: str, facts: Facts) -> str:
    if plan.failed:
        return "The last try did not work out. Press “Retry”, or go another way below."
    if plan.step is Step.PROVIDER_SEARCH and plan.elsewhere and not plan.offered:
        return "I can't sign you up at these places: please ask them, or tell me another club."
    if plan.step is Step.PROVIDER_SEARCH and plan.offered:
        return "Next, choose your club below, or tell me another name and town."
    if plan.step is Step.PREREQUISITE_CHECK and not plan.has_all_prerequisites:
        return "Next, take care of what is missing with the provider, then press “Check again”."
    return _NEXT[plan.step]


_NEXT = {
    Step.PROVIDER_SEARCH: "Tell me a club, camp or school and its town. Then you connect your account, "
    "choose a program, fill in the form, check it, and confirm.",
    Step.LOGIN: "Next, press “Connect account”. I then show you the programs; that books nothing.",
    Step.PROGRAM_SELECTION: "Next, choose a program. I then check what it requires.",
    Step.PREREQUISITE_CHECK: "Everything is in place. Next, press “Continue”.",
    Step.FORM_FILL: "Next, fill in the form. I show it to you again before anything is sent.",
    Step.CONFIRMATION: "Next, check what is shown. If it is right, press “Confirm registration”: I then "
    "send it to the provider, once, and tell you what came of it.",
    Step.COMPLETED: "This signup is finished. You can start a new one.",
}


def _who(plan: Plan, words: str, facts: Facts) -> str:
    told = (
        "I'm SignupAssist, a computer program and not a person. I find clubs "
        "and their programs and carry the form to them; only you can confirm a registration."
    )
    if PERSON.search(_plain(words)):
        told += f" I can't put you through to a person: please ask {offerings.club(plan)}."
    return told


def _real(plan: Plan, words: str, facts: Facts) -> str:
    if plan.is_sample or facts.is_demo:
        return "No: I work with sample data here. No provider is asked, and nobody is really registered."
    if plan.provider or plan.offered:
        return (
            "Yes: what you see comes from the provider's own service. A registration is real as well, "
            "once you press “Confirm registration”."
        )
    return "Yes. I have shown you nothing of a provider so far; where data is a sample, I say so."


_MEANT_AT = {
    Step.LOGIN: Topic.LOGIN,
    Step.FORM_FILL: Topic.DATA,
    Step.CONFIRMATION: Topic.DATA,
}
_OF_PROVIDER: dict[Topic, Callable[[Plan, str], str]] = {
    Topic.PRICE: offerings.price,
    Topic.SPOTS: offerings.spots,
    Topic.SCHEDULE: offerings.schedule,
    Topic.PLACE: whereabouts.place,
    Topic.AGE: offerings.age,
    Topic.ABOUT: offerings.about,
    Topic.OPTIONS: offerings.options,
    Topic.REQUIREMENTS: requirements.requirements,
}
_OF_THIS_SIGNUP: dict[Topic, Callable[[Plan, str, Facts], str]] = {
    Topic.PAYMENT: _payment,
    Topic.LOGIN: _login,
    Topic.DATA: _data,
    Topic.SENT: _sent,
    Topic.TIME: _time,
    Topic.NEXT: _next,
    Topic.WHO: _who,
    Topic.REAL: _real,
}
