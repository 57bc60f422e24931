"""What the worker works on."""

from tests.sessions_store.conftest import make_session

__all__ = ["make_session"]
