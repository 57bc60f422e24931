"""gunicorn's own lines, as the product writes its lines.

gunicorn's first process loads no settings: so that SIGHUP lets the others read them anew.
"""

import os
from pathlib import Path

from gunicorn import glogging
from gunicorn.config import Config

from signupassist import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent


class Logger(glogging.Logger):  # type: ignore[misc]  # it ships no types
    """gunicorn's logger, of starts, ends and errors and, where it is switched on, of requests."""

    def setup(self, cfg: Config) -> None:
        """Open the logs as gunicorn does, and let their lines look like all others."""
        logs.install()
        super().setup(cfg)
        line = logs.formatter(log_format())
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(line)


def log_format() -> str:
    """Return what the settings will say; what they cannot understand stops the start there."""
    known = env.in_files(BASE_DIR) | os.environ
    is_debug = known.get("DEBUG", "").strip().lower() in env.TRUE
    usual = "console" if is_debug else "json"
    return known.get("LOG_FORMAT", "").strip().lower() or usual
