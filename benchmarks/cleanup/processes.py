"""Processes that work on a database beside each other, and tell how it went."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Told = dict[str, Any]
FORK = multiprocessing.get_context("fork")


def peak_memory() -> float:
    """Return the most memory that this process ever held, in MB."""
    per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb


class Process:
    """A process of its own on one database."""

    def __init__(self, database: str, deed: Callable[[Connection], Told]) -> None:
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self._run, args=(database, deed, theirs), daemon=True)
        self.process.start()
        theirs.close()  # so that it reads as ended when the process has ended

    @staticmethod
    def _run(database: str, deed: Callable[[Connection], Told], pipe: Connection) -> None:
        from django.db import connection

        connection.settings_dict["NAME"] = database
        began = time.time()
        told = deed(pipe) | {"began": began, "ended": time.time(), "peak": peak_memory()}
        connection.close()  # SQLite's log is in the file then
        pipe.send(told)

    def hear(self) -> Any:
        """Return what it says next."""
        try:
            return self.pipe.recv()
        except EOFError:
            sys.exit("A process failed.")

    def stop(self) -> Told:
        """Return what it tells in the end."""
        self.pipe.send("stop")
        told: Told = self.hear()
        self.process.join()
        return told
