"""Reading what a tool said…"""

import json
from typing import Any

import pytest

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolFailedError,
    ToolMissingError,
    ToolRefusedError,
)
from orchestrator.tools.mcp.results import data_in

pytestmark = pytest.mark.once

DATA = {"providers": [{"name": "x"}]}


def text(value: object, **more: Any) -> dict[str, Any]:
    said = value if isinstance(value, str) else json.dumps(value)
    return {"content": [{"type": "text", "text": said}], **more}


def refusal(code: object = "program_full", message: object = "the provider's words") -> Any:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    "result",
    [
        {"structuredContent": DATA},
        {"structuredContent": DATA, "content": [], "isError": False, "_meta": {}},
        text("For people to read", structuredContent=DATA),
        text(DATA),
        text(DATA, structuredContent=None),
        text(DATA, structuredContent=[1]),
    ],
)
def test_takes_the_structure_or_else_the_text(result: dict[str, Any]) -> None:
    assert data_in(result) == DATA


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"content": []},
        {"content": "text"},
        {"content": [None]},
        {"content": [{"type": "image", "text": "{}"}]},
        {"content": [{"type": "text"}]},
        {"content": [{"type": "text", "text": 1}]},
        {"content": [*text(DATA)["content"], *text(DATA)["content"]]},
        text("The sum is 5"),
        text([DATA]),
        text("null"),
        text('{"providers": NaN}'),
        text('{"a": 1, "a": 2}'),
        text("[" * 100_000),
    ],
)
def test_does_not_guess(result: dict[str, Any]) -> None:
    with pytest.raises(ToolBadResponseError) as caught:
        data_in(result)

    assert caught.value.maybe_sent
    assert caught.value.__context__ is None


@pytest.mark.parametrize("marked", [{"isError": True}, {}])
@pytest.mark.parametrize("code", ["login_failed", "program_full", "not_found", "too_young"])
def test_hears_a_refusal(marked: dict[str, Any], code: str) -> None:
    for result in ({"structuredContent": refusal(code)}, text(refusal(code))):
        with pytest.raises(ToolRefusedError) as caught:
            data_in(result | marked)
        assert (caught.value.code, caught.value.maybe_sent) == (code, False)


def test_hears_a_refusal_in_the_text_beside_another_structure() -> None:
    with pytest.raises(ToolRefusedError):
        data_in(text(refusal(), structuredContent={"result": "no"}, isError=True))


@pytest.mark.parametrize("code", ["unknown_tool", "tool_not_found"])
def test_hears_that_there_is_no_such_tool(code: str) -> None:
    with pytest.raises(ToolMissingError):
        data_in(text(refusal(code), isError=True))


@pytest.mark.parametrize(
    "result",
    [
        {"isError": True},
        text("canary", isError=True),
        text(DATA, isError=True),
        {"structuredContent": DATA, "isError": True},
        {"structuredContent": DATA, "isError": "false"},
        text(refusal("Not A Code"), isError=True),
        text(refusal(message=None), isError=True),
        text({"error": "canary"}),
        text({"error": {"code": 7}}),
        text({"success": False}),
    ],
)
def test_knows_a_failure_without_a_reason(result: dict[str, Any]) -> None:
    with pytest.raises(ToolFailedError) as caught:
        data_in(result)

    assert caught.value.maybe_sent
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("result", [text(refusal()), text("canary", isError=True), text("canary")])
def test_quotes_nobody_in_its_errors(result: dict[str, Any]) -> None:
    with pytest.raises(ToolError) as caught:
        data_in(result)

    assert "canary" not in str(caught.value) + repr(caught.value)
    assert "words" not in str(caught.value) + repr(caught.value)
