"""A real server on loopback that speaks OpenAI's chat completions with structured outputs.

(https://platform.openai.com/docs/api-reference/chat/create). It keeps the body and the headers of
every request, answers by a `reader` or a script, and misbehaves on request:

    with LanguageModelServer() as server:
        server.reads = lambda question: reading("select_program", position=2)
        server.script(Script(status=429, headers={"Retry-After": "0"}), times=1)

A request that OpenAI would refuse (another path, no key, a schema that is not strict) gets its 4xx.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "sk-a-key-for-tests"
PATH = "/v1/chat/completions"
DRIP_SECONDS = 0.05


def reading(
    intent: str,
    *,
    query: str | None = None,
    location: str | None = None,
    position: int | None = None,
    words: str | None = None,
    weekday: str | None = None,
    cheapest: bool = False,
    topic: str | None = None,
) -> dict[str, Any]:
    """Return what a model fills in that keeps to the schema."""
    which = {"position": position, "words": words, "weekday": weekday, "cheapest": cheapest}
    return {
        "intent": intent,
        "query": query,
        "location": location,
        "which": which,
        "topic": topic,
    }


@dataclass(frozen=True)
class Question:
    """One request as it came in."""

    body: dict[str, Any]
    headers: dict[str, str]
    raw: bytes
    port: int  # of the connection, on the other side

    @property
    def said(self) -> str:
        """The parent's words in it."""
        return str(self.body["messages"][-1]["content"])

    @property
    def intents(self) -> list[str]:
        """What may be meant, as the schema says."""
        schema = self.body["response_format"]["json_schema"]["schema"]
        found: list[str] = schema["properties"]["intent"]["enum"]
        return found


@dataclass(frozen=True)
class Script:
    """How to answer instead of reading."""

    status: int = 200
    body: bytes | None = None  # instead of a completion
    headers: Mapping[str, str] = field(default_factory=dict)
    content: str | None = None  # instead of JSON of the schema
    message: Mapping[str, Any] = field(default_factory=dict)  # more members of the message
    finish_reason: str = "stop"
    silent: bool = False  # take the request and say nothing until the server stops
    drip_headers: bool = False  # a byte at a time, and never finish
    drip: bool = False  # the same with the body
    endless: bool = False  # a body that goes on and on, as fast as it is read
    cut: bool = False  # read the request, then drop the connection


class LanguageModelServer:
    """A server for the length of a `with` block."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.questions: list[Question] = []
        self.reads: Callable[[Question], Mapping[str, Any]] = lambda _: reading("unclear")
        self.before: Callable[[], object] = lambda: None  # called while a question is under way
        self.stopping = threading.Event()
        self._script: tuple[Script, int | None] | None = None
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._scheme = "https" if tls else "http"
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address to give as OPENAI_BASE_URL."""
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}/v1"

    def script(self, script: Script, *, times: int | None = None) -> None:
        """Answer by the script, for so many requests or for good."""
        with self._lock:
            self._script = (script, times)

    def forget(self) -> None:
        """Begin anew: no questions, no script."""
        self.stopping.set()  # lets go of whoever is still waiting
        self.stopping = threading.Event()
        self.questions, self._script = [], None
        self.reads, self.before = (lambda _: reading("unclear")), (lambda: None)

    def next_script(self) -> Script:
        """Return how this request is to be answered."""
        with self._lock:
            script, times = self._script or (Script(), None)
            if times == 0:
                return Script()
            if times is not None:
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
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(_Handler):
            model = owner

        return Handler


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model: LanguageModelServer

    def do_POST(self) -> None:
        stopping = self.model.stopping
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        question = Question(
            json.loads(raw), dict(self.headers.items()), raw, self.client_address[1]
        )
        self.model.questions.append(question)
        self.model.before()
        script = self.model.next_script()
        if script.silent:
            stopping.wait()
        if script.silent or script.cut:
            self.close_connection = True
        elif script.drip_headers:
            self._drip(stopping, b"HTTP/1.1 200 OK\r\nX-Slow: ")
        elif script.drip or script.endless:
            self._drip(stopping, self._head(script, {"Connection": "close"}), fast=script.endless)
        elif (refusal := self._refusal(question)) and script == Script():
            self._send(Script(), refusal[0], _error(*refusal))
        else:
            self._send(script, script.status, self._body(script, question))

    def _refusal(self, question: Question) -> tuple[int, str, str | None] | None:
        """Return what OpenAI would find wrong with a request: status, sentence and parameter."""
        if self.path != PATH:
            return 404, "Unknown request URL.", None
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return 401, "Incorrect API key provided.", None
        shape = question.body["response_format"]
        if shape["type"] != "json_schema" or not shape["json_schema"]["strict"]:
            return 400, "Not structured.", "response_format"
        for part in _objects(shape["json_schema"]["schema"]):
            if part["additionalProperties"] or set(part["required"]) != set(part["properties"]):
                return 400, "Invalid schema for response_format.", "response_format"
        return None

    def _body(self, script: Script, question: Question) -> bytes:
        if script.body is not None:
            return script.body
        content = script.content
        if content is None:
            content = json.dumps(self.model.reads(question))
        message = {"role": "assistant", "content": content, "refusal": None, **script.message}
        choice = {"index": 0, "message": message, "finish_reason": script.finish_reason}
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": question.body["model"],
                "choices": [choice],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()

    def _send(self, script: Script, status: int, body: bytes) -> None:
        headers = {"Content-Length": str(len(body)), **script.headers}
        self.wfile.write(self._head(script, headers, status) + body)

    def _head(self, script: Script, headers: Mapping[str, str], status: int = 200) -> bytes:
        lines = {"Content-Type": "application/json", **headers}
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Something\r\n{told}\r\n".encode()

    def _drip(self, stopping: threading.Event, head: bytes, *, fast: bool = False) -> None:
        """Send a byte at a time (or many) until the other side or the server has enough."""
        self.close_connection = True
        try:
            self.wfile.write(head)
            while not stopping.is_set():
                self.wfile.write(b" " * 8_192 if fast else b" ")
                if not fast:
                    time.sleep(DRIP_SECONDS)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Say nothing."""


def _error(status: int, sentence: str, param: str | None) -> bytes:
    """Return an error as OpenAI answers it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    told = {"message": sentence, "type": kind, "param": param, "code": None}
    return json.dumps({"error": told}).encode()


def _objects(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every object that a JSON Schema describes."""
    if schema.get("type") != "object":
        return []
    inside = [part for member in schema["properties"].values() for part in _objects(member)]
    return [schema, *inside]
