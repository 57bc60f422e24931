"""How log lines look: plain in a terminal, one JSON object a line in production.

The text of a line stays verbatim in both (`[MCP] Calling real tool: …` is searched for by operators).
"""

from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

from audit.context import current_request_id


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say which request a line belongs to."""
    if request_id := current_request_id():
        event["request_id"] = request_id
    return event


def config(log_format: str) -> dict[str, Any]:
    """Return Django's LOGGING for `console` or `json`."""
    before = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_id,
    ]
    if log_format == "json":
        after: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        # plain: the renderer's own choice would print the local variables, secrets among them
        plain = structlog.dev.plain_traceback
        after = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            # any bot can ask for a wrong host: that is no error of ours
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "urllib3.connectionpool": {"level": "ERROR"},  # the tool client logs each call once
            "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        },
    }
