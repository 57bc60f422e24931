"""All of compose.yaml on this machine: its commands and environment as written, on loopback ports.

What a container would give is given: the files that `.dockerignore` lets through, the user of the
image, an environment with nothing of ours in it, a `/tmp` of its own. PostgreSQL and Redis are this
machine's; PgBouncer is Debian's, with the configuration that the containers mount.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests import pgtemp
from tests.deploy import recipes
from tests.deploy.container import PLAIN_PATH, Container, as_user
from tests.scripts.checkout import free_port

Replacements = Mapping[str, str]


def replaced(text: str, by: Replacements) -> str:
    """Return the text with each of these in place of what it was."""
    for old, new in by.items():
        text = text.replace(old, new)
    return text


class Stack:
    """The services of compose.yaml, each by its name there; web and worker come twice."""

    def __init__(self, home: Path, sockets: str, *, processes: int = 1, **variables: str) -> None:
        """`processes` is of each web service; the variables go over those made here."""
        self.processes = processes
        self.image = recipes.stages()[-1]
        self.prefix, self.remark = as_user(self.image.user)
        self.sockets = sockets  # the folder in which PostgreSQL listens
        self.home = home
        self.files = home / "app"
        self.variables = self._new_secrets() | variables
        self.services = recipes.compose(self.variables)
        self.ports = {name: free_port() for name in ("pgbouncer", "redis", "tools")}
        self.webs = [self._container("web", number) for number in (1, 2)]
        self.workers = [self._container("worker", number) for number in (1, 2)]
        self.tools = self._container("tools")
        self.containers = [*self.webs, *self.workers, self.tools]
        self._operator = self._container("manage")

    @property
    def owner_url(self) -> str:
        """The database's address, as its owner."""
        return f"postgresql://owner:{self.variables['OWNER_PASSWORD']}@/signupassist?host={self.sockets}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the owner sees, asked past the product."""
        with psycopg.connect(self.owner_url, autocommit=True) as database:
            found = database.execute(statement.encode())
            return found.fetchall() if found.description else []

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Return how a command that an operator runs ended; without words, the one that is usual."""
        entrypoint: list[str] = self.services["manage"]["entrypoint"]
        return self._operator.outcome([*entrypoint, *words] if words else ())

    # --- What stands where ------------------------------------------------------------------------

    def replacements(self) -> dict[str, str]:
        """Return what is somewhere else here than in a container."""
        return {
            "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin": PLAIN_PATH,
            "@postgres:5432/": f"@/{self.sockets}/",
            "host=postgres": f"host={self.sockets}",
            "pgbouncer:6432": f"127.0.0.1:{self.ports['pgbouncer']}",
            "redis:6379": f"127.0.0.1:{self.ports['redis']}",
            "tools:8080": f"127.0.0.1:{self.ports['tools']}",
            "/checkpoints/": f"{self.home}/checkpoints/",
        }

    def _container(self, service: str, number: int = 1) -> Container:
        said = self.services[service]
        tmp = self.home / f"{service}-{number}"
        tmp.mkdir(mode=0o777)
        tmp.chmod(0o777)
        environment = {
            name: replaced(str(value), self.replacements())
            for name, value in {**self.image.environment, **said.get("environment", {})}.items()
        }
        if "PORT" in environment:
            port = self.ports[service] if service in self.ports else free_port()
            environment["PORT"] = str(port)
        if "WORKER_METRICS_PORT" in environment:
            environment["WORKER_METRICS_PORT"] = str(free_port())
        command = [*said.get("entrypoint", []), *said.get("command", self.image.command)]
        environment |= {"HOME": "/", "TMPDIR": str(tmp), "WEB_CONCURRENCY": str(self.processes)}
        return Container(f"{service} {number}", command, environment, self.files, self.prefix)

    def _new_secrets(self) -> dict[str, str]:
        made = subprocess.run(
            [sys.executable, "-m", "deploy.new_secrets"],
            cwd=recipes.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return dict(line.split("=", 1) for line in made.stdout.splitlines())

    # --- In the order of compose.yaml -------------------------------------------------------------

    def build(self) -> None:
        """Make the image's folder, which nobody may write to from here on."""

        def left_out(folder: str, names: list[str]) -> set[str]:
            inside = Path(folder).relative_to(recipes.ROOT)
            return {name for name in names if not recipes.is_sent((inside / name).as_posix())}

        shutil.copytree(recipes.ROOT, self.files, ignore=left_out)
        builder = recipes.stages()[0]
        environment = {"PATH": PLAIN_PATH, "HOME": str(self.home)}
        collecting = next(run for run in builder.runs if "collectstatic" in run)
        subprocess.run(
            ["sh", "-c", collecting],
            cwd=self.files,
            env=environment,
            check=True,
            capture_output=True,
        )
        checkpoints = self.home / "checkpoints"
        checkpoints.mkdir(mode=0o777)
        checkpoints.chmod(0o777)  # the image gives it to its user
        for path in (self.files, *self.files.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)

    def release(self) -> None:
        """Make the logins and the tables."""
        environment = {
            **self.services["postgres"]["environment"],
            "PATH": PLAIN_PATH,
            "PGHOST": self.sockets,
            "POSTGRES_USER": "app",
        }
        logins = recipes.ROOT / "deploy/postgres/logins.sh"
        subprocess.run(["sh", str(logins)], env=environment, check=True)
        self._ask_for_passwords()
        self._container("release").run()

    def _ask_for_passwords(self) -> None:
        """Let nobody in without one but the superuser; here PostgreSQL trusts whoever reaches it."""
        rules = "local all app trust\nlocal all all scram-sha-256\n"
        (Path(self.sockets) / "data" / "pg_hba.conf").write_text(rules)
        with psycopg.connect(f"postgresql://app@/postgres?host={self.sockets}") as database:
            database.execute("SELECT pg_reload_conf()")

    def start(self) -> None:
        """Start everything, and return once it is healthy."""
        self._start_redis()
        self._start_pgbouncer()
        # what runs every minute anyway is due at once
        self.rows("UPDATE django_q_schedule SET next_run = now() WHERE cron = '* * * * *'")
        for container in (self.tools, *self.webs, *self.workers):
            container.start()
        for web in self.webs:
            web.wait_until_healthy(self.image.health)
        for worker in self.workers:
            worker.wait_until_it_writes(" running.")

    def _start_redis(self) -> None:
        words = [*self.services["redis"]["command"], "--port", str(self.ports["redis"])]
        self._start_neighbour("redis", [*words, "--bind", "127.0.0.1"], {})

    def _start_pgbouncer(self) -> None:
        here = self.home / "pgbouncer-1"
        start, config = here / "start.sh", here / "pgbouncer.ini"
        logins = f"{self.services['pgbouncer']['tmpfs'][0]}/logins"
        moved = {logins: f"{here}/logins", "/etc/signupassist": str(here)} | self.replacements()
        port = {"listen_port = 6432": f"listen_port = {self.ports['pgbouncer']}"}
        here.mkdir(mode=0o777)
        here.chmod(0o777)
        for path, by in ((start, moved), (config, moved | port)):
            said = (recipes.ROOT / "deploy/pgbouncer" / path.name).read_text()
            path.write_text(replaced(said, by))
        environment = self.services["pgbouncer"]["environment"]
        self._start_neighbour("pgbouncer", ["sh", str(start)], environment)

    def _start_neighbour(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        here = self.home / f"{name}-1"
        here.mkdir(exist_ok=True)
        here.chmod(0o777)
        environment = {**environment, "PATH": PLAIN_PATH, "TMPDIR": str(here)}
        container = Container(name, command, environment, here, self.prefix)
        self.containers.append(container)
        container.start()
        container.wait_until_healthy(self.health_check(name))

    def health_check(self, service: str) -> list[str]:
        """Return the command by which compose.yaml looks after a service."""
        kind, *words = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        port = self.ports.get(service, 0)
        moved = {"127.0.0.1/6432": f"127.0.0.1/{port}", "127.0.0.1": self.sockets}
        if service == "redis":
            words[1:1] = ["-p", str(port)]
        return [
            replaced(word, moved if service == "postgres" else {"/6432": f"/{port}"})
            for word in words
        ]

    def close(self) -> None:
        """Leave nothing running."""
        for container in self.containers:
            container.kill()


@contextmanager
def running(
    home: Path, binaries: Path, *, is_durable: bool = False, processes: int = 1, **variables: str
) -> Iterator[Stack]:
    """Give the whole service, in a folder of its own; nothing of it is left afterwards."""
    with ExitStack() as parts:
        url = parts.enter_context(pgtemp.server(binaries, is_durable=is_durable))
        home.chmod(0o755)
        sockets = url.split("@/")[1].removesuffix("/postgres")
        Path(sockets).chmod(0o711)  # the image's user goes through it to PostgreSQL
        stack = Stack(home, sockets, processes=processes, **variables)
        parts.callback(stack.close)
        stack.build()
        stack.release()
        stack.start()
        yield stack
