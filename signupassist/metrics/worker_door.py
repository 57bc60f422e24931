"""`GET /metrics` of a worker, at a port of its own: what its jobs asked of the provider tools.

How things stand, every web server says already.
"""

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from signupassist.metrics import access, processes
from signupassist.metrics.counted import Counted

SECONDS = 5  # for whoever is slow to ask

logger = logging.getLogger(__name__)


class Door(BaseHTTPRequestHandler):
    """One scrape, and the answer to it."""

    timeout = SECONDS

    def do_GET(self) -> None:
        refused = access.refusal(
            authorization=self.headers.get("Authorization", ""), address=self.client_address[0]
        )
        if self.path != "/metrics":
            refused = HTTPStatus.NOT_FOUND
        if refused is not None:
            self._say(refused, "text/plain", access.WORDS[refused].encode())
            return
        processes.forget_the_dead()
        registry = CollectorRegistry()
        registry.register(Counted())
        self._say(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""

    def _say(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        more = access.CHALLENGE if status == HTTPStatus.UNAUTHORIZED else {}
        for name, value in (headers | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def open_at(port: int) -> ThreadingHTTPServer | None:
    """Answer at this port from now on; where it cannot be had, the worker works without."""
    try:
        server = ThreadingHTTPServer(("", port), Door)
    except OSError as error:
        logger.error("No metrics of this worker: port %d cannot be used (%s)", port, error.strerror)
        return None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
