"""`python -m signupassist.serve`: prepares the database, then runs web server and worker."""

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import Error as AnyDatabaseError
from django.db import connections
from django.http.request import validate_host

from signupassist import development, worker
from signupassist.supervisor import Child, Supervisor

BASE_DIR = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY_POLL_SECONDS = 0.2


def main() -> int:
    """Return the exit code: 0 after a requested stop, 1 when the start or a child failed."""
    argparse.ArgumentParser(
        prog="script/server", description="Run SignupAssist until Ctrl-C. PORT chooses the port."
    ).parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")
    try:
        development.create_secrets(BASE_DIR)
        django.setup()
        listener = _claim(settings.PORT)
        with _one_at_a_time():
            _prepare()
    except (ImproperlyConfigured, CommandError) as error:
        return _refuse(str(error))
    except AnyDatabaseError as error:
        return _refuse(f"the database of DATABASE_URL refused: {str(error).splitlines()[0]}")
    except OSError as error:
        return _refuse(str(error))
    return _run(listener)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _refuse(reason: str) -> int:
    print(f"SignupAssist cannot start: {reason}", file=sys.stderr)
    return 1


def _claim(port: int) -> socket.socket:
    """Return a socket that listens on the port, so that nobody else can take it from here on.

    :raises ImproperlyConfigured: if the port cannot be had
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        other = 8001 if port == 8000 else 8000
        raise ImproperlyConfigured(
            f"PORT {port} cannot be used ({error.strerror}). Choose another: PORT={other}"
        ) from None
    return listener


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let a second start wait until the first has prepared the database."""
    with (settings.VAR_DIR / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare() -> None:
    """Bring the database, and what the pages need, to where this version wants them."""
    print("Preparing the database …", file=sys.stderr)
    call_command("migrate", interactive=False, verbosity=0)
    if settings.DEBUG:
        call_command("seed_demo", verbosity=0)
    else:
        _collect_static()
    warn_of_missing_keys()
    connections.close_all()


def warn_of_missing_keys() -> None:
    """Say what cannot be opened, in one line; the start goes on, for all else can be served."""
    from credentials.selectors import rows_without_key
    from credentials.services import ring

    if rows := rows_without_key(ring()):
        counted = ", ".join(f"{number} in {table}" for table, number in rows.items())
        print(
            "Warning: a key is missing in CRED_SEAL_KEY, and what needs it cannot be opened "
            f"({counted}). See: .venv/bin/python manage.py reseal_credentials --check",
            file=sys.stderr,
        )


def _collect_static() -> None:
    """Gather the pages' files, unless none has changed since the last time."""
    from django.contrib.staticfiles.finders import get_finders

    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=None):
            facts = Path(storage.path(path)).stat()
            seen.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    stamp = settings.VAR_DIR / "static.stamp"
    if settings.STATIC_ROOT.is_dir() and stamp.is_file() and stamp.read_text() == seen.hexdigest():
        return
    print("Collecting the pages' files …", file=sys.stderr)
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(seen.hexdigest())


def _run(listener: socket.socket) -> int:
    gunicorn = (
        "-m gunicorn signupassist.wsgi --worker-class gthread --workers 2 --threads 4 --timeout 60 "
        "--graceful-timeout 8 --keep-alive 75 --no-control-socket --forwarder-headers NONE "
        f"--bind fd://{listener.fileno()}"
    )
    web = Child(
        "web",
        [sys.executable, *gunicorn.split()],
        keep_open=[listener.fileno()],
        environment=_of_web_server(),
    )
    cluster = worker.child()
    supervisor = Supervisor([web, cluster])
    threading.Thread(target=_watch, args=[cluster], daemon=True).start()
    return supervisor.run()


def _of_web_server() -> dict[str, str]:
    """Return what the web server knows of the log's keys: the public ones.

    An empty value is one: no file that the settings are read from puts another in its place.
    """
    known = ",".join(str(key) for key in settings.AUDIT_VERIFIERS)
    return {"AUDIT_SIGNING_KEY": "", "AUDIT_VERIFY_KEY": known}


def _watch(child: Child) -> None:
    """Say when the service is ready, then look after the worker."""
    if settings.DEBUG:
        while not _is_healthy():
            time.sleep(READY_POLL_SECONDS)
        _announce()
    worker.look_after(child)


def _is_healthy() -> bool:
    names = settings.ALLOWED_HOSTS
    name = HOST if validate_host(HOST, names) else next(iter(names), HOST).lstrip(".")
    connection = http.client.HTTPConnection(HOST, settings.PORT, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce() -> None:
    demo = json.loads((settings.VAR_DIR / "demo.json").read_text())
    lines = [f"SignupAssist is ready: http://{HOST}:{settings.PORT}/"]
    lines += [
        f"demo {who}: {demo[who]['email']} password: {demo[who]['password']}"
        for who in ("parent", "staff")
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
