"""Taking away what stands around it all: what comes in, what goes out, what is shown."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from django.contrib.admin import ModelAdmin
from django.template import Engine
from django.test import override_settings
from django.views.debug import ExceptionReporter

from accounts import jwks
from audit import egress, opened, reading_room, redaction
from credentials import admin as logins_in_admin
from orchestrator.flow import rules
from orchestrator.language import guard, meaning
from orchestrator.services import calls, confirming
from signupassist import middleware, parsers, reports
from tests.security.controls.taking import control, nothing, replaced, same, yes


@control("admin-without-secrets")
def _admin_without_secrets() -> AbstractContextManager[Any]:
    room = logins_in_admin.StoredCredentialAdmin
    shown = (*room.fields, "ciphertext")
    return replaced((room, "fields", shown), (room, "readonly_fields", shown))


@control("reading-only")
def _reading_only() -> AbstractContextManager[Any]:
    room = reading_room.ReadingRoom
    deeds = ("add", "change", "delete")
    return replaced(
        *(
            (room, f"has_{deed}_permission", getattr(ModelAdmin, f"has_{deed}_permission"))
            for deed in deeds
        )
    )


@control("redaction")
def _redaction() -> AbstractContextManager[Any]:
    return replaced((redaction, "redact", dict), (redaction, "redact_name", same))


@control("opened-secrets")
def _opened_secrets() -> AbstractContextManager[Any]:
    return replaced((opened, "scrub", same), (opened, "is_held", lambda _: False))


@control("reports-without-values")
def _reports_without_values() -> AbstractContextManager[Any]:
    names = ("get_traceback_text", "get_traceback_html")
    return replaced(*((reports.Report, name, getattr(ExceptionReporter, name)) for name in names))


@control("escaping")
def _escaping() -> AbstractContextManager[Any]:
    return replaced((Engine.get_default(), "autoescape", False))


@control("headers")
def _headers() -> AbstractContextManager[Any]:
    def bare(wall: middleware.HeadersMiddleware, request: Any) -> Any:
        return wall.get_response(request)

    return replaced((middleware.HeadersMiddleware, "__call__", bare))


@control("debug-off")
def _debug_off() -> AbstractContextManager[Any]:
    return override_settings(DEBUG=True)


@control("strict-json")
def _strict_json() -> AbstractContextManager[Any]:
    return replaced((parsers, "read", json.loads))


@control("body-size")
def _body_size() -> AbstractContextManager[Any]:
    return override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10**9)


@control("allowed-hosts")
def _allowed_hosts() -> AbstractContextManager[Any]:
    return override_settings(ALLOWED_HOSTS=["*"])


@control("client-address")
def _client_address() -> AbstractContextManager[Any]:
    """Believe whatever address a client claims."""

    def credulous(wall: middleware.ClientAddressMiddleware, request: Any) -> Any:
        if claimed := request.META.pop("HTTP_X_FORWARDED_FOR", ""):
            request.META["REMOTE_ADDR"] = claimed.split(",")[0].strip()
        return wall.get_response(request)

    return replaced((middleware.ClientAddressMiddleware, "__call__", credulous))


@control("origin")
def _origin() -> AbstractContextManager[Any]:
    return replaced((egress.Origin, "covers", yes))


@control("callable-address")
def _callable_address() -> AbstractContextManager[Any]:
    return replaced((egress, "must_be_callable", nothing), (jwks, "must_be_callable", nothing))


@control("cors")
def _cors() -> AbstractContextManager[Any]:
    return override_settings(CORS_ALLOW_ALL_ORIGINS=True)


@control("buttons-only")
def _buttons_only() -> AbstractContextManager[Any]:
    """Let words do what needs a button."""
    loose = {name: replace(rule, by_text=True) for name, rule in rules.RULES.items()}
    return patch.dict(rules.RULES, loose)


@control("borne-out")
def _borne_out() -> AbstractContextManager[Any]:
    """Believe the language model whatever it says."""
    return replaced((meaning, "_stands_in", yes))


@control("prompt-guard")
def _prompt_guard() -> AbstractContextManager[Any]:
    return replaced((guard, "may_leave", nothing))


@control("samples-marked")
def _samples_marked() -> AbstractContextManager[Any]:
    return replaced((calls, "is_only_sample", lambda _: False))


@control("what-was-shown")
def _what_was_shown() -> AbstractContextManager[Any]:
    return replaced((confirming, "_must_be_what_was_shown", nothing))
