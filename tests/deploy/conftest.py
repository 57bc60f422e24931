"""The whole service, started once for all that look at it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import pgtemp, requirements_of_machine
from tests.deploy import stack


@pytest.fixture(scope="module")
def everything() -> Iterator[stack.Stack]:
    """Two web and two worker processes, and all that they need, as compose.yaml has them."""
    binaries = pgtemp.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    for part in ("pgbouncer", "redis"):
        requirements_of_machine.need(part)
    with ExitStack() as parts:
        # not pytest's folder, which lets nobody pass through but us
        home = parts.enter_context(TemporaryDirectory(prefix="signupassist-stack-"))
        running = parts.enter_context(stack.running(Path(home), binaries))
        print(running.remark)
        yield running
