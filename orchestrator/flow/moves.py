"""How a plan moves: first what an action does by itself, then what a tool's answer adds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orchestrator.flow.plan import Failed, Plan
from orchestrator.flow.rules import AFTER_LOGIN_FAILED, RULES, Step, possible_now
from orchestrator.tools.contract import Tool

# What a message does; no button posts these.
SEARCH = "search"  # where the provider may be changed: for what the message names
MOST_DECLINED = 20  # logins that a screen shows
SWITCH = "switch_program"  # where the program may be changed: to one that the message names


class UnknownActionError(Exception):
    """There is no action of this name."""


class NotAvailableError(Exception):
    """The action is not legal now, or names something that was not offered.

    The text says what is possible.
    """


class BadPayloadError(Exception):
    """The action's payload lacks something; the text is the sentence for it."""


@dataclass(frozen=True)
class Move:
    """What an action comes to: the plan after it, and the tool that has to be asked, if any."""

    action: str
    payload: Mapping[str, Any]
    plan: Plan
    calls: Tool | None = None

    def done_as(self, action: str) -> Self:
        """Return this move under another name: the one to retry it by."""
        return replace(self, action=action)


def move(plan: Plan, action: str, payload: Mapping[str, Any]) -> Move:
    """Return what the action does to the plan.

    :raises UnknownActionError: if there is no such action
    :raises NotAvailableError: if it is not legal now, or its value was not offered
    :raises BadPayloadError: if its payload lacks something
    """
    if action == SEARCH and plan.step in RULES["change_provider"].at:
        return Move(SEARCH, payload, _restart(plan), Tool.SEARCH_PROVIDER)
    if action == SWITCH and plan.step in RULES["change_program"].at:
        return move(_change_program(plan, {}), "select_program", payload).done_as(SWITCH)
    rule = RULES.get(action)
    if rule is None:
        raise UnknownActionError(action)
    if plan.step not in rule.at:
        raise NotAvailableError(possible_now(plan.step))
    if action in ("retry_last", "retry_programs"):
        return _retry(plan, action)
    do = _DOES.get(action)
    after = do(plan, payload) if do else plan
    # it lies in the state until a retry, in clear: only what the action is known to need
    needed = {name: payload[name] for name in _NEEDS.get(action, ()) if name in payload}
    return Move(action, needed, after.but(failed=None), rule.calls)


def may_come_by_text(plan: Plan, action: str) -> bool:
    """Return whether a sentence may stand for the button of this action, whoever understood it.

    Retrying does what failed again, so it is as consequential as that.
    """
    if action in ("retry_last", "retry_programs"):
        failed = plan.failed.action if plan.failed else ""
        return failed in (SEARCH, SWITCH) or (failed in RULES and RULES[failed].by_text)
    return action in RULES and RULES[action].by_text


def learn(move: Move, data: Any, source: str) -> Plan:
    """Return the plan after the move's tool has answered; `source` is `mcp`, `mock` or `google`."""
    plan = move.plan
    match move.calls:
        case Tool.SEARCH_PROVIDER if source == "google":  # which knows places, and no provider
            return plan.knowing("providers", source, elsewhere=tuple(data))
        case Tool.SEARCH_PROVIDER:
            return plan.knowing("providers", source, offered=tuple(data))
        case Tool.FIND_PROGRAMS:
            accepted = _change_program(plan, {}).but(declined=_without(plan, plan.credential_id))
            return accepted.knowing("programs", source, programs=tuple(data))
        case Tool.CHECK_PREREQUISITES:
            return plan.knowing(
                "prerequisites",
                source,
                step=Step.PREREQUISITE_CHECK,
                prerequisites=tuple(data),
            )
        case Tool.DISCOVER_FIELDS:
            step = Step.FORM_FILL if data else Step.CONFIRMATION
            return plan.knowing("fields", source, step=step, fields=tuple(data))
        case Tool.SUBMIT_REGISTRATION:
            return plan.but(step=Step.COMPLETED)
    raise ValueError(f"{move.action} asks no tool")


def fail(before: Plan, move: Move) -> Plan:
    """Return the plan after the move's tool failed: as it was, knowing what to retry."""
    return before.but(failed=Failed(move.action, move.payload), refused_login=None)


def refuse_login(before: Plan, used: str | None = None) -> Plan:
    """Return the plan after the login `used` could not be used: back where one is chosen."""
    return before.but(
        step=AFTER_LOGIN_FAILED,
        credential_id=None,
        is_connecting=True,
        refused_login=used,
        failed=None,
    )


def decline_login(before: Plan, used: str | None) -> Plan:
    """Return the plan after the provider did not accept the login `used`."""
    declined = (*_without(before, used), *([used] if used else ()))
    return refuse_login(before, used).but(declined=declined[-MOST_DECLINED:])


def _without(plan: Plan, credential_id: str | None) -> tuple[str, ...]:
    return tuple(one for one in plan.declined if one != credential_id)


def _retry(plan: Plan, action: str) -> Move:
    if plan.failed is None:
        raise NotAvailableError(_("There is nothing to retry.") + " " + possible_now(plan.step))
    again = move(plan.but(failed=None), plan.failed.action, plan.failed.payload)
    if action == "retry_programs" and again.calls is not Tool.FIND_PROGRAMS:
        raise NotAvailableError(_("There is nothing to retry.") + " " + possible_now(plan.step))
    return again


def _restart(plan: Plan, payload: Mapping[str, Any] | None = None) -> Plan:
    """Forget all but that a signup is wanted."""
    return Plan()


def _select_provider(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    wanted = _text(payload, "org_ref")
    chosen = next((one for one in plan.offered if one["org_ref"] == wanted), None)
    if chosen is None:
        raise NotAvailableError(
            _(
                "That provider was not offered here. Please choose one of those shown, or "
                "search again."
            )
        )
    return plan.but(step=Step.LOGIN, provider=chosen)


def _connect(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    return plan.but(is_connecting=True, refused_login=None)


def _use_login(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    return plan.but(credential_id=_text(payload, "credential_id"))


def _select_program(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    wanted = _text(payload, "program_ref")
    chosen = next((one for one in plan.programs if one["program_ref"] == wanted), None)
    if chosen is None:
        raise NotAvailableError(
            _("That program was not offered here. Please choose one of those shown.")
        )
    return plan.but(program=chosen, prerequisites=None)


def _complete_prereqs(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    if not plan.has_all_prerequisites:
        missing = [one["label"] for one in plan.prerequisites or () if one["status"] != "ok"]
        if not missing:
            raise NotAvailableError(
                _("The requirements have not been checked yet. Please check them first.")
            )
        raise NotAvailableError(
            ngettext(
                "Still missing: %(names)s. Please take care of it, then check again.",
                "Still missing: %(names)s. Please take care of them, then check again.",
                len(missing),
            )
            % {"names": ", ".join(missing)}
        )
    return plan


def _submit_form(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    return plan.but(step=Step.CONFIRMATION, answers=_text(payload, "sealed_answers"))


def _edit_form(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    if not plan.fields:
        raise NotAvailableError(_("This program asks for no form.") + " " + possible_now(plan.step))
    return plan.but(step=Step.FORM_FILL)


def _change_program(plan: Plan, payload: Mapping[str, Any]) -> Plan:
    return plan.forgetting(
        "prerequisites",
        "fields",
        step=Step.PROGRAM_SELECTION,
        program=None,
        prerequisites=None,
        fields=None,
        answers=None,
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise BadPayloadError(_("The payload needs %(name)s, a text.") % {"name": name})
    return value


_NEEDS = {
    "credentials_submitted": ["credential_id"],
    "select_program": ["program_ref"],
    "confirm_registration": ["summary"],
}
_DOES = {
    "select_provider": _select_provider,
    "reject_provider": _restart,
    "retry_search": _restart,
    "connect_account": _connect,
    "credentials_submitted": _use_login,
    "select_program": _select_program,
    "complete_prereqs": _complete_prereqs,
    "submit_form": _submit_form,
    "edit_form": _edit_form,
    "change_program": _change_program,
    "change_provider": _restart,
}
