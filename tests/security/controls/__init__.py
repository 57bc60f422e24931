"""The controls that can be taken away, each by its word: what stands between a threat and a family.

A context manager each. Inside, the product is as if nobody had thought of the threat; the tests that
SECURITY.md names for it must notice (`tests.security.without` sees to that).
"""

from tests.security.controls import people, secrets, wall
from tests.security.controls.taking import CONTROLS

__all__ = ["CONTROLS", "people", "secrets", "wall"]
