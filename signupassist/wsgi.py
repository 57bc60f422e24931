"""The web server's door: `gunicorn signupassist.wsgi`."""

import codecs
import logging
import os
import sys
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, TooManyFieldsSent
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from audit import acting, sqlite_lock
from orchestrator.language import client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")

logger = logging.getLogger("signupassist.wsgi")  # not "__main__"

GUNICORN_HALT = 3  # gunicorn's WORKER_BOOT_ERROR: it stops instead of restarting workers for ever


class Request(WSGIRequest):
    """A request as it was sent, there to be answered whatever its Content-Type is.

    Web servers take a part of the path away that a header calls SCRIPT_NAME, and some believe anybody
    that header; but our paths begin at the root. And where a Content-Type cannot be read (RFC 2231
    lets a parameter name any encoding), or names an encoding that reads no text, Django raises out of
    reach of middleware and error pages; to us a request that is not in UTF-8 has none.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        environ["PATH_INFO"] = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = ""
        try:
            super().__init__(environ)
            is_readable = self.encoding is None or codecs.lookup(self.encoding).name == "utf-8"
        except (LookupError, ValueError, TooManyFieldsSent):  # it reads the query, too
            is_readable = False
        if not is_readable:
            environ["CONTENT_TYPE"] = ""
            vars(self).clear()  # the encoding would stay
            super().__init__(environ)


class Handler(WSGIHandler):
    request_class = Request


try:
    django.setup(set_prefix=False)
    sqlite_lock.switch_on()
    application = Handler()
    acting.process_acts_as(acting.Role.APP)
    client.warm_up()
    if settings.AUDIT_SIGNERS and not settings.DEBUG:
        logger.warning(
            "AUDIT_SIGNING_KEY is set for the web server, and is the worker's alone. "
            "Set AUDIT_VERIFY_KEY here instead, as `manage.py seal_audit --show-key` prints it"
        )
except ImproperlyConfigured as error:
    print(f"SignupAssist cannot start: {error}", file=sys.stderr)
    sys.exit(GUNICORN_HALT)
