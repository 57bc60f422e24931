"""Looking up a host's addresses without waiting longer than one may."""

import ipaddress
import os
import socket
import threading
from typing import Any

from urllib3.util.connection import allowed_gai_family

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


class _Lookup(threading.Thread):
    """One question to the system's resolver, which nothing can interrupt."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="mcp-lookup", daemon=True)
        self.key = (host, port)
        self.found: list[Address] = []
        self.error: OSError = socket.gaierror("the lookup did not finish")

    def run(self) -> None:
        try:
            self.found = _ask(*self.key)
        except OSError as error:
            self.error = error
        finally:
            with _lock:
                _running.pop(self.key, None)


_lock = threading.Lock()
_running: dict[tuple[str, int], _Lookup] = {}


def resolve(host: str, port: int, *, seconds: float) -> list[Address]:
    """Return the host's addresses, at least one.

    A name server that stays silent keeps one thread per name until the system gives up; never a
    caller, and never a second thread.

    :raises TimeoutError: if they were not found within `seconds`
    :raises OSError: if there are none
    """
    if _is_address(host):
        return _ask(host, port)
    with _lock:
        lookup = _running.get((host, port))
        if lookup is None:
            lookup = _running[host, port] = _Lookup(host, port)
            lookup.start()
    lookup.join(seconds)
    if lookup.is_alive():
        raise TimeoutError
    if not lookup.found:
        raise lookup.error
    return lookup.found


def _ask(host: str, port: int) -> list[Address]:
    return list(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _begin() -> None:
    global _lock
    _lock = threading.Lock()
    _running.clear()


os.register_at_fork(after_in_child=_begin)  # the parent's lookups are not ours
