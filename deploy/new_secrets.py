"""`python -m deploy.new_secrets [ORIGIN] >.env`: every secret that compose.yaml asks for, made anew."""

import argparse
import base64
import secrets
import sys

from audit.notes import Signer

ORIGIN = "signupassist.localhost/mandate-audit"


def main() -> int:
    """Write a line for each, and the public key that belongs to the signing one; return 0."""
    parser = argparse.ArgumentParser(prog="python -m deploy.new_secrets", description=__doc__)
    parser.add_argument(
        "origin",
        nargs="?",
        default=ORIGIN,
        metavar="ORIGIN",
        help=f"the log's name in checkpoints, once and for good (else {ORIGIN})",
    )
    origin = parser.parse_args().origin
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
    sys.stdout.writelines(f"{name}={value}\n" for name, value in lines.items())
    return 0


def _key(material: bytes) -> str:
    return base64.b64encode(material).decode()


if __name__ == "__main__":
    sys.exit(main())
