"""Saying whether a goal was met."""


def goal(what: str, *, met: bool) -> bool:
    """Print a line, and return whether the goal was met."""
    print(f"  {'met   ' if met else 'MISSED'} {what}", flush=True)
    return met


def title(text: str) -> None:
    """Print what is measured now."""
    print(f"\n{text}", flush=True)


def row(*cells: str) -> None:
    """Print a line of a table: a name, then figures."""
    print(f"  {cells[0]:<28}" + "".join(f"{cell:>16}" for cell in cells[1:]), flush=True)
