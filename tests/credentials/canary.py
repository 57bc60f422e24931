"""A login that is easy to recognise, and every place where a trace of it could be."""

import base64
import html
import json
import logging
import pickle
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from io import StringIO
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.log import AdminEmailHandler
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from audit.models import MandateAudit
from signupassist.middleware import PROBES
from tests.signupassist.lines import written

EMAIL = "nightjar.canary@ski.example"
PASSWORD = 'Nightjar "7319" & Gämse'
SECRETS = (EMAIL, PASSWORD)
ODD = [
    "Nightjar-7319",
    " nightjar's <7319> ",
    'n\\ight"jar/7319%41+',
    "Gämsenkopf\u2028\U0001f511",
    "\u65e5\u672c\u8a9e\u306e\u9375\u3067\u3059",
]
LOGIN: dict[str, Any] = {
    "alias": "Ours",
    "provider": "skiclubpro",
    "org_ref": "blackhawk-ski",
    "email": EMAIL,
    "password": PASSWORD,
}


class Listening(APIClient):
    """A client of the API that keeps everything it was answered."""

    def __init__(self, user: User) -> None:
        super().__init__(raise_request_exception=False)
        self.heard: list[str] = []
        token = tokens.issue(user.pk, at=timezone.now())
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def request(self, **kwargs: Any) -> Any:
        answer = super().request(**kwargs)
        self.heard.append(content_of(answer))
        return answer


def content_of(answer: Any) -> str:
    """Return all that an answer holds, headers included."""
    body = b"".join(answer) if answer.streaming else answer.content
    return f"{answer.headers} {answer.cookies} {body.decode()}"


@cache
def spellings(secret: str) -> frozenset[str]:
    """Return what a secret looks like in the usual encodings, wherever it begins.

    Written without a look at the product's own list: two that agree prove more than one.
    """
    raw = secret.encode()
    base64s = {
        encode(b"\0" * shift + raw).decode()[4:].rstrip("=")[:-1]
        for shift in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    in_json = {json.dumps(secret, ensure_ascii=only)[1:-1] for only in (True, False)}
    escaped = in_json | {html.escape(text) for text in (secret, *in_json)} | {repr(raw)[2:-1]}
    urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return frozenset({secret, raw.hex(), raw.hex().upper()} | urls | base64s | escaped)


def found_in(text: str, secrets: Iterable[str] = SECRETS) -> list[str]:
    """Return the spellings of the secrets that stand in a text."""
    return [one for secret in secrets for one in spellings(secret) if one in text]


class Traces:
    """Everything that is written while it listens, and everything that is kept."""

    def __init__(self, streams: dict[str, StringIO], output: pytest.CaptureFixture[str]) -> None:
        self._streams, self._output = streams, output
        self._printed = ""

    @property
    def log(self) -> str:
        """What stands in the log of a terminal."""
        return self._streams["console"].getvalue()

    def found(self, secrets: Iterable[str] = SECRETS) -> dict[str, list[str]]:
        """Return where the secrets are found, and how they are spelled there."""
        places = {name: stream.getvalue() for name, stream in self._streams.items()}
        self._printed += "".join(self._output.readouterr())
        places["stdout and stderr"] = self._printed
        places["mails"] = "".join(
            f"{one.message()} {one.body} {getattr(one, 'alternatives', '')}" for one in mail.outbox
        )
        held = tables()
        places |= held | objects(held) | {"sessions": sessions(), "cache": cached()}
        return {name: hits for name, text in places.items() if (hits := found_in(text, secrets))}


@contextmanager
def listening(output: pytest.CaptureFixture[str]) -> Iterator[Traces]:
    """Give what is written inside: both forms of the log, mails about errors, all that is printed."""
    handler = AdminEmailHandler(include_html=True)
    handler.setLevel(logging.ERROR)
    root = logging.getLogger()
    with ExitStack() as stack:
        stack.enter_context(override_settings(ADMINS=[("Ops", "ops@example.org")]))
        streams = {form: stack.enter_context(written(form)) for form in ("console", "json")}
        root.addHandler(handler)
        stack.callback(root.removeHandler, handler)
        yield Traces(streams, output)


# --- What is kept ---------------------------------------------------------------------------------


def tables() -> dict[str, str]:
    """Return what every table of the database holds, as text."""
    with connection.cursor() as cursor:
        held = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{name}"')  # noqa: S608  names that the database gave
            held[name] = "\n".join(
                str(bytes(value) if isinstance(value, memoryview) else value)
                for row in cursor.fetchall()
                for value in row
            )
    return held


def objects(held: dict[str, str]) -> dict[str, str]:
    """Return what every model makes of its table: django-q keeps results pickled, for one."""
    return {
        model.__name__: repr(list(model._default_manager.values()))
        for model in apps.get_models()
        if held.get(model._meta.db_table, "not looked at")
    }


def sessions() -> str:
    """Return what the log-ins of pages hold, which may lie compressed."""
    return repr([session.get_decoded() for session in Session.objects.all()])


def cached() -> str:
    """Return what lies in the cache, which is kept pickled and encoded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM django_cache")
        return repr(
            [
                (key, pickle.loads(base64.b64decode(value)))  # noqa: S301  our own cache
                for key, value in cursor.fetchall()
            ]
        )


# --- What is shown --------------------------------------------------------------------------------


def routes() -> list[tuple[str, URLPattern]]:
    """Return every path of the product as it is written in its urls, with what answers there."""

    def walk(patterns: Iterable[Any], before: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            else:
                yield path, pattern

    return list(walk(get_resolver().url_patterns, "/"))


def paths(route: str, ids: dict[str, str]) -> list[str]:
    """Return the addresses that a route stands for; of the admin, one for each row of its table."""
    if "<app_label>" in route:
        return [f"/admin/{label}/" for label in {model._meta.app_label for model in site._registry}]
    if "(?P<" in route or "^" in route or "<path:content_type_id>" in route:
        return []  # what catches the rest
    if "<path:object_id>" in route:
        label, name = route.split("/")[2:4]
        model = apps.get_model(label, name)
        keys = model._default_manager.values_list("pk", flat=True)
        most = 50 if route.endswith("/change/") else 1  # the other pages show no more than that one
        return [route.replace("<path:object_id>", str(key)) for key in keys[:most]]
    if route.endswith("/audit/export"):
        return [f"{route}?format={kind}" for kind in ("csv", "jsonl")]
    newest = MandateAudit.objects.latest("created_at").pk
    for name, value in {"key": "nobodys-key", "record_id": str(newest), **ids}.items():
        route = re.sub(rf"<(?:uuid|str):{name}>", value, route)
    assert "<" not in route, f"name an id for {route}, so that it is looked at as well"
    return [route]


def shown_to(browser: Client, ids: dict[str, str], *, under: str = "/") -> dict[str, str]:
    """Return what is shown at every address below `under`, by its path."""
    known = [*PROBES, *(path for route, _ in routes() for path in paths(route, ids))]
    answers = {path: browser.get(path) for path in known if path.startswith(under)}
    assert not [path for path, answer in answers.items() if answer.status_code >= 500]
    return {path: content_of(answer) for path, answer in answers.items()}
