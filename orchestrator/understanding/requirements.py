"""What is still missing for a signup, and what its form asks for."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Field, Prerequisite
from orchestrator.understanding.offerings import NAME, club, line, listed, sampled
from orchestrator.understanding.words import STOPWORDS, fold, tokens

WHAT = re.compile(r"\b(?:what|que es|means?)\b")
EVERY_CHILDS = {"child", "name", "full"}  # in a label they name no field


def requirements(plan: Plan, words: str) -> str:
    """Return what is still missing, and what the form asks for."""
    if plan.prerequisites is None:
        return _("I don't know that yet: I check what a program requires once you have chosen one.")
    if named := [one for one in plan.prerequisites if _is_named(one["label"], words)]:
        return sampled(plan, " ".join(_required(plan, one, words) for one in named))
    if plan.step is Step.FORM_FILL and plan.fields:
        return sampled(plan, _to_fill_in(plan.fields, words))
    missing = [line(one["label"], NAME) for one in plan.prerequisites if one["status"] != "ok"]
    if missing:
        linked = any(one["url"] and one["status"] != "ok" for one in plan.prerequisites)
        names = listed(missing)
        if linked:
            return _(
                "Still missing: %(names)s. Below is a link to where that is done. Then press "
                "“Check again”."
            ) % {"names": names}
        return _("Still missing: %(names)s. Then press “Check again”.") % {"names": names}
    met = listed([line(one["label"], NAME) for one in plan.prerequisites])
    return (
        _("Nothing is missing. In place: %(met)s.") % {"met": met}
        if met
        else _("Nothing is missing.")
    )


def _is_named(label: str, words: str) -> bool:
    named = {token for token in tokens(label) if len(token) > 3} - STOPWORDS - EVERY_CHILDS
    return not named.isdisjoint(tokens(words))


def _required(plan: Plan, one: Prerequisite, words: str) -> str:
    label = line(one["label"], NAME)
    name = club(plan)
    if one["status"] == "ok" and WHAT.search(fold(words)):
        return _(
            "%(label)s: in place. What it is, %(name)s doesn't explain here: please ask them."
        ) % {"label": label, "name": name}
    if one["status"] == "ok":
        return _("%(label)s: in place.") % {"label": label}
    if one["url"]:
        return _(
            "%(label)s: still missing. Below is a link to where that is done. Then press "
            "“Check again”."
        ) % {"label": label}
    return _("%(label)s: still missing. Please ask %(name)s. Then press “Check again”.") % {
        "label": label,
        "name": name,
    }


def _to_fill_in(fields: Sequence[Field], words: str) -> str:
    """Return which fields of the form have to be filled in: those named, or all."""
    if named := [one for one in fields if _is_named(one["label"], words)]:
        told = [_must_be_there(line(one["label"], NAME), one["required"]) for one in named]
        return f"{listed(told)}."
    wanted = [line(one["label"], NAME) for one in fields if one["required"]]
    spare = [line(one["label"], NAME) for one in fields if not one["required"]]
    if not wanted:
        return _("No field must be filled in.")
    names, others = listed(wanted), listed(spare)
    must = _("The form must have: %(names)s.") % {"names": names}
    may = _("May stay empty: %(others)s.") % {"others": others}
    return f"{must} {may}" if spare else must


def _must_be_there(label: str, is_required: bool) -> str:
    return (
        _("%(label)s: required") % {"label": label}
        if is_required
        else _("%(label)s: may stay empty") % {"label": label}
    )
