"""The digest of a call's arguments…"""

import pytest

from orchestrator.tools.contract import Tool, argument_digest

pytestmark = pytest.mark.once

ARGS = {"org_ref": "blackhawk-ski", "program_ref": "nordic"}


def digest(args: dict[str, object], tool: Tool = Tool.SUBMIT_REGISTRATION, key: str = "k") -> str:
    """Return the digest under a key."""
    return argument_digest(tool, args, secret=key)


def test_is_the_same_for_the_same_call_in_any_order() -> None:
    turned = dict(reversed(ARGS.items()))

    assert digest({**ARGS}) == digest({**turned})
    assert len(digest({**ARGS})) == 32
    int(digest({**ARGS}), 16)


def test_says_nothing_about_logins_and_answers() -> None:
    secret = {"credentials": {"password": "x"}, "answers": {"child_name": "Robin"}}

    assert digest({**ARGS, **secret}) == digest({**ARGS})


def test_differs_by_argument_tool_and_key() -> None:
    args: dict[str, object] = {**ARGS}

    found = {
        digest(args),
        digest(args | {"program_ref": "alpine"}),
        digest(args, tool=Tool.FIND_PROGRAMS),
        digest(args, key="another"),
    }

    assert len(found) == 4
