"""What is still missing for a signup, and what its form asks for."""

import re
from collections.abc import Sequence

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
        return "I don't know that yet: I check what a program requires once you have chosen one."
    if named := [one for one in plan.prerequisites if _is_named(one["label"], words)]:
        return sampled(plan, " ".join(_required(plan, one, words) for one in named))
    if plan.step is Step.FORM_FILL and plan.fields:
        return sampled(plan, _to_fill_in(plan.fields, words))
    missing = [line(one["label"], NAME) for one in plan.prerequisites if one["status"] != "ok"]
    if missing:
        linked = any(one["url"] and one["status"] != "ok" for one in plan.prerequisites)
        where = " Below is a link to where that is done." if linked else ""
        return f"Still missing: {listed(missing)}.{where} Then press “Check again”."
    met = [line(one["label"], NAME) for one in plan.prerequisites]
    return f"Nothing is missing. In place: {listed(met)}." if met else "Nothing is missing."


def _is_named(label: str, words: str) -> bool:
    named = {token for token in tokens(label) if len(token) > 3} - STOPWORDS - EVERY_CHILDS
    return not named.isdisjoint(tokens(words))


def _required(plan: Plan, one: Prerequisite, words: str) -> str:
    label = line(one["label"], NAME)
    if one["status"] == "ok":
        more = f" What it is, {club(plan)} doesn't explain here: please ask them."
        return f"{label}: in place." + (more if WHAT.search(fold(words)) else "")
    where = "Below is a link to where that is done" if one["url"] else f"Please ask {club(plan)}"
    return f"{label}: still missing. {where}. Then press “Check again”."


def _to_fill_in(fields: Sequence[Field], words: str) -> str:
    """Return which fields of the form have to be filled in: those named, or all."""
    if named := [one for one in fields if _is_named(one["label"], words)]:
        told = [
            f"{line(one['label'], NAME)}: {'required' if one['required'] else 'may stay empty'}"
            for one in named
        ]
        return f"{listed(told)}."
    wanted = [line(one["label"], NAME) for one in fields if one["required"]]
    spare = [line(one["label"], NAME) for one in fields if not one["required"]]
    told = [f"The form must have: {listed(wanted)}." if wanted else "No field must be filled in."]
    if spare and wanted:
        told.append(f"May stay empty: {listed(spare)}.")
    return " ".join(told)
