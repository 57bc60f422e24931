"""What the product's own handlers would write, in the format of a terminal and of production."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from signupassist import logs


@contextmanager
def written(log_format: str, *, level: int = logging.DEBUG) -> Iterator[StringIO]:
    """Give what is logged inside, by whomever, as the format has it."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logs.formatter(log_format))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
