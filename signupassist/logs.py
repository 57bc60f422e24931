"""How log lines look: plain in a terminal, one JSON object a line in production.

The text of a line stays verbatim in both (`[MCP] Calling real tool: …` is searched for by operators),
but for secrets and e-mails: they are taken out when a line is made, whoever makes it and whoever
writes it.
"""

import logging
import sys
import threading
from http import HTTPStatus
from types import TracebackType
from typing import Any

import structlog
from django.http import HttpRequest
from structlog.types import EventDict, WrappedLogger

from audit.context import REQUEST_ID, current_request_id, current_session_id, current_trace_id
from signupassist import traces


class Record(logging.LogRecord):
    """A line that holds no secret, and tells an error by its code, not by its data."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[1]:
            self.exc_text = traces.describe(self.exc_info[1]).rstrip()

    def getMessage(self) -> str:  # noqa: N802  the library's name
        return traces.harmless(super().getMessage())


def install() -> None:
    """Make every line of this process such a record: of warnings and uncaught errors as well."""
    logging.setLogRecordFactory(Record)
    logging.captureWarnings(capture=True)
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _tell_uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _tell_uncaught_in_thread


def _tell_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(traces.describe(error))


def _tell_uncaught_in_thread(broken: threading.ExceptHookArgs) -> None:
    if broken.exc_value is not None and not isinstance(broken.exc_value, SystemExit):
        sys.stderr.write(f"A thread broke\n{traces.describe(broken.exc_value)}")


def add_ids(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say which request, signup and trace a line belongs to, as far as it does.

    Django writes some lines when their request is no longer under way.
    """
    request = getattr(event["_record"], "request", None)
    ended = request.META.get(REQUEST_ID) if isinstance(request, HttpRequest) else None
    ids = {
        "request_id": current_request_id() or ended,
        "session_id": current_session_id() or _session_of(request),
        "trace_id": current_trace_id(),
    }
    event.update({name: value for name, value in ids.items() if value})
    return event


def _session_of(request: object) -> str | None:
    """Return the signup that a request's path names."""
    match = request.resolver_match if isinstance(request, HttpRequest) else None
    named = match.kwargs.get("session_id") if match else None
    return str(named) if named else None


def add_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say what broke, in the words of the record; where somebody was refused, nothing did."""
    record = event["_record"]
    is_refusal = getattr(record, "status_code", 500) < HTTPStatus.INTERNAL_SERVER_ERROR
    if event.pop("exc_info", None) and record.exc_text and not is_refusal:
        event["exception"] = record.exc_text
    return event


def formatter(log_format: str) -> logging.Formatter:
    """Return what makes a line of a record, for `console` or `json`."""
    if log_format == "json":
        renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_ids,
            add_error,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def config(log_format: str) -> dict[str, Any]:
    """Return Django's LOGGING for `console` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "log_format": log_format}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            # any bot can ask for a wrong host: that is no error of ours
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "urllib3.connectionpool": {"level": "ERROR"},  # the tool client logs each call once
            # they tell of requests and headers below it
            **{name: {"level": "WARNING"} for name in ("httpcore2", "httpx2", "openai")},
            "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        },
    }
