"""Server-sent events, as they trickle in: each message is handed on the moment it is complete."""

import re
from collections.abc import Iterator

from orchestrator.tools.errors import ToolBadResponseError

EVENT_LIMIT = 1024 * 1024
EVENTS_LIMIT = 10_000
LONGEST_EVENT_ID = 1_024
DEFAULT_RETRY_SECONDS = 1.0
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_VISIBLE = re.compile(r"[ -~]+")


class EventReader:
    """One stream of events; what it has learned for a resumption outlives the stream's end.

    `last_id` names the last event that came whole, where it has a name that a header can carry;
    `retry_seconds` is how long the server wants us to wait before we come back for the rest.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_seconds = DEFAULT_RETRY_SECONDS
        self._events = 0
        self._id: str | None = None
        self.begin()

    def begin(self) -> None:
        """Expect a new stream: the half of an event that the last one broke off in is nothing."""
        self._line = bytearray()
        self._after_cr = False
        self._is_first = True
        self._forget_event()

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of every message that this chunk completes.

        :raises ToolBadResponseError: if it is no UTF-8, or too much
        """
        if not chunk:
            return
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the second half of a CRLF that came in two pieces
            self._after_cr = False
            if not chunk:
                return
        self._after_cr = chunk.endswith(b"\r")
        *ends, rest = _LINE_END.split(chunk)
        for end in ends:
            self._line += end
            line, self._line = bytes(self._line), bytearray()
            data = self._take(line)
            if data:  # an event without data only brings an id
                yield data
        self._line += rest
        self._check(self._size + len(self._line) <= EVENT_LIMIT)

    def _take(self, line: bytes) -> str:
        """Return the event's data if this line completes one."""
        if self._is_first:
            self._is_first = False
            line = line.removeprefix(_BOM)
        self._size += len(line)
        self._check(self._size <= EVENT_LIMIT)
        if not line:
            return self._dispatch()
        if not line.startswith(b":"):
            name, _, value = _text(line).partition(":")
            self._set(name, value.removeprefix(" "))
        return ""

    def _set(self, name: str, value: str) -> None:
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._kind = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit() and len(value) < 10:
                self.retry_seconds = int(value) / 1000

    def _dispatch(self) -> str:
        self._events += 1
        self._check(self._events <= EVENTS_LIMIT)
        if self._id is not None:
            fits = len(self._id) <= LONGEST_EVENT_ID and _VISIBLE.fullmatch(self._id)
            self.last_id = self._id if fits else ""
        data = "\n".join(self._data) if self._kind in {"", "message"} else ""
        self._forget_event()
        return data

    def _forget_event(self) -> None:
        self._data: list[str] = []
        self._kind = ""
        self._id = None
        self._size = 0

    def _check(self, is_fine: bool) -> None:
        if not is_fine:
            raise ToolBadResponseError(maybe_sent=True)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass  # raised below, without a context that holds the tool's text
    raise ToolBadResponseError(maybe_sent=True)
