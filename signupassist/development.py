"""The secrets of a developer's machine: made once, kept in `var/`, never used with DEBUG off."""

import base64
import os
import secrets
import tempfile
from pathlib import Path

from signupassist.env import FALSE, TRUE, read_file

WITHOUT_SECOND_FACTOR = "STAFF_MFA=off\n"


def create_secrets(base_dir: Path) -> None:
    """Make sure that `var/` is private and, unless DEBUG is off, that it holds secrets of its own.

    What an existing file says stays: what was sealed with its key must stay readable. It gains what
    it does not speak of: a key that seals the ledger, and that staff need no second factor, so that
    the demo's can log in to the admin.
    """
    var = base_dir / "var"
    var.mkdir(mode=0o700, exist_ok=True)
    var.chmod(0o700)
    file = var / "development.env"
    if _debug_is_off(base_dir):
        return
    if not file.exists():
        _write_private(
            file,
            f"DEBUG=true\nSECRET_KEY={secrets.token_urlsafe(48)}\nCRED_SEAL_KEY={_key()}\n"
            f"AUDIT_SIGNING_KEY={_key()}\n{WITHOUT_SECOND_FACTOR}",
        )
        return
    said = read_file(file)
    lacking = "STAFF_MFA" not in said and said.get("DEBUG", "").lower() in TRUE
    more = WITHOUT_SECOND_FACTOR * lacking
    more += f"AUDIT_SIGNING_KEY={_key()}\n" * ("AUDIT_SIGNING_KEY" not in said)
    if more:
        _write_private(file, f"{file.read_text(encoding='ascii').rstrip()}\n{more}")


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _debug_is_off(base_dir: Path) -> bool:
    said = os.environ.get("DEBUG") or read_file(base_dir / ".env").get("DEBUG", "")
    return said.strip().lower() in FALSE


def _write_private(file: Path, content: str) -> None:
    """Let the file appear whole or not at all, readable by its owner only."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # 0600
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    Path(draft).replace(file)
