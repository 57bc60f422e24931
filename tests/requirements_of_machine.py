"""What the suite wants from the machine beyond Python packages, and whether it is there."""

import os
import shutil

import pytest

from tests.servers import pgbouncer, redis_server
from tests.servers.sdk import environment

# The first is the same engine without the windows nobody sees: pages cost it a third of the CPU.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return the program to start as a browser: $CHROMIUM, or what the PATH offers."""
    chosen = os.environ.get("CHROMIUM")
    for name in [chosen] if chosen else CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    return None


def missing(part: str) -> str | None:
    """Return a sentence on what is missing, or None where the part is there.

    Parts: pg, pgbouncer, browser, redis, gettext, and sdk-1x, which is installed by asking for it.
    """
    if part == "browser":
        return None if chromium() else "no Chromium: apt-get install chromium, or set CHROMIUM"
    if part == "pg":
        given = os.environ.get("TEST_DATABASE_URL")
        return None if given else "no PostgreSQL: run through script/test, or set TEST_DATABASE_URL"
    if part == "pgbouncer":
        return None if pgbouncer.program() else "no PgBouncer: apt-get install pgbouncer"
    if part == "redis":
        return None if redis_server.program() else "no Redis: apt-get install redis-server"
    if part == "gettext":
        return None if shutil.which("xgettext") else "no GNU gettext: apt-get install gettext"
    if part == "sdk-1x":
        return environment.missing()
    raise ValueError(f"{part!r} is no part: pg, pgbouncer, browser, redis, gettext, sdk-1x")


def need(part: str) -> None:
    """Skip the test that asks where the part is missing; fail it where REQUIRE names the part."""
    reason = missing(part)
    if reason and part in os.environ.get("REQUIRE", "").split(","):
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
