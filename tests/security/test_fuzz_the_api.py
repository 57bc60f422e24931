"""Requests made up from the API's own description, by schemathesis…"""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from accounts import tokens
from signupassist.wsgi import application
from tests.security.family import Family

EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 5}
PATIENT = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]
MUST_HOLD: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


@pytest.fixture
def api(family: Family) -> Iterator[Any]:
    """The API as it describes itself, asked in this process, on the connection that the family is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_are_answered_as_it_says(api: Any, family: Family) -> None:
    token = tokens.issue(family.parent.pk, at=timezone.now())
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:
        takes_nothing = not [*operation.iter_parameters(), *operation.body]
        for mode in EXAMPLES:
            if takes_nothing and mode is GenerationMode.NEGATIVE:
                continue  # there is no wrong way to ask for it
            fuzz(operation, mode, family.ids, {"Authorization": f"Bearer {token}"})


def fuzz(
    operation: Any, mode: GenerationMode, own: dict[str, str], headers: dict[str, str]
) -> None:
    """Ask for what fits the description, or does not; half of what fits is about things there are."""

    @hypothesis.settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        suppress_health_check=PATIENT,
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), exists=st.booleans())
    def ask(case: Any, exists: bool) -> None:
        if exists and mode is GenerationMode.POSITIVE:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = own[name]
        before = transaction.savepoint()  # no block: what must be durable may be in none
        answer = case.call(headers=headers)
        transaction.savepoint_rollback(before)
        case.validate_response(answer, checks=MUST_HOLD)

    ask()
