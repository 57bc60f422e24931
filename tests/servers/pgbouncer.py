"""A real PgBouncer before the suite's PostgreSQL: one connection to it, lent for a transaction."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

START_SECONDS = 20.0


def program() -> str | None:
    """Return the program to start, or None where the machine has none; Debian keeps it in sbin."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def before(connection: BaseDatabaseWrapper, folder: Path) -> Iterator[int]:
    """Give the port of a bouncer whose clients all use one connection to this one's database."""
    settings = connection.settings_dict
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    name, user = settings["NAME"], settings["USER"]
    server = {"host": settings["HOST"], "port": settings["PORT"] or 5432, "dbname": name}
    if settings["PASSWORD"]:
        server["password"] = settings["PASSWORD"]
    target = " ".join(f"{key}={value}" for key, value in server.items())
    users = folder / "users"
    users.write_text(f'"{user}" ""\n')
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{name} = {target} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\nauth_file = {users}\n"
        "pool_mode = transaction\ndefault_pool_size = 1\n"
    )
    command = [str(program()), "-q", str(config)]
    if os.geteuid() == 0:  # which it refuses to be
        account = "postgres" if "postgres" in {it.pw_name for it in pwd.getpwall()} else "nobody"
        command[1:1] = ["-u", account]
        for path in (config, users):
            shutil.chown(path, account)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
