"""Databases to fill once, and to copy for each side."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import pgtemp


@dataclass(frozen=True)
class Database:
    """A database to copy: its address and the names of it and of its copy, and how that is made."""

    title: str
    url: str
    template: str
    copied: str
    copy: Callable[[], None]


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """Give SQLite as files of this folder."""
    template, copied = folder / "template.sqlite3", folder / "copied.sqlite3"

    def copy() -> None:
        for file in folder.glob("copied.sqlite3*"):
            file.unlink()
        shutil.copy(template, copied)
        os.sync()

    yield Database("SQLite", f"sqlite:///{template}", str(template), str(copied), copy)


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """Give a PostgreSQL that waits for the disk."""
    binaries = pgtemp.find_binaries()
    if binaries is None:
        sys.exit("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    with pgtemp.server(binaries, is_durable=True) as url:
        base = url.removesuffix("/postgres")
        host = base.removeprefix("postgres://app@/")

        def do(*statements: str) -> None:
            with psycopg.connect(
                host=host, user="app", dbname="postgres", autocommit=True
            ) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        def copy() -> None:
            do(
                "DROP DATABASE IF EXISTS copied",
                "CREATE DATABASE copied TEMPLATE template STRATEGY FILE_COPY",
                "CHECKPOINT",
            )

        do("CREATE DATABASE template")
        yield Database("PostgreSQL", f"{base}/template", "template", "copied", copy)


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
