"""How a control is taken away: by its word."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

Removal = Callable[[], AbstractContextManager[Any]]
CONTROLS: dict[str, Removal] = {}


def control(word: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Name what a function takes away: it returns a context manager."""

    def keep(removal: Callable[[], Any]) -> Callable[[], Any]:
        assert word not in CONTROLS
        CONTROLS[word] = removal
        return removal

    return keep


def yes(*_: Any, **__: Any) -> bool:
    """Allow whatever is asked."""
    return True


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def same(value: Any, *_: Any, **__: Any) -> Any:
    """Return what came in."""
    return value


def replaced(*what: tuple[Any, str, Any]) -> AbstractContextManager[Any]:
    stack = ExitStack()
    for owner, name, substitute in what:
        stack.enter_context(patch.object(owner, name, substitute))
    return stack
