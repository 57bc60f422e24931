"""`python -m tests.suite [ARGUMENTS FOR PYTEST…]` runs every check and test; script/test calls it.

The quick checks come first and all of them run; tests follow where the checks passed. What the
machine lacks is installed where we may, else the closing line says what was not run (with CI=true
that is a failure).
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests import pgtemp, processes, requirements_of_machine

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
STRICT = os.environ.get("CI", "").lower() in {"1", "true", "yes", "on"}
# Most tests wait for real processes, so the runs go on at the same time, each in some workers. A file
# stays together, since its tests share servers, and the files keep the order that tests.conftest gives
# them. With arguments pytest runs as it is told to.
SPREAD = ["--dist", "loadfile", "--no-loadscope-reorder", "-n"]
# Pages and scripts are tested on SQLite. The runs end at about the same time; one worker more costs the
# seconds of its start and a database.
ON_SQLITE, ON_POSTGRESQL = [*SPREAD, "4"], [*SPREAD, "2"]
# Where nothing was run before: nobody comes back for what mypy would note down, and one process
# compiles the tests, while mypy has the other core, which each worker would do for itself.
FRESH = ["--cache-dir", os.devnull] if STRICT else []
COMPILED = {"collection": [PYTHON, "-m", "pytest", "--collect-only", "-qqq"]} if STRICT else {}
BROWSER = "chromium fonts-dejavu-core"
OK_CODES = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def environment(folder: Path) -> dict[str, str]:
    """Return an environment like production's, which no `.env` and no `var/` reaches."""
    examples = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.removeprefix("# ").partition("=")[0] for line in examples if "=" in line]
    blank = {name: "" for name in names if name.isupper()}  # set: nothing else can fill it
    return {
        **os.environ,
        **blank,
        "DEBUG": "false",
        "SECRET_KEY": "for checks alone, never for anything else: 5f0c1d9b7e3a4286",
        "CRED_SEAL_KEY": "Y2hlY2tzIGFsb25lIDAxMjM0NTY3ODkgYWJjZGVmZ2g=",
        "ALLOWED_HOSTS": "app.example.org",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
        "NUM_PROXIES": "1",
    }


def checks() -> dict[str, list[str]]:
    """Return what is true or false without running the product, by name."""
    here = Path(PYTHON).parent
    manage = [PYTHON, "manage.py"]
    return {
        "types": [PYTHON, "-m", "mypy", *FRESH, "."],  # the longest
        "ruff check": [str(here / "ruff"), "check", "."],
        "ruff format": [str(here / "ruff"), "format", "--check", "."],
        "import contracts": [str(here / "lint-imports")],
        "secrets": [PYTHON, "-m", "tests.upkeep.secret_scan"],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "check --deploy": [*manage, "check", "--deploy", "--fail-level", "WARNING"],
        "OpenAPI": [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
        **COMPILED,
    }


def run_checks() -> list[str]:
    """Return the names of the checks that failed."""
    with tempfile.TemporaryDirectory(prefix="signupassist-checks-") as folder:
        env = environment(Path(folder))
        codes = _sections({name: (command, env) for name, command in checks().items()})
        return [name for name, code in codes.items() if code]


def run_tests(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of the runs that failed, and sentences on what was not run."""
    lacking = install_what_is_missing()
    env = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    if STRICT:
        env["REQUIRE"] = "pg,pgbouncer,browser,redis,sdk-1x"
    pytest_command = [PYTHON, "-m", "pytest"]
    runs = {"tests on SQLite": ([*pytest_command, *(arguments or ON_SQLITE)], env)}
    on_postgres = [*pytest_command, *(arguments or ON_POSTGRESQL), "-m", "not once"]
    if url := os.environ.get("TEST_DATABASE_URL"):
        runs["tests on PostgreSQL"] = (on_postgres, {**env, "TEST_DATABASE_URL": url})
    elif pgtemp.find_binaries():
        runs["tests on PostgreSQL"] = ([PYTHON, "-m", "tests.pgtemp", *on_postgres], env)
    if arguments:  # somebody watches, or debugs: one after the other
        codes = {title: _section(title, *run) for title, run in runs.items()}
    else:
        codes = _sections(runs)
    none_ran = set(codes.values()) == {pytest.ExitCode.NO_TESTS_COLLECTED}
    allowed = OK_CODES if arguments and not none_ran else {pytest.ExitCode.OK}
    return [title for title, code in codes.items() if code not in allowed], lacking


def install_what_is_missing() -> list[str]:
    """Install Chromium, servers and the SDK 1.x where we may; return what is still missing."""
    wanted: dict[str, Callable[[], str | None]] = {
        BROWSER: lambda: requirements_of_machine.missing("browser"),
        "postgresql": _postgres_is_missing,
        "pgbouncer": lambda: requirements_of_machine.missing("pgbouncer"),
        "redis-server": lambda: requirements_of_machine.missing("redis"),
        "gettext": lambda: requirements_of_machine.missing("gettext"),
    }
    install([word for names, lacks in wanted.items() if lacks() for word in names.split()])
    wanted["sdk-1x"] = lambda: requirements_of_machine.missing("sdk-1x")
    return [sentence for lacks in wanted.values() if (sentence := lacks())]


def install(packages: Sequence[str]) -> None:
    """Install packages of Debian's where we may; what came of it, whoever needs them finds out."""
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"== Installing {' '.join(packages)}", flush=True)
        script = (  # a browser comes without its windows where Debian has it so
            "{ dpkg --configure -a && apt-get update && for name; do shift;"
            ' apt-cache show "$name-headless-shell" && name="$name-headless-shell";'
            ' set -- "$@" "$name"; done &&'
            ' apt-get install -y --no-install-recommends "$@"; } </dev/null >var/apt.log 2>&1'
        )
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        processes.run(["sh", "-c", script, "sh", *packages], env)


def _postgres_is_missing() -> str | None:
    if os.environ.get("TEST_DATABASE_URL") or pgtemp.find_binaries():
        return None
    return "no PostgreSQL: apt-get install postgresql, or set TEST_DATABASE_URL or PG_BIN"


def _section(title: str, command: Sequence[str], env: Mapping[str, str] | None) -> int:
    print(f"== {title}", flush=True)
    return processes.run(command, env)


def _sections(runs: Mapping[str, processes.Command]) -> dict[str, int]:
    """Return the exit codes of runs that go on at the same time, by title."""
    titles = list(runs)
    print(f"== {titles[0]}", flush=True)
    done = processes.run_together(list(runs.values()))
    for title, (_, output) in zip(titles[1:], done[1:], strict=True):
        print(f"== {title}\n{output}", end="", flush=True)
    return {title: code for title, (code, _) in zip(titles, done, strict=True)}


def main(arguments: list[str]) -> int:
    """Return 0 where everything that ran passed; the last line printed says so, or what failed."""
    processes.stop_on_signals()
    lacking: list[str] = []
    try:
        failed = run_checks()
        if not failed:
            failed, lacking = run_tests(arguments)
    except KeyboardInterrupt:
        print("FAIL: interrupted")
        return 130
    if lacking and STRICT:
        failed += lacking
    if failed:
        print(f"FAIL: {'; '.join(failed)}")
        return 1
    print(f"PASS, but not everything was run: {'; '.join(lacking)}" if lacking else "PASS")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
