"""From what the model says to what is done: only what the parent's own words bear out.

The rules: what the parser takes for a question, or for a wish that needs a button, is no action, and
`bearing` says what else keeps one from being done. One of those shown is chosen where the parser's own
chooser finds it in the message, too (its place, its day, its price, in English or Spanish), where the
model's words for it stand in the message, misspelt if need be, or where the parser chooses it as well
("yes", of the only one). Else nothing is chosen and the parent is asked. What is searched for shares a
word with the message, or its town does; so a name may come translated, and nothing comes from nowhere.
What the model does not understand is the parser's to read.
"""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from orchestrator.flow import moves
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES
from orchestrator.language import bearing
from orchestrator.language.errors import ModelAnswerError
from orchestrator.language.said import Said, Which
from orchestrator.understanding import choosing, clubs, parser, words
from orchestrator.understanding.intents import Intent, asked

CLOSE = 0.7  # how alike two words must be to be the same one
# How parents say it to the parser: both readers are to answer alike.
WISHES = {
    "asked_to_connect": "connect my account",
    "asked_to_confirm": "confirm",
    "asked_to_cancel": "cancel",
    "asked_to_reset": "start over",
}


def intent_of(plan: Plan, said: Said, text: str) -> Intent:
    """Return what is meant at the plan's step.

    :raises ModelAnswerError: if that is not borne out by the text
    """
    if said.intent == moves.SEARCH:
        return _search(said, text)
    if said.intent == "question" and said.topic is not None:
        return asked(said.topic)
    read = parser.understand(plan, text)
    if said.intent == "unclear":
        return read
    if said.intent == "question":
        return (
            Intent("unclear", answer=_("Which club, camp or school shall I look for?"))
            if read.name == moves.SEARCH
            else read
        )
    if said.intent in RULES and not bearing.may_be_done(said.intent, read, text):
        raise ModelAnswerError
    if said.intent == "select_provider":
        return _provider(plan, said.which, text, read)
    if said.intent == "select_program":
        return _program(plan, said.which, text, read)
    if said.intent in WISHES:
        wish = parser.understand(plan, WISHES[said.intent])
        if wish.name != said.intent:
            raise ModelAnswerError
        return wish
    return read if read.name == said.intent else Intent(said.intent)


def _search(said: Said, text: str) -> Intent:
    """Return a search for what shares a word with the text, or is in a town that does."""
    location = said.location if said.location and _is_told(said.location, text) else None
    if said.query is None or not (location or _is_told(said.query, text)):
        raise ModelAnswerError
    return Intent(moves.SEARCH, {"query": said.query, "location": location})


def _provider(plan: Plan, which: Which, text: str, read: Intent) -> Intent:
    shown = plan.offered
    found = _meant(which, shown, clubs.providers_meant)
    if asks := _which_one([one["name"] for one in found]):
        return asks
    chosen = Intent("select_provider", {"org_ref": found[0]["org_ref"]})
    in_words = _stands_in(which, text) or found[0] in clubs.providers_meant(text, shown)
    return chosen if in_words or read == chosen else _is_it(found[0]["name"])


def _program(plan: Plan, which: Which, text: str, read: Intent) -> Intent:
    shown = plan.programs
    found = _meant(which, shown, choosing.programs_meant)
    if asks := _which_one([one["title"] for one in found]):
        return asks
    chosen = Intent("select_program", {"program_ref": found[0]["program_ref"]})
    in_words = _stands_in(which, text) or found[0] in choosing.programs_meant(text, shown)
    return chosen if in_words or read == chosen else _is_it(found[0]["title"])


def _meant(
    which: Which,
    shown: Sequence[choosing.Option],
    meant: Callable[[str, Sequence[choosing.Option]], list[choosing.Option]],
) -> list[choosing.Option]:
    """Return those that the model means: at a place in the list, or by what it says of them."""
    if which.position is None:
        return meant(_phrase(which), shown)
    place = len(shown) if which.position == -1 else which.position
    return [shown[place - 1]] if 1 <= place <= len(shown) else []


def _phrase(which: Which) -> str:
    cheapest = "the cheapest" if which.cheapest else None
    return " ".join(part for part in (which.words, which.weekday, cheapest) if part)


def _which_one(names: Sequence[str]) -> Intent | None:
    """Return the question where not exactly one was found.

    :raises ModelAnswerError: if none was
    """
    if not names:
        raise ModelAnswerError
    if len(names) == 1:
        return None
    several = "; ".join(names[:4])
    return Intent(
        "unclear",
        answer=_("More than one fits: %(several)s. Which one do you mean?") % {"several": several},
    )


def _is_it(name: str) -> Intent:
    return Intent(
        "unclear", answer=_("Do you mean %(name)s? Then please press its button.") % {"name": name}
    )


def _stands_in(which: Which, text: str) -> bool:
    """Return whether words alone say which one it is, and all of them stand in the text."""
    named = words.content(words.tokens(which.words or ""))
    is_all = which.position is None and which.weekday is None and not which.cheapest
    return is_all and bool(named) and all(_is_in(word, text) for word in named)


def _is_told(name: str, text: str) -> bool:
    """Return whether a word of a name that says something stands in the text."""
    named = words.content(words.tokens(name))
    return any(len(word) > 1 and _is_in(word, text) for word in named)


def _is_in(word: str, text: str) -> bool:
    return any(words.alike(one, word) >= CLOSE for one in words.tokens(text))
