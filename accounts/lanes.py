"""Whose tokens are believed besides our own, and by which keys; read once, at the start.

A lane has either a shared secret or public keys, never both: whoever knows a public key could use
it as a secret (RFC 8725, section 2.1).
"""

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SUPABASE = "supabase"  # how its people are named here, whichever lane they come by
AUTHENTICATED = "authenticated"  # the audience and the role of Supabase's people
RESERVED = {"signupassist", SUPABASE}
SHARED = ("HS256",)
USUAL = ("ES256", "RS256")
PUBLIC = frozenset(f"{kind}{bits}" for kind in ("ES", "RS", "PS") for bits in (256, 384, 512))
SHORTEST_SECRET = 32  # bytes: no shorter than the digest (RFC 7518, section 3.2)
LONGEST_NAME = 255
GOOD_URL = "https://abcdefgh.supabase.co"
GOOD_SHARED = "SUPABASE_JWT_SECRET=<the JWT secret of the project, 32 bytes or more>"
GOOD_ISSUERS = '[{"issuer": "https://login.example.org/", "audience": "signupassist"}]'

# What the tools of Supabase hand to everybody who develops with them
PUBLISHED = {
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
}


class LaneError(Exception):
    """A setting cannot be understood; the text is one line for the operator, without secrets."""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One way for a token to be good."""

    name: str  # of the issuer, in our tables
    issuer: str | None  # what the token has to name; None: anything
    audience: str
    algorithms: tuple[str, ...]
    jwks_url: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def is_supabase(self) -> bool:
        """Return whether Supabase's own claims are to be judged, and its subjects are our ids."""
        return self.name == SUPABASE


def choose(lanes: Iterable[Lane], *, algorithm: Any, issuer: Any) -> Lane | None:
    """Return the only lane on which such a token may come, if there is one.

    The algorithm decides between secrets and public keys before any key is looked at.
    """
    for lane in lanes:
        if algorithm in lane.algorithms and lane.issuer in (None, issuer):
            return lane
    return None


def read(*, supabase_url: str, supabase_secret: str, others: str, strict: bool) -> tuple[Lane, ...]:
    """Return the lanes of SUPABASE_URL, SUPABASE_JWT_SECRET and AUTH_ISSUERS.

    :raises LaneError: for values that cannot be understood, and where `strict` for a secret that
        everybody knows
    """
    lanes: list[Lane] = []
    issuer = None
    if supabase_url:
        if not _is_safe(supabase_url):
            raise _bad("SUPABASE_URL is no https address", f"SUPABASE_URL={GOOD_URL}")
        issuer = f"{supabase_url.rstrip('/')}/auth/v1"
        keys = f"{issuer}/.well-known/jwks.json"
        lanes.append(_supabase(issuer=issuer, algorithms=USUAL, jwks_url=keys))
    if supabase_secret:
        if len(supabase_secret.encode()) < SHORTEST_SECRET:
            problem = f"SUPABASE_JWT_SECRET is shorter than {SHORTEST_SECRET} bytes"
            raise _bad(problem, GOOD_SHARED)
        if strict and (supabase_secret in PUBLISHED or len(set(supabase_secret)) < 5):
            problem = "SUPABASE_JWT_SECRET is known to everybody"
            raise _bad(problem, GOOD_SHARED)
        lanes.append(_supabase(issuer=issuer, algorithms=SHARED, secret=supabase_secret))
    lanes += _others(others, taken={issuer} - {None}) if others else []
    return tuple(lanes)


def _supabase(**how: Any) -> Lane:
    return Lane(name=SUPABASE, audience=AUTHENTICATED, **how)


def _others(text: str, *, taken: set[str | None]) -> list[Lane]:
    """Return the lanes of AUTH_ISSUERS; `taken` issuers have one already."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise _misread("it is no JSON") from None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise _misread("it is no list of objects")
    found: list[Lane] = []
    for place, entry in enumerate(entries, start=1):
        lane = _lane(f"entry {place}", entry)
        if lane.issuer in taken:
            raise _misread(f"entry {place}: its issuer has an entry already")
        taken = taken | {lane.issuer}
        found.append(lane)
    return found


def _lane(where: str, entry: dict[str, Any]) -> Lane:
    if unknown := entry.keys() - {"issuer", "jwks_url", "audience", "algorithms"}:
        raise _misread(f"{where}: {min(unknown)[:40]!r} is not known")
    for name in ("issuer", "audience"):
        value = entry.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or not _plain(value):
            raise _misread(f"{where}: {name} is missing or no plain text")
    issuer = entry["issuer"]
    if issuer in RESERVED:
        raise _misread(f"{where}: {issuer!r} is no issuer of its own")
    jwks_url = entry.get("jwks_url", f"{issuer.rstrip('/')}/.well-known/jwks.json")
    if not isinstance(jwks_url, str) or not _is_safe(jwks_url, with_query=True):
        raise _misread(f"{where}: jwks_url is no https address")
    algorithms = entry.get("algorithms", list(USUAL))
    if not isinstance(algorithms, list) or not algorithms:
        raise _misread(f"{where}: algorithms is no list of names")
    if any(not isinstance(one, str) or one not in PUBLIC for one in algorithms):
        raise _misread(f"{where}: algorithms may hold {', '.join(sorted(PUBLIC))}")
    return Lane(
        name=issuer,
        issuer=issuer,
        audience=entry["audience"],
        algorithms=tuple(algorithms),
        jwks_url=jwks_url,
    )


def _is_safe(url: str, *, with_query: bool = False) -> bool:
    """Return whether nobody on the way to this address can change what it answers."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not _plain(url) or " " in url or parts.username or parts.password:
        return False
    if parts.fragment or (parts.query and not with_query):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _misread(why: str) -> LaneError:
    return _bad(f"AUTH_ISSUERS cannot be understood ({why})", f"AUTH_ISSUERS={GOOD_ISSUERS}")


def _bad(problem: str, good: str) -> LaneError:
    return LaneError(f"{problem}. Good: {good}")
