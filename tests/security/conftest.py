"""What the tests of the outer wall share."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.security.family import Family


@pytest.fixture
def fresh_limits(db: None) -> Iterator[None]:
    """Forget who tried to log in: the limits count in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def family(fresh_limits: None) -> Family:
    """A family, and all that is theirs."""
    return Family.settle()
