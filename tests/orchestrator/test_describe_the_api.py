"""The description of the API…"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file: Path = tmp_path_factory.mktemp("schema") / "schema.json"
    told = {"format": "openapi-json", "validate": True, "fail_on_warn": True}
    call_command("spectacular", file=str(file), **told)
    described: dict[str, Any] = json.loads(file.read_text())
    return described


def headers_of(operation: dict[str, Any]) -> set[str]:
    """Return the headers that an operation takes."""
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}


def test_says_which_requests_may_be_repeated(schema: dict[str, Any]) -> None:
    repeatable = {
        f"{method} {path}"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if "Idempotency-Key" in headers_of(operation)
    }
    assert repeatable == {
        "post /api/v1/sessions",
        "post /api/v1/sessions/{session_id}/messages",
        "post /api/v1/sessions/{session_id}/actions",
        "post /api/v1/credentials",
    }


def test_says_how_an_answer_shows_that_it_was_given_before(schema: dict[str, Any]) -> None:
    actions = schema["paths"]["/api/v1/sessions/{session_id}/actions"]["post"]
    for status in ("200", "202", "default"):
        headers = actions["responses"][status]["headers"]
        assert headers["Idempotency-Replayed"]["schema"]["enum"] == ["true"]


def test_says_where_a_version_stands_and_where_it_is_taken(schema: dict[str, Any]) -> None:
    paths = schema["paths"]
    for path, method in [("", "delete"), ("/messages", "post"), ("/actions", "post")]:
        operation = paths["/api/v1/sessions/{session_id}" + path][method]
        assert "If-Match" in headers_of(operation)
    for path, method, status in [
        ("", "post", "201"),
        ("/{session_id}", "get", "200"),
        ("/{session_id}/messages", "post", "200"),
        ("/{session_id}/actions", "post", "202"),
    ]:
        answer = paths["/api/v1/sessions" + path][method]["responses"][status]
        assert "ETag" in answer["headers"]
