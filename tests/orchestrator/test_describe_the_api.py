"""The description of the API…"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.translation import get_language, override
from jsonschema import Draft202012Validator, FormatChecker
from pytest_django import Settings

from orchestrator import api_problems
from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import CONTENT_TYPE, SHOWN_AS, handle
from orchestrator.submissions.refusals import SENTENCES
from tests.orchestrator.chat import Chat

pytestmark = pytest.mark.once

FORMATS = FormatChecker(["uuid", "email"])


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


def operations_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its name."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", operation


def resolved(schema: dict[str, Any], example: dict[str, Any]) -> Any:
    """Return the value of an example, which stands in one place for all that show it."""
    *_, name = example["$ref"].split("/")
    return schema["components"]["examples"][name]["value"]


def faults(schema: dict[str, Any], content: dict[str, Any], value: Any) -> list[str]:
    """Return where a value is not as its schema says."""
    described = {**content["schema"], "components": schema["components"]}
    found = Draft202012Validator(described, format_checker=FORMATS).iter_errors(value)
    return [f"{fault.json_path}: {fault.message}" for fault in found]


def test_shows_an_example_of_each_body(schema: dict[str, Any]) -> None:
    for name, operation in operations_of(schema):
        bodies = {"what is asked": operation.get("requestBody", {}).get("content", {})}
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                bodies[status] = answer.get("content", {})
        for which, contents in bodies.items():
            for kind, content in contents.items():
                assert "example" in content, f"{name} {which} {kind}"
                if kind == "application/json":
                    assert faults(schema, content, content["example"]) == [], f"{name} {which}"


def test_shows_an_example_of_each_problem_under_its_status(schema: dict[str, Any]) -> None:
    for name, operation in operations_of(schema):
        problems = {each: one for each, one in operation["responses"].items() if each[0] in "45"}
        assert {"429", "500", "503"} <= problems.keys(), name
        for status, answer in problems.items():
            content = answer["content"]["application/problem+json"]
            assert content["examples"], f"{name} {status}"
            for code, example in content["examples"].items():
                value = resolved(schema, example)
                assert faults(schema, content, value) == [], f"{name} {code}"
                assert str(value["status"]) == status
                said_by_provider = code.removeprefix("provider_says_")
                if said_by_provider != code:
                    assert value["detail"] == SENTENCES[said_by_provider]
                    assert value["code"] == said_by_provider
                else:
                    assert value["detail"] == CATALOGUE[code].sentence
                    assert value["code"] == SHOWN_AS.get(code, code)


def test_shows_every_problem_somewhere(schema: dict[str, Any]) -> None:
    a_turn = {"submission_outcome_unknown"}
    of_providers = {f"provider_says_{code}" for code in SENTENCES}
    shown = set(schema["components"]["examples"])
    assert shown == (CATALOGUE.keys() - a_turn) | of_providers

    used = {
        code
        for _, operation in operations_of(schema)
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(CONTENT_TYPE, {}).get("examples", {})
    }
    assert used == shown


def test_says_in_a_few_words_what_each_request_does(schema: dict[str, Any]) -> None:
    said = [operation["summary"] for _, operation in operations_of(schema)]
    assert all(0 < len(summary) <= 48 for summary in said)
    assert len(set(said)) == len(said)


def test_is_in_one_language_whoever_reads_it_first(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    spoken = []

    def answer(error: Exception, context: dict[str, Any]) -> Any:
        spoken.append(get_language())
        return handle(error, context)

    monkeypatch.setattr(api_problems, "handle", answer)
    with override("de"):
        called = next(iter(schema["components"]["examples"]))
        api_problems._problem.__wrapped__(called)

    assert spoken == [settings.LANGUAGE_CODE]


def test_asks_for_a_log_in_where_one_is_needed(schema: dict[str, Any]) -> None:
    for name, operation in operations_of(schema):
        codes = operation["responses"].get("401", {}).get("content", {})
        shown = codes.get("application/problem+json", {}).get("examples", {})
        assert ("not_authenticated" in shown) == bool(operation.get("security")), name


def test_examples_have_the_members_of_real_answers(chat: Chat, schema: dict[str, Any]) -> None:
    turn = chat.begin()
    shown = schema["paths"]["/api/v1/sessions"]["post"]["responses"]["201"]
    example = shown["content"]["application/json"]["example"]

    assert example.keys() == turn.keys()
    assert example["session"].keys() == turn["session"].keys()
    assert example["meta"].keys() == turn["meta"].keys()
    assert (example["message"], example["cards"]) == (turn["message"], turn["cards"])
