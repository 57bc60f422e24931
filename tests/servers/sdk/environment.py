"""The environment of the SDK 1.x, made on first use in `var/sdk-1x` from its own locked hashes.

    python -m tests.servers.sdk.environment

makes it ahead of time. The lock: `uv pip compile --universal --python-version 3.11
--generate-hashes --no-header requirements-1x.in -o requirements-1x.txt`, in this folder.
"""

from functools import cache
from pathlib import Path

from tests.environments import ROOT, Environment, NotInstalledError

SDK_1X = Environment(
    "the MCP SDK 1.x",
    home=ROOT / "var" / "sdk-1x",
    lock=Path(__file__).with_name("requirements-1x.txt"),
)


@cache
def missing() -> str | None:
    """Return why the SDK 1.x cannot be had, or None; a failure is not tried again."""
    try:
        SDK_1X.interpreter()
    except NotInstalledError as error:
        return str(error)
    return None


if __name__ == "__main__":
    print(SDK_1X.interpreter())
