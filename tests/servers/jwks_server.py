"""A real issuer's key server on loopback: rotates its keys, dies, and answers what it should not.

    with JwksServer() as issuer:
        token = issuer.sign(claims)
        issuer.rotate("second")        # from now on it shows and uses this key alone
        issuer.die()                   # nobody listens any more
        issuer.start()                 # the same address is back
        assert issuer.fetches == 1

By hand: `python -m tests.servers.jwks_server --port 8090` prints a token, and rotates on Enter.
"""

import argparse
import json
import threading
import time
import uuid
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

KEYS_AT = "/auth/v1/.well-known/jwks.json"
Answer = tuple[int, dict[str, str], bytes]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def private_key(name: str, algorithm: str = "ES256", *, bits: int = 2048) -> PrivateKey:
    """Return a key; the same name gets the same one, for RSA takes its time."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(key: PrivateKey, **members: Any) -> dict[str, Any]:
    """Return what an issuer shows of a key."""
    kind = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
    algorithm = cast("Any", jwt.get_algorithm_by_name(kind))
    shown: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    named = {"kid": None, "alg": kind, "use": "sig"} | members
    return {name: value for name, value in (shown | named).items() if value is not None}


def whole_jwk(kid: str) -> dict[str, Any]:
    """Return what no issuer may show: an RSA key with its private half."""
    algorithm = cast("Any", jwt.get_algorithm_by_name("RS256"))
    whole: dict[str, Any] = algorithm.to_jwk(private_key("rsa", "RS256"), as_dict=True)
    return whole | {"kid": kid, "key_ops": ["sign", "verify"]}


def person(issuer: str, **changes: Any) -> dict[str, Any]:
    """Return what Supabase says of somebody who logged in now; a change to None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": "authenticated",
        "sub": "0b9d3f51-4c53-4d3c-8a43-7c1f1d1c9b5a",
        "iat": now,
        "exp": now + 3600,
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": now}],
        "session_id": "6d4a2f60-1111-4c2b-9d5e-0f6c8e3b7a21",
        "is_anonymous": False,
        "email": "kim@example.org",
        "app_metadata": {"provider": "email"},
        "user_metadata": {},
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


class JwksServer:
    """An issuer for the length of a `with` block."""

    def __init__(self, *, port: int = 0, path: str = KEYS_AT) -> None:
        self._path, self._port = path, port
        self._server: ThreadingHTTPServer | None = None
        self.keys: dict[str | None, PrivateKey] = {}  # by id, the newest last
        self.fetches = 0
        self.answer: Callable[[], Answer] = self.tell_the_truth  # how to answer from now on
        self.gate = threading.Event()  # shut, requests wait before it
        self.gate.set()
        self.asked = threading.Event()  # a request has come
        self.rotate("first")

    @property
    def url(self) -> str:
        """Return what an operator gives as SUPABASE_URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def jwks_url(self) -> str:
        """Return where the keys are."""
        return self.url + self._path

    @property
    def issuer(self) -> str:
        """Return what its tokens name."""
        return f"{self.url}/auth/v1"

    def rotate(self, kid: str | None, algorithm: str = "ES256", *, keep: bool = False) -> None:
        """Sign with this key from now on, and (unless others are kept) show no other."""
        self.keys = (self.keys if keep else {}) | {kid: private_key(str(kid), algorithm)}

    def person(self, **changes: Any) -> dict[str, Any]:
        """Return what it says of somebody who logged in now."""
        return person(self.issuer, **changes)

    def sign(self, claims: dict[str, Any] | None = None, **header: Any) -> str:
        """Return a token with its newest key; a header of None is left out."""
        kid, key = list(self.keys.items())[-1]
        algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
        named = {"kid": kid} | header
        shown = {name: value for name, value in named.items() if value is not None}
        return jwt.encode(self.person() if claims is None else claims, key, algorithm, shown)

    def tell_the_truth(self) -> Answer:
        """Return the set of its keys."""
        shown = [public_jwk(key, kid=kid) for kid, key in self.keys.items()]
        return 200, {}, json.dumps({"keys": shown}).encode()

    def say(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer this from now on."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda: (status, headers, raw)

    def start(self) -> None:
        """Listen (again, on the same port)."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != issuer._path:
                    self.send_error(404)
                    return
                issuer.fetches += 1
                issuer.asked.set()
                issuer.gate.wait(30)
                status, headers, body = issuer.answer()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True  # they did not want to hear the rest

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def die(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        self.die()


def main() -> None:
    """Be an issuer until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=8090)
    with JwksServer(port=parser.parse_args().port) as issuer:
        print(f"SUPABASE_URL={issuer.url}")
        try:
            while True:
                print(issuer.sign(issuer.person(sub=str(uuid.uuid4()))), flush=True)
                input("Enter: another key, another person ")
                issuer.rotate(uuid.uuid4().hex)
        except (KeyboardInterrupt, EOFError):
            print()


if __name__ == "__main__":
    main()
