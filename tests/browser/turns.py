"""Turns as the API answers them, for pages that are shown without the flow behind them."""

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route

Answer = dict[str, Any] | tuple[int, dict[str, Any]] | tuple[int, str, str] | None

SESSION_ID = "7d1f3a52-0c7e-4b66-9f0e-5d1c2b3a4f60"
PROBLEM = {"type": "about:blank", "title": "Problem", "retryable": False, "cta": []}


def button(label: str, action: str, variant: str = "outline", **payload: Any) -> dict[str, Any]:
    """Return a button."""
    return {"label": label, "action": action, "payload": payload, "variant": variant}


def card(title: str, *buttons: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a card; `more` gives its subtitle, description and metadata."""
    empty = {"subtitle": "", "description": "", "metadata": {}}
    return {"title": title, **empty, **more, "buttons": list(buttons)}


def turn(
    message: str,
    *cards: dict[str, Any],
    step: str = "provider_search",
    version: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """Return a Turn; `more` overrides its cta, form, meta, status and session_id."""
    meta = {"source": None, "degraded": False, "fallback_reason": None, "code": None}
    return {
        "session": {
            "id": more.get("session_id", SESSION_ID),
            "step": step,
            "status": more.get("status", "open"),
            "version": version,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
            "created_at": "2026-07-14T12:00:00Z",
            "expires_at": "2026-07-15T12:00:00Z",
        },
        "message": message,
        "cards": list(cards),
        "cta": more.get("cta", []),
        "form": more.get("form"),
        "meta": meta | {"status_url": None, "request_id": "r"} | more.get("meta", {}),
    }


def field(name: str, label: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """Return the description of a form's field."""
    plain = {"required": True, "options": [], "help": None, "role": None}
    return {"name": name, "label": label, "type": kind, **plain, **more}


def problem(status: int, code: str, detail: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """Return a problem as the API answers it."""
    return status, PROBLEM | {"status": status, "code": code, "detail": detail} | more


def answer_with(page: Page, answers: Iterable[Answer | Callable[[Request], Answer]]) -> list[Any]:
    """Answer the page's API calls from the list; break the connection at None and after the last.

    Return the list that fills up with what was asked: `(method, path, body)`.
    """
    waiting = iter(answers)
    asked: list[Any] = []

    def reply(route: Route, request: Request) -> None:
        path = "/api/" + request.url.split("/api/", 1)[1]
        asked.append((request.method, path, request.post_data_json))
        found = next(waiting, None)
        answer = found(request) if callable(found) else found
        if answer is None:
            route.abort()
            return
        if isinstance(answer, tuple) and len(answer) == 3:  # not ours: status, type and text
            status, kind, text = answer
            route.fulfill(status=status, content_type=kind, body=text)
            return
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        kind = "application/problem+json" if status >= 400 else "application/json"
        route.fulfill(status=status, content_type=kind, body=json.dumps(body))

    page.route("**/api/v1/**", reply)
    return asked


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for what the page does to show in what a test has noted of it."""
    deadline = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail("what the page was to do did not happen")
        page.wait_for_timeout(10)


def stop_the_clock(page: Page) -> None:
    """Let the page's time stand still from now on: only the test moves it, however busy we are."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))


def resuming(last_turn: dict[str, Any]) -> list[Answer]:
    """Return the two answers with which a page comes to show this Turn."""
    session = last_turn["session"]
    return [{"results": [session], "next": None}, {**session, "last_turn": last_turn}]
