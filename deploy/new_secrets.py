"""`python -m deploy.new_secrets [ORIGIN] >.env`: every secret that compose.yaml asks for, made anew.

ORIGIN is the log's name in checkpoints, once and for good: `app.example.org/mandate-audit`.
"""

import base64
import secrets
import sys

from audit.notes import Signer

ORIGIN = "signupassist.localhost/mandate-audit"


def main(origin: str = ORIGIN) -> None:
    """Print a line for each, and the public key that belongs to the signing one."""
    seed = secrets.token_bytes(32)
    lines = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CRED_SEAL_KEY": _key(secrets.token_bytes(32)),
        "AUDIT_ORIGIN": origin,
        "AUDIT_SIGNING_KEY": _key(seed),
        "AUDIT_VERIFY_KEY": str(Signer(origin, seed).verifier),
        "MCP_ACCESS_TOKEN": secrets.token_hex(24),
        "METRICS_TOKEN": secrets.token_hex(24),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "OWNER_PASSWORD": secrets.token_hex(24),
        "WEB_PASSWORD": secrets.token_hex(24),
        "WORKER_PASSWORD": secrets.token_hex(24),
    }
    print("\n".join(f"{name}={value}" for name, value in lines.items()))


def _key(material: bytes) -> str:
    return base64.b64encode(material).decode()


if __name__ == "__main__":
    main(*sys.argv[1:2])
