"""Answers to questions about one particular thing: from what the provider says, or that it doesn't."""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from orchestrator.flow import registering
from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Program
from orchestrator.understanding import ages, facts, offerings
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.particulars import Particular, labels_named, particular_in
from orchestrator.understanding.words import fold, tokens

PHONE_NUMBERS = gettext_lazy("phone numbers or e-mail addresses")  # I know no … of these places
RENTING = re.compile(r"\b(?:rent\w*|hire|borrow|alquil\w+)\b")
BRINGING = re.compile(r"\b(?:bring|wear|pack|gear|equipment|llevar|traer)\b")
FOOD = re.compile(
    r"\b(?:lunch\w*|snacks?|food|meals?|dinner|breakfast|chocolate|comida|almuerzo)\b"
)
TEACHERS = re.compile(r"\b(?:coach\w*|instructors?|teachers?|taught|led by)\b")
WEBSITE = re.compile(r"\b(?:web ?sites?|web ?pages?|homepage|sitio web)\b")
HEALTH = re.compile(r"\b(?:allerg\w+|asthma|nuts?|gluten|medic\w+|disab\w+|wheelchair|alergi\w+)\b")


def reply(plan: Plan, topic: Topic, words: str) -> str | None:
    """Return the answer to a question about a particular thing of a topic, if it is one."""
    found = particular_in(plan, "".join(f" {word}" for word in tokens(words)))
    if found is None or found[1] is not topic or found[0] not in _REPLIES:
        return None
    return _REPLIES[found[0]](plan, words)


def _said_of(
    pattern: re.Pattern[str], *, unknown: StrOrPromise, more: StrOrPromise = ""
) -> Callable[[Plan, str], str]:
    """Return what answers with the provider's sentences on something, or that it is `unknown`."""

    def reply(plan: Plan, words: str) -> str:
        told = {one["title"]: _sentence(one, pattern) for one in offerings.meant(plan, words)}
        says = [
            _says(offerings.line(title, offerings.NAME), offerings.quoted(said))
            for title, said in told.items()
            if said
        ]
        if not says:
            return f"{unknown % {'club': offerings.club(plan)}} {more}".rstrip()
        answer = [offerings.sampled(plan, offerings.ended(offerings.listed(says)))]
        if len(says) < len(told):
            answer.append(_("Of the others, they don't say."))
        return " ".join([*answer, str(more)]).rstrip()

    return reply


def _says(title: str, words: str) -> str:
    return _("%(title)s: the provider says %(words)s") % {"title": title, "words": words}


def _sentence(program: Program, pattern: re.Pattern[str]) -> str | None:
    sentences = offerings.SENTENCE.split(program["description"])
    return next((one for one in sentences if pattern.search(fold(one))), None)


def _advice(plan: Plan, words: str) -> str:
    """Return no advice, but what speaks for one or the other."""
    if not plan.programs:
        return _("%(club)s has no programs open right now.") % {"club": offerings.club(plan)}
    cheapest = min(plan.programs, key=lambda one: one["price_cents"])
    price = offerings.line(registering.price(cheapest), offerings.NAME)
    told = [
        _("The lowest price: %(title)s, %(price)s.") % {"title": _title(cheapest), "price": price}
    ]
    if free := [_title(one) for one in plan.programs if one["spots_left"]]:
        names = offerings.listed(free)
        told.append(_("With free spots: %(names)s.") % {"names": names})
    if (years := facts.childs_age(words)) is not None:
        told.append(ages.taking(plan, years))
    return _not_judged(plan, " ".join(told))


def _comparison(plan: Plan, words: str) -> str:
    """Return no advice, but what is known of the programs that are held against each other."""
    programs = offerings.meant(plan, words)[: offerings.MOST]
    return _not_judged(plan, offerings.each(programs, _in_short))


def _in_short(program: Program) -> str:
    told = (
        offerings.price_of(program),
        offerings.schedule_of(program),
        ages.span(program),
        offerings.room(program),
    )
    return ", ".join(told)


def _not_judged(plan: Plan, known: str) -> str:
    known = offerings.sampled(plan, known)
    return _("Which one is right for your child, I can't judge. %(known)s") % {"known": known}


def _title(program: Program) -> str:
    return offerings.line(program["title"], offerings.NAME)


def _filling_in(plan: Plan, words: str) -> str:
    return _(
        "No, please fill in the form yourself: I don't know your child's details, and "
        "they don't belong in this chat. What you enter there is sealed."
    )


def _meaning(plan: Plan, words: str) -> str:
    line = " ".join(tokens(words))
    label = labels_named(plan, line)[0]
    helped = [one["help"] for one in plan.fields or () if one["label"] == label and one["help"]]
    if helped:
        words = offerings.quoted(helped[0])
        return _("The provider says %(words)s.") % {"words": words}
    what = offerings.quoted(label, offerings.NAME)
    return _("%(club)s doesn't explain %(what)s here: please ask them.") % {
        "club": offerings.club(plan),
        "what": what,
    }


def _checking(plan: Plan, words: str) -> str:
    club = offerings.club(plan)
    told = [
        _("“Confirm registration” sends it to %(club)s, once; nothing is sent before.")
        % {"club": club}
    ]
    if plan.program:
        title = _title(plan.program)
        told = [
            _(
                "“Confirm registration” sends it for %(title)s to %(club)s, once; nothing is "
                "sent before."
            )
            % {"title": title, "club": club}
        ]
    if plan.fields:
        told.insert(0, _("What you entered is shown on this page."))
        told.append(_("If something is not right, press “Edit the form”."))
    told.append(_("What the club's own terms say, I don't know: please ask them."))
    return " ".join(told)


def _contact(plan: Plan, words: str) -> str:
    if plan.elsewhere and not plan.offered:
        what = "" if WEBSITE.search(fold(words)) else PHONE_NUMBERS
        return offerings.at_their_websites(plan, what)
    return _("I have no website and no phone number of %(club)s.") % {"club": offerings.club(plan)}


_REPLIES: dict[Particular, Callable[[Plan, str], str]] = {
    Particular.HEALTH: _said_of(
        HEALTH,
        unknown=gettext_lazy(
            "I don't know whether that is taken care of: %(club)s doesn't say. Please ask them."
        ),
        more=gettext_lazy("Do so before you sign up."),
    ),
    Particular.RENTING: _said_of(
        RENTING,
        unknown=gettext_lazy(
            "I don't know whether they rent things out: %(club)s doesn't say. Please ask them."
        ),
    ),
    Particular.BRINGING: _said_of(
        BRINGING,
        unknown=gettext_lazy("I don't know what to bring: %(club)s doesn't say. Please ask them."),
    ),
    Particular.FOOD: _said_of(
        FOOD,
        unknown=gettext_lazy(
            "I don't know whether food is included: %(club)s doesn't say. Please ask them."
        ),
    ),
    Particular.TEACHERS: _said_of(
        TEACHERS,
        unknown=gettext_lazy("I don't know who teaches: %(club)s doesn't say. Please ask them."),
    ),
    Particular.COMPARING: _comparison,
    Particular.ADVICE: _advice,
    Particular.FILLING_IN: _filling_in,
    Particular.MEANING: _meaning,
    Particular.CHECKING: _checking,
    Particular.CONTACT: _contact,
}
