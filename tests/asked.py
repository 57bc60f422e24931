"""What the database was asked, without the role that PostgreSQL is told first (`audit.acting`)."""

import re

ROLE = re.compile(r"^SELECT set_config\('role', '\w+', true\), set_config\([^)]*\); ")


def plain(statement: str) -> str:
    """Return the statement itself."""
    return ROLE.sub("", statement)
