"""The flow as a table: where an action is legal and where it may lead."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from orchestrator.tools.contract import Tool


class Step(StrEnum):
    """Where a signup stands."""

    PROVIDER_SEARCH = "provider_search"
    LOGIN = "login"
    PROGRAM_SELECTION = "program_selection"
    PREREQUISITE_CHECK = "prerequisite_check"
    FORM_FILL = "form_fill"
    CONFIRMATION = "confirmation"
    COMPLETED = "completed"


SEARCH, LOGIN, PROGRAMS, CHECK, FORM, CONFIRM, DONE = Step
CHECKS, FIELDS = Tool.CHECK_PREREQUISITES, Tool.DISCOVER_FIELDS
WHILE_OPEN = frozenset(Step) - {DONE}


@dataclass(frozen=True)
class Rule:
    """One action: the steps where it is legal, those it may lead to, and the tool it calls.

    `by_text`: a sentence may stand for the button. Never true for what has consequences outside of
    this conversation: those need the button.
    """

    at: frozenset[Step]
    to: frozenset[Step]
    calls: Tool | None = None
    by_text: bool = False


def _rule(
    at: set[Step], to: set[Step], calls: Tool | None = None, *, by_text: bool = False
) -> Rule:
    return Rule(frozenset(at), frozenset(to), calls, by_text)


# fmt: off
RULES: dict[str, Rule] = {
    # action                       legal at                 may lead to       calls
    "select_provider":       _rule({SEARCH},                {LOGIN},          by_text=True),
    "reject_provider":       _rule({SEARCH},                {SEARCH},         by_text=True),
    "retry_search":          _rule({SEARCH},                {SEARCH},         by_text=True),
    "connect_account":       _rule({LOGIN},                 {LOGIN}),
    "credentials_submitted": _rule({LOGIN},                 {PROGRAMS},       Tool.FIND_PROGRAMS),
    "select_program":        _rule({PROGRAMS},              {CHECK},          CHECKS, by_text=True),
    "check_prereqs":         _rule({CHECK},                 {CHECK},          CHECKS, by_text=True),
    "retry_prereqs":         _rule({CHECK},                 {CHECK},          CHECKS, by_text=True),
    "complete_prereqs":      _rule({CHECK},                 {FORM, CONFIRM},  FIELDS, by_text=True),
    "submit_form":           _rule({FORM},                  {CONFIRM}),
    "edit_form":             _rule({CONFIRM},               {FORM},           by_text=True),
    "change_program":        _rule({CHECK, FORM, CONFIRM},  {PROGRAMS},       by_text=True),
    "change_provider":       _rule({*WHILE_OPEN},           {SEARCH},         by_text=True),
    "confirm_registration":  _rule({CONFIRM},               {DONE},           Tool.SUBMIT_REGISTRATION),
    "cancel_registration":   _rule({*WHILE_OPEN},           set()),  # the session is closed
    "reset":                 _rule({*Step},                 set()),  # a new session begins
    # what a tool could not do, once more: leads where the failed action leads
    "retry_programs":        _rule({*WHILE_OPEN},           {*WHILE_OPEN},    by_text=True),
    "retry_last":            _rule({*WHILE_OPEN},           {*WHILE_OPEN},    by_text=True),
}
# fmt: on

# A provider that refuses the login sends the signup back here, whatever was asked.
AFTER_LOGIN_FAILED = Step.LOGIN

LABELS: dict[str, StrOrPromise] = {
    "select_provider": gettext_lazy("choose a provider"),
    "reject_provider": gettext_lazy("turn these providers down"),
    "retry_search": gettext_lazy("search again"),
    "connect_account": gettext_lazy("connect your account"),
    "credentials_submitted": gettext_lazy("use a saved login"),
    "select_program": gettext_lazy("choose a program"),
    "check_prereqs": gettext_lazy("check the requirements again"),
    "complete_prereqs": gettext_lazy("continue to the form"),
    "submit_form": gettext_lazy("send the form"),
    "edit_form": gettext_lazy("edit the form"),
    "change_program": gettext_lazy("change the program"),
    "change_provider": gettext_lazy("change the provider"),
    "confirm_registration": gettext_lazy("confirm the registration"),
    "cancel_registration": gettext_lazy("cancel"),
}


def legal_at(step: Step) -> list[str]:
    """Return the actions that the table allows at a step, in the table's order."""
    return [action for action, rule in RULES.items() if step in rule.at]


def possible_now(step: Step) -> str:
    """Return a sentence that says what a parent can do at a step."""
    labels = [str(LABELS[action]) for action in legal_at(step) if action in LABELS]
    if not labels:
        return _("This signup is finished. You can start a new one.")
    ways, last = ", ".join(labels[:-1]), labels[-1]
    return _("That is not possible right now. You can %(ways)s or %(last)s.") % {
        "ways": ways,
        "last": last,
    }
