"""Reading server-sent events…"""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tools.errors import ToolBadResponseError
from orchestrator.tools.mcp.sse import EVENT_LIMIT, EVENTS_LIMIT, EventReader

pytestmark = pytest.mark.once

TEXTS = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), min_size=1)
LINE_ENDS = st.sampled_from(["\n", "\r", "\r\n"])


def read(*chunks: bytes) -> list[str]:
    reader = EventReader()
    return [data for chunk in chunks for data in reader.feed(chunk)]


@given(
    events=st.lists(st.lists(TEXTS, min_size=1), max_size=4),
    end=LINE_ENDS,
    bom=st.booleans(),
    cuts=st.lists(st.integers(min_value=0, max_value=400)),
)
def test_does_not_depend_on_where_the_bytes_were_cut(
    events: list[list[str]], end: str, bom: bool, cuts: list[int]
) -> None:
    stream = "".join(
        "".join(f"data: {line}{end}" for line in lines) + end for lines in events
    ).encode()
    stream = b"\xef\xbb\xbf" + stream if bom else stream
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[start:stop] for start, stop in itertools.pairwise(edges)]

    assert read(*chunks) == ["\n".join(lines) for lines in events]


@given(value=st.recursive(st.none() | st.text(), lambda inner: st.lists(inner), max_leaves=5))
def test_brings_json_through_a_byte_at_a_time(value: object) -> None:
    stream = f"event: message\nid: 1\ndata: {json.dumps(value)}\n\n".encode()

    [data] = read(*(bytes([byte]) for byte in stream))

    assert json.loads(data) == value


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_hands_a_message_on_with_its_last_byte(end: str) -> None:
    reader = EventReader()
    stream = f"data: 1{end}{end}".encode()
    [early, final] = [b"data: 1" + end.encode(), end.encode()]

    assert early + final == stream
    assert list(reader.feed(early)) == []
    assert list(reader.feed(final[:1])) == ["1"]
    assert list(reader.feed(final[1:] + b"data: 2\n\n")) == ["2"]


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b": a comment\n\n:\n\ndata: x\n\n", ["x"]),
        (b"data:x\ndata:  y\ndata\n\n", ["x\n y\n"]),
        (b"event: ping\ndata: x\n\nevent: message\ndata: y\n\n", ["y"]),
        (b"unknown: x\n\n", []),
        (b"id: 7\ndata:\n\n", []),
        (b"data: never finished\n", []),
    ],
)
def test_follows_the_standard(stream: bytes, messages: list[str]) -> None:
    assert read(stream) == messages


@pytest.mark.parametrize(
    ("stream", "last_id", "retry_seconds"),
    [
        (b"id: 7\nretry: 250\ndata:\n\n", "7", 0.25),
        (b"id: 7\ndata: x\n\nid: 8\ndata: half an event", "7", 1.0),
        (b"id: 7\ndata: x\n\ndata: y\n\n", "7", 1.0),
        (b"id: 7\ndata: x\n\nid:\ndata: y\n\n", "", 1.0),
        (b"id: 7\0\nretry: soon\ndata: x\n\n", "", 1.0),
        ("id: é\ndata: x\n\n".encode(), "", 1.0),
        (b"id: 7\x1b\ndata: x\n\n", "", 1.0),
        (b"id: " + b"7" * 2_000 + b"\ndata: x\n\n", "", 1.0),
    ],
)
def test_learns_where_to_resume(stream: bytes, last_id: str, retry_seconds: float) -> None:
    reader = EventReader()
    list(reader.feed(stream))

    assert (reader.last_id, reader.retry_seconds) == (last_id, retry_seconds)


def test_forgets_the_half_event_of_a_broken_stream_and_keeps_its_place() -> None:
    reader = EventReader()
    assert list(reader.feed(b"id: 1\ndata: whole\n\nid: 2\ndata: ha")) == ["whole"]

    reader.begin()

    assert list(reader.feed(b"\xef\xbb\xbfdata: new\n\n")) == ["new"]
    assert reader.last_id == "1"


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: \xff\n\n"],
        [b"data: " + b"x" * EVENT_LIMIT + b"\n\n"],
        [b"data: x\n" * (EVENT_LIMIT // 7 + 1)],
        [b":" + b"x" * 1000] * (EVENT_LIMIT // 1000 + 1),
        [b"\n" * (EVENTS_LIMIT + 1)],
    ],
)
def test_refuses_what_is_too_much_or_no_text(chunks: list[bytes]) -> None:
    with pytest.raises(ToolBadResponseError) as caught:
        read(*chunks)

    assert caught.value.maybe_sent
    assert caught.value.__context__ is None


def test_has_room_for_the_largest_event() -> None:
    [data] = read(b"data: " + b"x" * (EVENT_LIMIT - 6) + b"\n\n")

    assert len(data) == EVENT_LIMIT - 6
