"""Whether a program can be had now: what its free spots and its opening say, and no more."""

from datetime import UTC, date, datetime

from orchestrator.tools.contract import Program


def is_full(program: Program) -> bool:
    """Return whether the provider says that no spots are left."""
    return program["spots_left"] == 0


def is_ahead(program: Program, at: datetime) -> bool:
    """Return whether registration opens later than `at`; False where that cannot be told."""
    moment = _moment(program)
    return moment is not None and _aware(moment) > at


def opening(program: Program) -> str:
    """Return when registration opens as a person writes it; as it was told, if it is no time."""
    told = program["opens_at"] or ""
    moment = _moment(program)
    if moment is None:
        return told
    day = f"{moment:%B} {moment.day}, {moment.year}"
    if _is_day(told):
        return day
    zone = f" {moment:%Z}" if moment.tzinfo else ""
    return f"{day}, {moment:%H:%M}{zone}"


def opens(program: Program, at: datetime) -> str:
    """Return a few words on the opening for a card; '' where it is past, or nobody said."""
    told = opening(program)
    is_past = _moment(program) is not None and not is_ahead(program, at)
    return f"opens {told}" if told and not is_past else ""


def caveat(program: Program | None, at: datetime, it: str = "it") -> str:
    """Return why the provider may say no, as a clause about `it`; '' where nothing is known.

    What is not open yet often counts no spots, so the opening is what matters then.
    """
    if program is None:
        return ""
    if is_ahead(program, at):
        return f"registration opens on {opening(program)}: until then the provider may say no"
    if is_full(program):
        return (
            f"{it} has no spots left right now: the provider may put your child on a waiting list "
            "or say no"
        )
    return ""


def _moment(program: Program) -> datetime | None:
    try:
        return datetime.fromisoformat(program["opens_at"] or "")
    except ValueError:
        return None


def _is_day(told: str) -> bool:
    try:
        date.fromisoformat(told)
    except ValueError:
        return False
    return True


def _aware(moment: datetime) -> datetime:
    """Return a time that can be compared: one that names no zone is taken for UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
