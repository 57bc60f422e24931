"""Answers to questions about one particular thing: from what the provider says, or that it doesn't."""

import re
from collections.abc import Callable

from orchestrator.flow import screens
from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Program
from orchestrator.understanding import facts, offerings
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.particulars import Particular, labels_named, particular_in
from orchestrator.understanding.words import fold, tokens

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


def _said_of(what: str, pattern: re.Pattern[str], more: str = "") -> Callable[[Plan, str], str]:
    """Return what answers with the provider's sentences on something."""

    def reply(plan: Plan, words: str) -> str:
        told = {one["title"]: _sentence(one, pattern) for one in offerings.meant(plan, words)}
        says = [
            f"{offerings.line(title, offerings.NAME)}: the provider says {offerings.quoted(said)}"
            for title, said in told.items()
            if said
        ]
        if not says:
            return (
                f"I don't know {what}: {offerings.club(plan)} doesn't say. Please ask them.{more}"
            )
        rest = " Of the others, they don't say." if len(says) < len(told) else ""
        return offerings.sampled(plan, offerings.ended(offerings.listed(says))) + rest + more

    return reply


def _sentence(program: Program, pattern: re.Pattern[str]) -> str | None:
    sentences = offerings.SENTENCE.split(program["description"])
    return next((one for one in sentences if pattern.search(fold(one))), None)


def _advice(plan: Plan, words: str) -> str:
    """Return no advice, but what speaks for one or the other."""
    if not plan.programs:
        return f"{offerings.club(plan)} has no programs open right now."
    cheapest = min(plan.programs, key=lambda one: one["price_cents"])
    price = offerings.line(screens.price(cheapest), offerings.NAME)
    told = [f"The lowest price: {_title(cheapest)}, {price}."]
    if free := [_title(one) for one in plan.programs if one["spots_left"]]:
        told.append(f"With free spots: {offerings.listed(free)}.")
    if (years := facts.childs_age(words)) is not None:
        fit = [_title(one) for one in offerings.for_age(plan.programs, years)]
        told.append(
            f"For age {years}, by what they say: {offerings.listed(fit) or 'none of them'}."
        )
    known = offerings.sampled(plan, " ".join(told))
    return f"Which one is right for your child, I can't judge. {known}"


def _title(program: Program) -> str:
    return offerings.line(program["title"], offerings.NAME)


def _filling_in(plan: Plan, words: str) -> str:
    return (
        "No, please fill in the form yourself: I don't know your child's details, and they don't "
        "belong in this chat. What you enter there is sealed."
    )


def _meaning(plan: Plan, words: str) -> str:
    line = " ".join(tokens(words))
    label = labels_named(plan, line)[0]
    helped = [one["help"] for one in plan.fields or () if one["label"] == label and one["help"]]
    if helped:
        return f"The provider says {offerings.quoted(helped[0])}."
    what = offerings.quoted(label, offerings.NAME)
    return f"{offerings.club(plan)} doesn't explain {what} here: please ask them."


def _checking(plan: Plan, words: str) -> str:
    what = f"for {_title(plan.program)} " if plan.program else ""
    mend = " If something is not right, press “Edit the form”." if plan.fields else ""
    entered = "What you entered is shown on this page. " if plan.fields else ""
    return (
        f"{entered}“Confirm registration” sends it {what}to {offerings.club(plan)}, once; nothing is "
        f"sent before.{mend} What the club's own terms say, I don't know: please ask them."
    )


def _contact(plan: Plan, words: str) -> str:
    if plan.elsewhere and not plan.offered:
        what = "" if WEBSITE.search(fold(words)) else "phone numbers or e-mail addresses"
        return offerings.at_their_websites(plan, what)
    return f"I have no website and no phone number of {offerings.club(plan)}."


_REPLIES: dict[Particular, Callable[[Plan, str], str]] = {
    Particular.HEALTH: _said_of(
        "whether that is taken care of",
        HEALTH,
        " Do so before you sign up.",
    ),
    Particular.RENTING: _said_of("whether they rent things out", RENTING),
    Particular.BRINGING: _said_of("what to bring", BRINGING),
    Particular.FOOD: _said_of("whether food is included", FOOD),
    Particular.TEACHERS: _said_of("who teaches", TEACHERS),
    Particular.ADVICE: _advice,
    Particular.FILLING_IN: _filling_in,
    Particular.MEANING: _meaning,
    Particular.CHECKING: _checking,
    Particular.CONTACT: _contact,
}
