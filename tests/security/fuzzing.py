"""Making requests up from the API's own description, with schemathesis, which is slow to load."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from signupassist.wsgi import application

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


@contextmanager
def described() -> Iterator[Any]:
    """Give the API as it describes itself, asked in this process, on the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield schemathesis.openapi.from_wsgi("/api/schema", application)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def fuzz_all(api: Any, own: dict[str, str], headers: dict[str, str]) -> None:
    """Ask for what each operation takes, and for what it does not."""
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:
        takes_nothing = not [*operation.iter_parameters(), *operation.body]
        for mode in EXAMPLES:
            if takes_nothing and mode is GenerationMode.NEGATIVE:
                continue  # there is no wrong way to ask for it
            fuzz(operation, mode, own, headers)


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
