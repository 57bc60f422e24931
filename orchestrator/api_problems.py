"""Examples in the description of the API: of every body, and of every problem that can come.

The problems are those of the catalogue, as the one error handler answers them.
"""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.translation import override

from orchestrator.api_examples import (
    ANSWERS,
    EXPORTS,
    INTRODUCTION,
    REQUEST_ID,
    REQUESTS,
    SUMMARIES,
    WITH,
)
from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import CONTENT_TYPE, handle
from orchestrator.flow.parts import retry
from orchestrator.services.refusals import RETRYABLE, RefusedError, of_tool
from orchestrator.submissions.refusals import SENTENCES
from orchestrator.tools.errors import ToolRefusedError

# Which problems an operation answers with, by what it is like
ANY = "rate_limited database_unavailable internal_error"
KNOWS_WHO = "not_authenticated session_expired forbidden auth_unavailable"
TAKES_A_BODY = "invalid_request payload_too_large unsupported_media_type"
REPEATABLE = "idempotency_key_in_progress idempotency_key_reused"
ONE_SESSION = (
    "checkout_session_not_found checkout_session_expired conversation_locked"
    " conversation_unreadable"
)
SAID = "session_closed turn_in_progress submission_in_progress"
TOOLS = (
    "mcp_timeout mcp_unavailable mcp_circuit_open mcp_auth_failed mcp_tool_error mcp_bad_response"
    " mcp_session_lost mcp_tool_missing mcp_input_required mcp_version_unsupported"
    " provider_rejected key_unavailable credential_unreadable search_unavailable"
)
REGISTERS = "submission_not_sent already_registering mock_data_not_submittable"
PROVIDER_SAYS = {f"provider_says_{code}": code for code in SENTENCES}
PARTICULAR = {
    "auth_token": "login_failed second_factor_required second_factor_refused"
    " second_factor_unavailable",
    "audit_checkpoint": "not_found",
    "audit_export": "audit_unavailable proof_unavailable",
    "audit_retrieve": "not_found",
    "credentials_save": "credential_exists key_unavailable",
    "credentials_delete": "not_found reauthentication_required",
    "credentials_reveal": "not_found reauthentication_required key_unavailable"
    " credential_unreadable",
    "me_delete": f"{TAKES_A_BODY} reauthentication_required submission_in_progress",
    "sessions_read": ONE_SESSION,
    "sessions_delete": f"{ONE_SESSION} turn_in_progress submission_in_progress",
    "sessions_message": f"{ONE_SESSION} {SAID} action_not_available {TOOLS}",
    "sessions_action": f"{ONE_SESSION} {SAID} unknown_action action_not_available {TOOLS}"
    f" {REGISTERS} {' '.join(PROVIDER_SAYS)}",
    "submissions_read": "not_found",
}
REFUSED_BY_PROVIDER = HTTPStatus.UNPROCESSABLE_ENTITY  # kept for a repeated request
TAKE_ANY_ACCEPT = {"audit_checkpoint", "audit_export"}
ELSEWHERE = "method_not_allowed"  # no method that is described can end in it


def with_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return the description with an example of every body, and of every problem (a hook)."""
    result["info"]["description"] = INTRODUCTION
    used = {ELSEWHERE}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            name = operation["operationId"]
            operation["summary"] = SUMMARIES[name]
            if len(operations) > 1:  # it would be the description of all of them
                operation.pop("description", None)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                _show(content, REQUESTS.get(name))
            for status, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    _show(content, EXPORTS.get(kind) or ANSWERS.get((name, status)))
            codes = sorted(set(_codes_of(method, operation)))
            _add_problems(operation["responses"], codes)
            used.update(codes)
    examples = {code: {"summary": code, "value": _problem(code)} for code in sorted(used)}
    result["components"]["examples"] = examples
    return result


def _show(content: dict[str, Any], example: Any) -> None:
    if example is not None:
        content["example"] = example


def _codes_of(method: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield the rows of the catalogue that an operation can end in."""
    taken = {one["name"]: one["in"] for one in operation.get("parameters", [])}
    yield from ANY.split()
    yield from PARTICULAR.get(operation["operationId"], "").split()
    if operation.get("security"):
        yield from KNOWS_WHO.split()
    if operation["operationId"] not in TAKE_ANY_ACCEPT:
        yield "not_acceptable"
    if method == "post":
        yield from TAKES_A_BODY.split()
    if method != "get":
        yield "audit_unavailable"
        if {"session": []} in operation.get("security", ()):
            yield "csrf_failed"
    if "Idempotency-Key" in taken:
        yield from REPEATABLE.split()
    if "If-Match" in taken:
        yield from ("invalid_request", "session_conflict")
    if "query" in taken.values():
        yield "invalid_request"


def _add_problems(responses: dict[str, Any], codes: list[str]) -> None:
    """Put the problems into the responses, by status; what is common to all stays `default`."""
    common = responses.pop("default")
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(_problem(code)["status"], []).append(code)
    for status, some in sorted(by_status.items()):
        again = common.get("headers", {}) if status == REFUSED_BY_PROVIDER else {}
        headers = again | _headers(status, some)
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": _shown(common, some),
            **({"headers": headers} if headers else {}),
        }
    other = {"description": "Any other problem", "content": _shown(common, [ELSEWHERE])}
    responses["default"] = common | other


def _shown(common: dict[str, Any], codes: list[str]) -> dict[str, Any]:
    """Return the body of a problem, with examples that stand in one place for all that show them."""
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        CONTENT_TYPE: {"schema": common["content"][CONTENT_TYPE]["schema"], "examples": examples}
    }


def _headers(status: int, codes: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        said["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if any(code in CATALOGUE and CATALOGUE[code].retry_after for code in codes):
        said["Retry-After"] = {"schema": {"type": "integer"}, "description": "seconds"}
    return said


@cache
def _problem(code: str) -> dict[str, Any]:
    """Return the problem as the one error handler answers it, in the language of this description."""
    with override(settings.LANGUAGE_CODE):
        if code in PROVIDER_SAYS:
            refused = of_tool(ToolRefusedError(PROVIDER_SAYS[code]), on_submission=True)
        else:
            said = WITH.get(code) or {"cta": [retry()] if code in RETRYABLE else []}
            refused = RefusedError(code, **said)
        body: dict[str, Any] = handle(refused, {}).data
        return body | {"request_id": REQUEST_ID}
