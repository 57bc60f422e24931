"""Whether a program can be had now: what its free spots and its opening say, and no more."""

from datetime import UTC, date, datetime

from django.utils.translation import gettext as _

from orchestrator.flow import local
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
    day = local.day(moment)
    if _is_day(told):
        return day
    return f"{day}, {local.time_of_day(moment)} {moment:%Z}".rstrip()


def opens(program: Program, at: datetime) -> str:
    """Return a few words on the opening for a card; '' where it is past, or nobody said."""
    told = opening(program)
    is_past = _moment(program) is not None and not is_ahead(program, at)
    return _("opens %(told)s") % {"told": told} if told and not is_past else ""


def caveat(program: Program | None, at: datetime, *, is_named: bool = False) -> str:
    """Return why the provider may say no, as a clause about "it"; '' where nothing is known.

    `is_named`: about "the program", where the words before do not name it.

    What is not open yet often counts no spots, so the opening is what matters then.
    """
    if program is None:
        return ""
    if is_ahead(program, at):
        return _("registration opens on %(opening)s: until then the provider may say no") % {
            "opening": opening(program)
        }
    if is_full(program) and is_named:
        return _(
            "the program has no spots left right now: the provider may put your child on a "
            "waiting list or say no"
        )
    if is_full(program):
        return _(
            "it has no spots left right now: the provider may put your child on a waiting "
            "list or say no"
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
