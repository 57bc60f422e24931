"""Every route of the URL configuration, filled in; a new one joins by itself, or says what it lacks."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import URLPattern, URLResolver, get_resolver

# Routes that are written as regular expressions, each with a path that it takes
PATHS = {
    r"^api/": "api/nowhere",
    r"admin/(?P<url>.*)$": "admin/nowhere",
}
APP_LIST = re.compile(r"admin/\^\(\?P<app_label>(\w+).*")
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")
OBJECT = "object_id"  # of the admin: whose it is depends on the model
MODEL = re.compile(r"admin/(\w+)/(\w+)/")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
READING = ("GET", "HEAD", "OPTIONS")

# What a route takes: without it, a refusal of the body would hide what it does with the object
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/auth/token": {"email": "nobody@example.com", "password": "a guess"},
    "POST /api/v1/sessions": {},
    "POST /api/v1/sessions/<uuid:session_id>/messages": {"message": "Where is this?"},
    "POST /api/v1/sessions/<uuid:session_id>/actions": {"action": "reset"},
    "POST /api/v1/credentials": {
        "alias": "Mine",
        "provider": "skiclubpro",
        "email": "sam@ski.example",
        "password": "pass word 2",
    },
    "POST /registrations/<uuid:submission_id>/noticed": {"status": "needs_operator"},
    "POST /auth/reset/<str:key>": {"password1": "short", "password2": "other"},
}


@dataclass(frozen=True)
class Route:
    """One route: its pattern, and the names of what is to be filled in."""

    pattern: str

    @property
    def placeholders(self) -> list[str]:
        return PLACEHOLDER.findall(self.pattern)

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("/api/")

    @property
    def is_admin(self) -> bool:
        return self.pattern.startswith("/admin/")

    def path(self, examples: Mapping[str, str]) -> str:
        """Return the route's path with these examples for its placeholders.

        :raises KeyError: if there is none for one of them
        """
        model = MODEL.match(self.pattern.removeprefix("/"))

        def example(found: re.Match[str]) -> str:
            if found[1] == OBJECT and model:
                return examples[f"{model[1]}.{model[2]}"]
            return examples[found[1]]

        return PLACEHOLDER.sub(example, self.pattern)

    def request(self, method: str, examples: Mapping[str, str]) -> tuple[str, str, str]:
        """Return what `Client.generic` sends: path, body and its type; reading has no body."""
        body = BODIES.get(f"{method} {self.pattern}", {})
        kind = "application/json" if self.is_api else "application/x-www-form-urlencoded"
        text = json.dumps(body) if self.is_api else urlencode(body)
        return self.path(examples), "" if method in READING else text, kind


def routes() -> list[Route]:
    """Return all routes, as paths with placeholders."""
    return [Route(f"/{path}") for path in dict.fromkeys(_paths(get_resolver()))]


def _paths(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        here = f"{prefix}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from _paths(one, here)
        elif apps := APP_LIST.fullmatch(here):
            yield f"admin/{apps[1]}/"
        elif isinstance(one, URLPattern) and "(?P" not in here and not here.startswith("^"):
            yield here
        else:
            assert here in PATHS, f"which path does {here!r} take?"
            yield PATHS[here]
