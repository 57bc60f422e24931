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

    What an existing file says stays: what was sealed with its key must stay readable. Where it says
    nothing about the second factor of staff, it is off, so that the demo's can log in to the admin.
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
            "DEBUG=true\n"
            f"SECRET_KEY={secrets.token_urlsafe(48)}\n"
            f"CRED_SEAL_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}\n"
            f"{WITHOUT_SECOND_FACTOR}",
        )
    elif "STAFF_MFA" not in (said := read_file(file)) and said.get("DEBUG", "").lower() in TRUE:
        _write_private(
            file, f"{file.read_text(encoding='ascii').rstrip()}\n{WITHOUT_SECOND_FACTOR}"
        )


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
