"""Google Places (New) on loopback: Text Search, as its documentation says.

It checks what Google checks (method, path, key, field mask, body) and answers with the fields that
were asked for, and with errors in Google's form; or by a script, badly:

    with PlacesServer() as google:
        google.places = [place("Nordic Mountain", website="https://nordic.example")]
        google.script(Script(status=503, body=error(503, "UNAVAILABLE")), times=1)
        ...
        assert google.count == 2

Sources: https://developers.google.com/maps/documentation/places/web-service/text-search,
https://developers.google.com/maps/documentation/places/web-service/reference/rest/v1/places/searchText
and https://cloud.google.com/apis/design/errors
"""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "a-key-for-the-map-9f3x"
PATH = "/v1/places:searchText"
FIELDS = {
    "displayName", "formattedAddress", "location", "websiteUri", "businessStatus", "attributions",
    "id", "types", "googleMapsUri",
}  # fmt: skip
BODY = {"textQuery", "languageCode", "pageSize", "locationBias", "regionCode", "includedType"}
DRIP_SECONDS = 0.05


def place(
    name: str,
    address: str = "1 Hill Rd, Baraboo, WI 53913, USA",
    *,
    at: tuple[float, float] = (43.47, -89.74),
    website: str | None = None,
    status: str = "OPERATIONAL",
    **more: Any,
) -> dict[str, Any]:
    """Return a place as Google describes it; what it does not know is absent."""
    found = {
        "displayName": {"text": name, "languageCode": "en"},
        "formattedAddress": address,
        "location": {"latitude": at[0], "longitude": at[1]},
        "businessStatus": status,
        **more,
    }
    return found | ({"websiteUri": website} if website else {})


def error(code: int, status: str, message: str = "canary of Google's own words") -> bytes:
    """Return an error as Google writes it."""
    return json.dumps({"error": {"code": code, "message": message, "status": status}}).encode()


@dataclass(frozen=True)
class Script:
    """How to answer instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False  # take the request and say nothing
    drip: bool = False  # send the body a byte at a time, for ever
    endless: bool = False  # send as much as is taken
    cut: bool = False  # drop the connection


class PlacesServer:
    """A server for the length of a `with` block; `places` is what every search finds."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.places: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []  # the bodies
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.connections = 0
        self.let_go = threading.Event()
        self._script: tuple[Script, int] | None = None
        self._lock = threading.Lock()
        owner = self

        class Handler(_Handler):
            google = owner

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address to give as GOOGLE_PLACES_BASE_URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def count(self) -> int:
        """Return how often it was asked."""
        return len(self.paths)

    def script(self, script: Script, *, times: int = 1000) -> None:
        """Answer so many requests by the script."""
        with self._lock:
            self._script = (script, times)

    def forget(self) -> None:
        """Be as new, for the next test."""
        self.let_go.set()
        self.let_go = threading.Event()
        self._script, self.places, self.connections = None, [], 0
        for seen in (self.asked, self.headers, self.paths):
            seen.clear()

    def next_script(self) -> Script | None:
        """Return how this request is to be answered, if not by the truth."""
        with self._lock:
            if self._script is None or self._script[1] == 0:
                return None
            script, times = self._script
            self._script = (script, times - 1)
            return script

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of an honest answer."""
        if path != PATH:
            return 404, error(404, "NOT_FOUND")
        if headers.get("X-Goog-Api-Key") != self.key:
            return 400, error(400, "INVALID_ARGUMENT", "API key not valid.")
        mask = {name for name in headers.get("X-Goog-FieldMask", "").split(",") if name}
        wanted = {name.removeprefix("places.") for name in mask}
        if not mask or any(not name.startswith("places.") for name in mask) or wanted - FIELDS:
            return 400, error(400, "INVALID_ARGUMENT", "FieldMask is a required parameter.")
        if headers.get("Content-Type") != "application/json" or not _is_request(json.loads(body)):
            return 400, error(400, "INVALID_ARGUMENT")
        most = json.loads(body).get("pageSize", 20)
        found = [
            {name: value for name, value in one.items() if name in wanted}
            for one in self.places[:most]
        ]
        return 200, json.dumps({"places": found} if found else {}).encode()


def _is_request(body: Any) -> bool:
    """Return whether Google would take this request."""
    if not isinstance(body, dict) or set(body) - BODY or not str(body.get("textQuery", "")).strip():
        return False
    if not 1 <= body.get("pageSize", 20) <= 20:
        return False
    if "locationBias" not in body:
        return True
    circle = body["locationBias"]["circle"]
    center = circle["center"]
    return (
        set(body["locationBias"]) == {"circle"}
        and set(circle) == {"center", "radius"}
        and 0 < circle["radius"] <= 50_000
        and set(center) == {"latitude", "longitude"}
        and -90 <= center["latitude"] <= 90
        and -180 <= center["longitude"] <= 180
    )


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; do not wait in between
    google: PlacesServer

    def setup(self) -> None:
        super().setup()
        self.google.connections += 1

    def handle(self) -> None:
        with suppress(ConnectionError):  # whoever asked has hung up
            super().handle()

    def do_GET(self) -> None:
        self.google.paths.append(self.path)
        self._send(404, error(404, "NOT_FOUND"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.google.paths.append(self.path)
        self.google.headers.append(dict(self.headers))
        self.google.asked.append(json.loads(body))
        script = self.google.next_script()
        if script is None:
            self._send(*self.google.answer(self.path, dict(self.headers), body))
        elif script.silent or script.cut:
            if script.silent:
                self.google.let_go.wait()
            self.close_connection = True
        elif script.drip or script.endless:
            self._go_on(b" " if script.drip else b" " * 65536, DRIP_SECONDS if script.drip else 0)
        else:
            self._send(script.status, script.body, script.headers)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""

    def _go_on(self, piece: bytes, pause: float) -> None:
        """Send an answer that never ends."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        let_go = self.google.let_go
        try:
            while not let_go.wait(pause):
                self.wfile.write(piece)
        except OSError:
            return

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        said = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        for name, value in said.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True
