"""How commands print while they work."""

import os

from django.core.management.base import OutputWrapper


def say(out: OutputWrapper, line: str) -> None:
    """Print a line at once; a reader that went away ends the printing, not the work."""
    try:
        out.write(line)
        out.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())  # what is left in the buffer goes there, too
        os.close(nowhere)
