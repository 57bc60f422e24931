"""Which program fits a child of whom something is said: only one that states so, is open and has room.

A program that is named stands, whatever is said of the child: nobody else chooses for a parent.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from orchestrator.flow import offers, openings
from orchestrator.tools.contract import Program
from orchestrator.understanding import choosing, facts, wishes, words
from orchestrator.understanding.intents import Intent

CLOSED = re.compile(
    r"\b(?:registrations?|sign-?ups?|enrollment|inscripci\w+)\b[^.]{0,60}\bclosed\b"
)
BORN = re.compile(r"\b(?:born|birthday|nacio|nacida|nacido|cumpleanos)\b")
MOST_NAMED = 4


def is_about_the_child(said: str) -> bool:
    """Return whether the words say how old somebody is: "my daughter is 5", "born in March"."""
    return facts.childs_age(said) is not None or BORN.search(words.fold(said)) is not None


def chosen(said: str, programs: Sequence[Program]) -> Intent:
    """Return the choice of the one program that fits the child, or which fit."""
    named = choosing.programs_named(said, programs)
    if len(named) == 1:
        return Intent("select_program", {"program_ref": named[0]["program_ref"]})
    age = facts.childs_age(said)
    if age is None:
        return _answer(_("None of these says so. Which one would you like?"))
    fit = [one for one in (named or programs) if wishes.takes(one, age)]
    if not fit:
        return _answer(_("None of these says that it is for that age. Which one would you like?"))
    if len(fit) == 1 and not (hindrance := _hindrance(fit[0])):
        return Intent("select_program", {"program_ref": fit[0]["program_ref"]})
    if len(fit) == 1:
        return _answer(
            _("Only %(title)s says so, but %(hindrance)s. Choose it by its name.")
            % {"title": fit[0]["title"], "hindrance": hindrance}
        )
    told = [one["title"] + (f" ({why})" if (why := _hindrance(one)) else "") for one in fit]
    return _answer(_("These fit: %(listed)s. Which one do you mean?") % {"listed": listed(told)})


def listed(names: Sequence[str]) -> str:
    """Return some names as they are listed, and how many more there are."""
    return offers.some(names, MOST_NAMED)


def _answer(sentence: str) -> Intent:
    return Intent("unclear", answer=sentence)


def _hindrance(program: Program) -> str:
    """Return what keeps a child out of the program: "it is full"; '' if nothing is known to."""
    if openings.is_full(program):
        return _("it is full")
    if CLOSED.search(words.fold(f"{program['title']}. {program['description']}")):
        return _("it is closed")
    return _("it is not open yet") if openings.is_ahead(program, datetime.now(UTC)) else ""
