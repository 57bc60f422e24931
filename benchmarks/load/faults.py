"""What can happen to a service: each fault begins with its `with` block, and is over after it."""

import os
import pwd
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load.service import Service, kill_some

KILL_EVERY = 3.0  # seconds
DISK = "64m"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, and how it is made."""

    what: str
    make: Callable[[Service], AbstractContextManager[None]]
    ground: Callable[[Service], AbstractContextManager[None]] = lambda _: (
        nullcontext()
    )  # what it needs before
    why_not: Callable[[], str | None] = lambda: None  # why it cannot be made on this machine
    is_felt: bool = False  # by parents, in any case: else it was not there at all


@contextmanager
def postgres_down(service: Service) -> Iterator[None]:
    """Stop PostgreSQL as a power cut does, and start it again by the same words."""
    words = shlex.split((service.data / "postmaster.opts").read_text())
    control = [str(Path(words[0]).parent / "pg_ctl"), "-D", str(service.data), "-w"]
    owner = service.data.stat().st_uid
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root
        account = {"user": owner, "group": service.data.stat().st_gid, "extra_groups": []}

    def call(*more: str) -> None:
        with (service.data.parent / "calls").open("ab") as output:
            subprocess.run(
                [*control, *more],
                check=True,
                cwd=service.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **account,
            )

    call("-m", "immediate", "stop")
    try:
        yield
    finally:
        options = words[words.index("-D") + 2 :]
        call("-l", str(service.data.parent / "log"), "-o", shlex.join(options), "start")


@contextmanager
def redis_down(service: Service) -> Iterator[None]:
    """Kill Redis, with all that it held, and start it again."""
    service.redis.kill()
    try:
        yield
    finally:
        service.redis.start()
        service.redis.wait_until_healthy(service.stack.health_check("redis"))


@contextmanager
def bad_wire(mode: str, service: Service) -> Iterator[None]:
    """Do what the service asks the MCP server for, and spoil the answers."""
    before = service.wire.become(mode)
    try:
        yield
    finally:
        after = service.wire.become("honest")
    assert after > before, "nothing was asked of the MCP server meanwhile"


@contextmanager
def killing(kill: Callable[[], int]) -> Iterator[None]:
    """Kill at once, and again and again; `kill` returns how many it killed."""
    is_over = threading.Event()
    killed: list[int] = []

    def go_on() -> None:
        killed.append(kill())
        while not is_over.wait(KILL_EVERY):
            killed.append(kill())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    assert sum(killed), "there was nobody to kill"


def workers_killed(service: Service) -> AbstractContextManager[None]:
    """Kill all that the workers' supervisors started."""
    return killing(lambda: sum(kill_some(worker) for worker in service.stack.workers))


def webs_killed(service: Service) -> AbstractContextManager[None]:
    """Kill one of the processes that serve, of one web service and the other by turns."""
    turns = cycle(service.stack.webs)
    return killing(lambda: kill_some(next(turns), only_one=True))


# --- A disk that fills ----------------------------------------------------------------------------


def cannot_mount() -> str | None:
    """Return why no small disk can be made here, or None."""
    if os.geteuid() != 0:
        return "only root can mount a small disk"
    if shutil.which("mount") is None or shutil.which("unshare") is None:
        return "there is no mount here"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return None if tried.returncode == 0 else "the system lets nobody mount a small disk"


@contextmanager
def disk_full(service: Service) -> Iterator[None]:
    """Fill the disk under the audit table, and make room again."""
    disk = service.data.parent / "disk"
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def small_disk(service: Service) -> Iterator[None]:
    """Keep the audit table on a small disk of its own, a tmpfs, for so long."""
    disk = service.data.parent / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(disk)], check=True)
    try:
        space = disk / "space"
        space.mkdir(mode=0o700)
        owner = pwd.getpwuid(service.data.stat().st_uid)
        os.chown(space, owner.pw_uid, owner.pw_gid)
        _as_superuser(
            service,
            f"CREATE TABLESPACE small LOCATION '{space}'",
            "ALTER TABLE mandate_audit SET TABLESPACE small",
        )
        try:
            yield
        finally:
            _as_superuser(
                service,
                "ALTER TABLE mandate_audit SET TABLESPACE pg_default",
                "DROP TABLESPACE small",
            )
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def _as_superuser(service: Service, *statements: str) -> None:
    url = f"postgresql://app@/signupassist?host={service.stack.sockets}"
    with psycopg.connect(url, autocommit=True) as database:
        for statement in statements:
            database.execute(statement.encode())


FAULTS: Mapping[str, Fault] = {
    "postgres": Fault(
        "PostgreSQL stops at once, and is started again", postgres_down, is_felt=True
    ),
    "redis": Fault("Redis dies with all that it held, and returns", redis_down),
    "hang": Fault("the MCP server does what is asked, and hangs", partial(bad_wire, "hang")),
    "drip": Fault("the MCP server's answers drip", partial(bad_wire, "drip")),
    "garbage": Fault("the MCP server answers garbage", partial(bad_wire, "garbage")),
    "disk": Fault(
        "the disk under the audit table is full", disk_full, small_disk, cannot_mount, is_felt=True
    ),
    "worker": Fault("both workers are killed with -9, again and again", workers_killed),
    "web": Fault("a web process is killed with -9, one after the other", webs_killed),
}
