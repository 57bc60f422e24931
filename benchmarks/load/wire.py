"""`python -m benchmarks.load.wire HOST:PORT`: a wire to a server, which goes bad on request.

The first line that it writes is its own port on loopback. Each line that it reads is what it does
from then on, and is answered by how much was spoiled so far. `honest` carries all bytes both ways;
the others carry what is asked, so that it is done, and spoil every other piece of what is answered,
so that a signup comes far enough to be hurt:

- `hang`: nothing comes back, until the client gives up;
- `drip`: a byte every now and then, until it has come or the client gives up;
- `garbage`: something else comes back, each time something different.
"""

import asyncio
import sys
from contextlib import suppress
from itertools import cycle

from benchmarks.load.deeds import NOT_SO

DRIP_SECONDS = 0.25
CHUNK = 65536
LIE = (
    '{"jsonrpc": "2.0", "id": "nobody-asked", "result": {"content": [], "structuredContent":'
    f' {{"status": "confirmed", "confirmation_ref": "{NOT_SO}", "providers": [], "fields": []}}}}}}'
)


def _ok(kind: str, body: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"{head}{body}".encode()


GARBAGE = cycle(
    [
        _ok("text/html", "<h1>Welcome back!</h1>"),
        _ok("application/json", '{"jsonrpc": "2.0", '),
        _ok("application/json", LIE),
        b"\x16\x03\x01 this is no HTTP \xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {]\n\ndata: \x00\xff\n\n",
    ]
)


class Wire:
    """What it does now, to every connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._mode = "honest"
        self._is_good = cycle([False, True])
        self.spoiled = 0  # pieces

    def become(self, mode: str) -> None:
        """Do this from now on."""
        self._mode = mode

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection until either side has ended it."""
        with suppress(OSError):
            far, there = await asyncio.open_connection(self._host, self._port)
            ways = [
                asyncio.ensure_future(it) for it in (_pump(near, there), self._spoil(far, back))
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _close(there)
        await _close(back)

    async def _spoil(self, far: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while piece := await far.read(CHUNK):
            mode = self._mode
            if mode == "honest" or next(self._is_good):
                back.write(piece)
                await back.drain()
                continue
            self.spoiled += 1
            if mode == "garbage":
                back.write(next(GARBAGE))
                await back.drain()
            elif mode == "drip":
                for byte in piece:
                    back.write(bytes([byte]))
                    await back.drain()
                    await asyncio.sleep(DRIP_SECONDS)
            else:
                await asyncio.Event().wait()
            return


async def _pump(near: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
    while piece := await near.read(CHUNK):
        there.write(piece)
        await there.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def main(host: str, port: int) -> None:
    """Carry until nobody writes to us any more."""
    wire = Wire(host, port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        wire.become(line.strip())
        print(wire.spoiled, flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(
        main(*(kind(part) for kind, part in zip((str, int), sys.argv[1].split(":"), strict=True)))
    )
