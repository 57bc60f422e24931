"""The hostile tokens: each a way to come with what nobody gave one, or not for this.

`CASES` names each with how it is made and what it must be answered with.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from accounts import tokens
from tests.accounts.issuers import EXPIRED, FORBIDDEN, PLEASE, SECRET
from tests.servers.jwks_server import JwksServer, private_key, public_jwk

Refusal = tuple[int, str, str]
OURS = "signupassist"


def part(value: Any) -> str:
    """Return one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Forge:
    """What an attacker has: our Supabase's public keys and tokens, keys and a server of their own."""

    issuer: JwksServer
    attacker: JwksServer

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token, with these changes."""
        return self.issuer.person(**changes)

    def signed(self, payload: Any, **header: Any) -> str:
        """Return a token of our issuer's that no library would make."""
        return self.by(self.issuer, payload, **header)

    def by(self, signer: JwksServer, payload: Any, **header: Any) -> str:
        """Return a token with the newest key of this signer."""
        kid, key = list(signer.keys.items())[-1]
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        named = {"kid": kid} | header
        shown = {name: value for name, value in named.items() if value is not None}
        return jwt.api_jws.encode(raw, key, "ES256", shown)

    def hs256(self, payload: Any, secret: bytes | str = SECRET, **header: Any) -> str:
        """Return a token that is signed with a shared secret."""
        key = secret.encode() if isinstance(secret, str) else secret
        head = f"{part({'alg': 'HS256', 'typ': 'JWT'} | header)}.{part(payload)}"
        return f"{head}.{part(hmac.digest(key, head.encode(), 'sha256'))}"

    def unsigned(self, **header: Any) -> str:
        """Return good claims under this header, with a signature of zeros."""
        return f"{part(header)}.{part(self.claims())}.{part(bytes(64))}"

    def public(self, encoding: Encoding) -> bytes:
        """Return the issuer's public key, which everybody has."""
        [key] = self.issuer.keys.values()
        return key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


Build = Callable[[Forge], str]
CASES: dict[str, tuple[Build, Refusal]] = {}


def case(name: str, build: Build, expected: Refusal = PLEASE) -> None:
    """Add one way to come with a bad token."""
    assert name not in CASES
    CASES[name] = build, expected


def saying(**changes: Any) -> Build:
    """Return how to make a token that our issuer signed with its key, with these claims changed."""
    return lambda f: f.signed(f.claims() | changes)


def without(claim: str) -> Build:
    """Return how to make one that lacks a claim."""
    return lambda f: f.signed(f.claims(**{claim: None}))


def shared(**changes: Any) -> Build:
    """Return how to make one that is signed with the shared secret."""
    return lambda f: f.hs256(f.claims() | changes)


def foreign(**header: Any) -> Build:
    """Return how to make a good one but for the attacker's key."""
    return lambda f: f.by(f.attacker, f.claims(), **header)


def unsigned(**header: Any) -> Build:
    """Return how to make one that nobody signed."""
    return lambda f: f.unsigned(**header)


def typed(kind: str) -> Build:
    """Return how to make a well-signed token of another type."""
    return lambda f: f.signed(f.claims(), typ=kind)


def holding(payload: bytes) -> Build:
    """Return how to make a well-signed token that holds this."""
    return lambda f: f.signed(payload)


def ahead(claim: str) -> Build:
    """Return how to make one with a time a little further ahead than clocks may differ."""
    return lambda f: f.signed(f.claims(amr=None) | {claim: int(time.time()) + 90})


def rsa(algorithm: str) -> Build:
    """Return how to make one with an RSA key under the id of our issuer's."""
    key = {"kid": "first"}
    return lambda f: jwt.encode(f.claims(), private_key("rsa", "RS256"), algorithm, key)


# Nobody signed it, or with what everybody has
for alg in ["none", "None", "NONE", "nOnE", "", None, ["HS256"], {"HS256": 1}]:
    case(f"alg-{alg!r}", unsigned(alg=alg))
case("no-alg", unsigned(typ="JWT"))
case("no-signature", lambda f: f"{part({'alg': 'none'})}.{part(f.claims())}.")
case("public-pem-as-secret", lambda f: f.hs256(f.claims(), f.public(Encoding.PEM), kid="first"))
case("public-der-as-secret", lambda f: f.hs256(f.claims(), f.public(Encoding.DER), kid="first"))
case("public-jwk-as-secret", lambda f: f.hs256(f.claims(), f.issuer.tell_the_truth()[2]))
case("empty-secret", lambda f: f.hs256(f.claims(), b""))
case("wrong-secret", lambda f: f.hs256(f.claims(), "another secret of more than thirty-two bytes"))
case("relabelled", lambda f: f"{part({'alg': 'HS256'})}.{f.signed(f.claims()).partition('.')[2]}")
case("secret-under-es256", lambda f: f.hs256(f.claims(), kid="first", alg="ES256"))
case("hs512", lambda f: jwt.encode(f.claims(), SECRET * 2, "HS512"))
case("zero-signature", unsigned(alg="ES256", kid="first"))
case("der-signature", lambda f: f"{f.signed(f.claims()).rpartition('.')[0]}.{part(bytes(70))}")

# Signed with a key of somebody else
case("foreign-key-right-kid", foreign())
case("foreign-key-unknown-kid", foreign(kid="theirs"))
case("foreign-key-no-kid", foreign(kid=None))
case("foreign-jku", lambda f: f.by(f.attacker, f.claims(), jku=f.attacker.jwks_url))
case("foreign-x5u", lambda f: f.by(f.attacker, f.claims(), x5u=f.attacker.jwks_url))
case(
    "foreign-jku-and-kid", lambda f: f.by(f.attacker, f.claims(), kid="x", jku=f.attacker.jwks_url)
)
case("foreign-jwk", foreign(jwk=public_jwk(private_key("of the attacker"))))
case("foreign-x5c", foreign(x5c=["MIIB"]))
case("their-whole-token", lambda f: f.attacker.sign())
case("our-claims-their-iss", lambda f: f.signed(f.claims(iss=f.attacker.issuer)))
for kid in ["", "x" * 5_000, "../../../dev/null", "' OR 1=1 --", "\0", 7, None, ["first"], {}]:
    case(f"kid-{str(kid)[:12]!r}", unsigned(alg="ES256", kid=kid))
case("rs256-with-an-ec-key", rsa("RS256"))
case("ps256", rsa("PS256"))
case("crit", lambda f: f.signed(f.claims(), crit=["exp"], exp=1))
case("detached", unsigned(alg="ES256", kid="first", b64=False, crit=["b64"]))
for kind in ["dpop+jwt", "logout+jwt", "secevent+jwt", "at", "JOSE"]:
    case(f"typ-{kind}", typed(kind))

# Signed well, and says the wrong thing
for name in ["exp", "iat", "iss", "aud", "sub"]:
    case(f"no-{name}", without(name))
    case(f"null-{name}", saying(**{name: None}))
for when in ["9999999999", True, [], {}, -(10**30), 10**30, float("nan"), float("inf")]:
    case(f"exp-{when!r}", saying(exp=when))
    case(f"iat-{when!r}", saying(iat=when))
for name in ["iat", "nbf", "auth_time"]:
    case(f"future-{name}", ahead(name))
    case(f"odd-{name}", saying(**{"amr": None, name: "now"}))
for stamp in [int(1e12), "now", None, True, [1]]:
    case(f"amr-{stamp!r}", saying(amr=[{"method": "password", "timestamp": stamp}]))
for aud in ["anon", "Authenticated", "", ["anon"], [], {}, 7, ["authenticated", 7]]:
    case(f"aud-{aud!r}", saying(aud=aud))
for iss in ["https://other.supabase.co/auth/v1", "", "supabase", OURS, 7, ["x"], {}]:
    case(f"iss-{iss!r}", saying(iss=iss))
    case(f"shared-iss-{iss!r}", shared(iss=iss))
case("iss-with-a-slash", lambda f: f.signed(f.claims(iss=f"{f.issuer.issuer}/")))
case("iss-in-a-list", lambda f: f.signed(f.claims(iss=[f.issuer.issuer])))
for sub in [
    "auth0|5f7c8ec7",
    "",
    "kim@example.org",
    "0B9D3F51-4C53-4D3C-8A43-7C1F1D1C9B5A",
    "{0b9d3f51-4c53-4d3c-8a43-7c1f1d1c9b5a}",
    "0b9d3f514c534d3c8a437c1f1d1c9b5a",
    "x" * 300,
    "0b9d3f51\0",
    "\ud800",
    7,
    ["x"],
]:
    case(f"sub-{str(sub)[:16]!r}", saying(sub=sub))
case("odd-jti", saying(jti=7))
for payload in [
    b"[]",
    b"7",
    b"null",
    b"{",
    b"[" * 3_000,
    b'{"exp": ' + b"9" * 5_000 + b"}",
    b"\xff",
]:
    case(f"payload-{payload[:6]!r}", holding(payload))
case("local-name-shared-secret", shared(iss=OURS, aud=OURS, auth_time=1))
case("local-name-public-key", saying(iss=OURS, aud=OURS, auth_time=1))
case("local-key", lambda f: f.hs256(f.claims(), tokens._key()))

# Keys of the project itself, which are in every browser (anon) or must be in none (service_role)
API_KEY = {"iss": "supabase", "ref": "abcdefgh", "iat": 1, "exp": 2_000_000_000}
case("api-key-anon", lambda f: f.hs256(API_KEY | {"role": "anon"}))
case("api-key-service-role", lambda f: f.hs256(API_KEY | {"role": "service_role"}))
for role in ["anon", "service_role", "supabase_admin", "Authenticated", "", ["authenticated"], 7]:
    case(f"role-{role!r}", saying(role=role), FORBIDDEN)
    case(f"shared-role-{role!r}", shared(role=role), FORBIDDEN)
case("no-role", without("role"), FORBIDDEN)
for value in [True, "false", 1, "", []]:
    case(f"anonymous-{value!r}", saying(is_anonymous=value), FORBIDDEN)
case("anonymous-and-old", saying(is_anonymous=True, iat=1, amr=None, exp=2), FORBIDDEN)

# Was good once
case("expired", lambda f: f.signed(f.claims(iat=1, amr=None, exp=int(time.time()) - 31)), EXPIRED)
case("shared-expired", shared(iat=1, amr=None, exp=2), EXPIRED)
case("expired-and-foreign", lambda f: f.by(f.attacker, f.claims(iat=1, amr=None, exp=2)))

# Another way to write it
case("padded-signature", lambda f: f"{f.signed(f.claims())}==")
case("one-pad", lambda f: f"{f.signed(f.claims())}=")
case("padded-header", lambda f: f.signed(f.claims()).replace(".", "=.", 1))
case("standard-alphabet", lambda f: f.signed(f.claims())[:-2] + "+/")
case("five-parts", lambda f: f"{f.signed(f.claims())}.x.x")
case("two-parts", lambda f: f.signed(f.claims()).rpartition(".")[0])
case("dots", lambda _: "..")
case("not-ascii", lambda f: f"{f.signed(f.claims())}\xff")
case("200-kB", saying(user_metadata={"x": "x" * 150_000}))
case("just-too-large", saying(user_metadata={"x": "x" * 5_900}))
case("deep-header", lambda f: f"{part(b'[' * 3_000)}.{part(f.claims())}.AAAA")
case("header-in-a-list", lambda f: f"{part([])}.{part(f.claims())}.AAAA")
