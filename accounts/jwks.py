"""The public keys of issuers (JWK Sets, RFC 7517): fetched, kept, and kept on through an outage.

PyJWT's own client asks anew for every request of an outage, lets all of them wait behind one lock,
and reads for as long as a server cares to drip; so only its parser is used here.
"""

import http.client
import json
import logging
import socket
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from math import inf
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import jwt

from accounts.lanes import PUBLIC
from audit.egress import must_be_callable

logger = logging.getLogger(__name__)

FRESH_SECONDS = 600.0  # for so long a set is not asked after
OUTAGE_SECONDS = 3_600.0  # for so long it is used without an answer from its issuer
FETCH_SECONDS = 3.0
CONNECT_SECONDS = 1.5  # for each address of the host, and for its TLS handshake
PAUSE_SECONDS = 10.0  # between a failed fetch and the next
UNKNOWN_PAUSE_SECONDS = 30.0  # between two fetches for keys that nobody has heard of
LARGEST = 256 * 1024
MOST_KEYS = 100


class KeysUnavailableError(Exception):
    """The issuer cannot be asked for its keys, and what was kept may not be used any more."""


class UnknownKeyError(Exception):
    """The issuer has no such key."""


@dataclass(frozen=True)
class _Known:
    """What is known of a set of keys, by the monotonic clock."""

    keys: tuple[jwt.PyJWK, ...] = ()
    good_at: float = -inf  # when the issuer last told
    failed_at: float = -inf  # when it was last asked in vain

    @property
    def in_outage(self) -> bool:
        """Return whether the last fetch failed."""
        return self.failed_at > self.good_at


class KeySet:
    """The keys at one address. One fetch at a time; whoever can do without it does not wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known = _Known()
        self._unknown_at = -inf
        self._fetch: _Fetch | None = None
        self._lock = threading.Lock()  # never held during a fetch

    def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the key for this id and algorithm; without an id, the only key there is.

        :raises UnknownKeyError: if there is none
        :raises KeysUnavailableError: if nobody can tell just now
        """
        known = self._current()
        is_new = kid is not None and kid not in _ids(known)
        if is_new and self._may_ask_for_unknown():
            known = self._ask(known)
        fitting = [
            key
            for key in known.keys
            if (key.key_id == kid if kid is not None else len(known.keys) == 1)
            and key.algorithm_name == algorithm
        ]
        if fitting:
            return fitting[0]
        if is_new and known.in_outage:  # the issuer may well have it by now
            raise KeysUnavailableError
        raise UnknownKeyError

    def count(self) -> int:
        """Return how many keys the issuer tells of, asked now unless it was a moment ago.

        :raises KeysUnavailableError: if it does not answer, whatever was kept
        """
        known = self._current()
        if known.in_outage:
            raise KeysUnavailableError
        return len(known.keys)

    def _current(self) -> _Known:
        """Return keys that may be used, asked for anew where that is due.

        :raises KeysUnavailableError: if there are none
        """
        known, now = self._known, monotonic()
        is_due = known.in_outage or now - known.good_at >= FRESH_SECONDS
        if is_due and now - known.failed_at >= PAUSE_SECONDS:
            known = self._ask(known, joins=now - known.good_at >= OUTAGE_SECONDS)
        if monotonic() - known.good_at >= OUTAGE_SECONDS:
            raise KeysUnavailableError
        return known

    def _may_ask_for_unknown(self) -> bool:
        """Return whether a key id that nobody has heard of is worth a fetch, or waiting for one."""
        with self._lock:
            now = monotonic()
            if self._fetch:
                return True
            if now - self._unknown_at < UNKNOWN_PAUSE_SECONDS or self._known.in_outage:
                return False  # an outage has pauses of its own
            self._unknown_at = now
            return True

    def _ask(self, seen: _Known, *, joins: bool = True) -> _Known:
        """Return what is known after a fetch; `seen` is what the caller found wanting.

        If there is news by now, that is all it gets. Where somebody else has begun a fetch, it waits
        with them, or (unless it `joins`) goes on with what there is.
        """
        with self._lock:
            if self._known is not seen or (self._fetch and not joins):
                return self._known
            if self._fetch is None:
                fetch = _Fetch(self._url)
                fetch.start()
                self._fetch = fetch
            fetch = self._fetch
        fetch.wait()
        with self._lock:
            if self._fetch is fetch:
                self._fetch = None
                self._known = self._after(fetch)
            return self._known

    def _after(self, fetch: "_Fetch") -> _Known:
        if fetch.keys is not None:
            return _Known(fetch.keys, good_at=monotonic())
        logger.warning("The keys at %s cannot be had: %s", self._url, fetch.trouble)
        return _Known(self._known.keys, self._known.good_at, failed_at=monotonic())


@cache
def key_set(url: str) -> KeySet:
    """Return the keys at this address, as the whole process shares them."""
    return KeySet(url)


class _Fetch(threading.Thread):
    """One request for a set of keys, which ends in time whatever the other side does.

    It follows no redirect, takes no proxy from the environment, and reads no more than a set can be.
    """

    def __init__(self, url: str) -> None:
        super().__init__(name="jwks", daemon=True)
        self.keys: tuple[jwt.PyJWK, ...] | None = None
        self.trouble = "no answer in time"
        self._url = urlsplit(url)
        self._ends_at = monotonic() + FETCH_SECONDS
        self._socket: socket.socket | None = None
        self._guard = threading.Lock()

    def wait(self) -> None:
        """Return when it is over; a fetch that is still under way at its end is broken off."""
        self.join(max(0.0, self._ends_at - monotonic()))
        if self.is_alive():
            with self._guard:
                if self._socket is not None:
                    with suppress(OSError):  # it is not connected (any more)
                        socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # past TLS, if any

    def run(self) -> None:
        try:
            self.keys = _parse(self._read())
        except (OSError, http.client.HTTPException) as error:
            self.trouble = type(error).__name__
        except ValueError as error:
            self.trouble = str(error)

    def _read(self) -> bytes:
        kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if self._url.scheme == "https":
            kind = http.client.HTTPSConnection
        address = f"{self._url.path or '/'}{'?' if self._url.query else ''}{self._url.query}"
        headers = {"Accept": "application/json", "User-Agent": "SignupAssist/1"}
        host, port = self._url.hostname or "", self._url.port
        with closing(kind(host, port, timeout=CONNECT_SECONDS)) as line:
            line.connect()
            must_be_callable(line.sock.getpeername()[0])
            line.sock.settimeout(FETCH_SECONDS)
            with self._guard:
                self._socket = line.sock  # the line lets go of it while an answer is read
            try:
                line.request("GET", address, headers=headers)
                with closing(line.getresponse()) as answer:
                    if answer.status != http.client.OK:
                        raise ValueError(f"status {answer.status}")
                    body = answer.read(LARGEST + 1)
            finally:
                with self._guard:
                    self._socket = None
        if len(body) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes")
        return body


def _ids(known: _Known) -> set[str | None]:
    return {key.key_id for key in known.keys}


def _parse(body: bytes) -> tuple[jwt.PyJWK, ...]:
    """Return the keys of a set that can verify signatures; a set may be empty.

    :raises ValueError: if it is no set of keys, or one of which nothing is of use
    """
    try:
        said = json.loads(body)
    except RecursionError:
        raise ValueError("no set of keys") from None
    members = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise ValueError("no set of keys")
    found = tuple(key for one in members if (key := _verifying(one)))
    if members and not found:
        raise ValueError("no key of use")
    return found


def _verifying(member: Any) -> jwt.PyJWK | None:
    """Return a public key for signatures, or None: secrets and private keys are not to be shown."""
    if not isinstance(member, dict) or "d" in member or member.get("kty") not in ("EC", "RSA"):
        return None
    if member.get("use") not in (None, "sig") or not isinstance(member.get("kid", ""), str):
        return None
    if member.get("alg") not in (None, *PUBLIC) or not _may_verify(member):
        return None
    try:
        return jwt.PyJWK(member)
    except jwt.PyJWTError:
        return None


def _may_verify(member: dict[str, Any]) -> bool:
    allowed = member.get("key_ops", ["verify"])
    return isinstance(allowed, list) and "verify" in allowed
