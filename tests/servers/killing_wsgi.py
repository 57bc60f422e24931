"""The product's web server with traps around a submission: `gunicorn tests.servers.killing_wsgi`.

A request with the header `X-Kill-At: sent` is served as ever until it comes to that point, and there
its process dies by SIGKILL. A header, and no variable of the environment: the same process then
serves all other requests unharmed, so each death costs one new process. Every answer says in
`X-Process` which process gave it, for whoever wants to kill that one from outside.

The traps are put around the product's functions here; the product knows nothing of them.
"""

import functools
import os
import signal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from signupassist.wsgi import application as product

# isort: split
# below: these need the settings, which the door above has read
from orchestrator.services import calls, confirming
from orchestrator.services.settling import Settling
from orchestrator.submissions import ledger
from orchestrator.tools.mcp.connection import BoundConnection
from orchestrator.tools.toolbox import RealToolbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

armed = ""  # the point at which this process is to die


def die_at(point: str) -> None:
    """End this process if this is the point: it does not get to say goodbye."""
    if armed == point:
        os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, point: str) -> str:
    """Lay a trap that snaps when the function is called; return its point's name."""
    honest: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(honest)
    def trapped(*args: Any, **named: Any) -> Any:
        die_at(point)
        return honest(*args, **named)

    setattr(owner, name, trapped)
    return point


def after(owner: Any, name: str, point: str) -> str:
    """Lay a trap that snaps when the function has done its work; return its point's name."""
    honest: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(honest)
    def trapped(*args: Any, **named: Any) -> Any:
        result = honest(*args, **named)
        die_at(point)
        return result

    setattr(owner, name, trapped)
    return point


def after_one_byte(point: str) -> str:
    """Lay a trap that lets a single byte of a request out; return its point's name."""
    honest = BoundConnection.send

    def send(self: BoundConnection, data: bytes) -> None:
        if armed == point:
            if self.sock is None:
                self.connect()
            self.sock.sendall(data[:1])
            die_at(point)
        honest(self, data)

    setattr(BoundConnection, "send", send)  # noqa: B010  mypy: no assignment to a method
    return point


POINTS = [  # in the order of a submission
    before(ledger, "intend", "before-the-row"),
    after(ledger, "intend", "row-not-committed"),
    after(confirming, "_write_down", "intent"),
    after(calls, "open_login", "login-opened"),
    after(Settling, "mark_sent", "sent"),
    after_one_byte("first-byte"),
    before(BoundConnection, "getresponse", "request-out"),
    after(RealToolbox, "call", "answer-arrived"),
    after(Settling, "_receipt", "outcome-not-committed"),
    after(Settling, "booked", "outcome-committed"),
]


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Serve a request, and remember where it asks to die."""
    global armed  # of the whole process, which has not long to live
    armed = environ.get("HTTP_X_KILL_AT", armed)
    if armed and armed not in POINTS:
        raise ValueError(f"{armed} is no point")

    def start(status: str, headers: list[tuple[str, str]], *failed: Any) -> Any:
        return start_response(status, [*headers, ("X-Process", str(os.getpid()))], *failed)

    serve: WSGIApplication = product
    return serve(environ, start)
