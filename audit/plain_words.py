"""How a person reads the metadata of a record, and how long something took."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from django.utils.translation import gettext as _

from audit.words import LABELS, SOURCES

LONGEST = timedelta(days=30)  # that a call is believed to have taken


class Record(Protocol):
    """What has metadata, as the database gave them: whoever could write to it may have put any there."""

    @property
    def metadata(self) -> Any: ...


def said(row: Record) -> dict[str, Any]:
    """Return the metadata of a record; nothing, where they are no object."""
    return row.metadata if isinstance(row.metadata, dict) else {}


def in_words(metadata: Mapping[str, Any], *, but: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return what the metadata tells, as labels and values; what is not known is left out.

    :param but: keys that stand elsewhere
    """
    return [
        (label_of(key), _value(key, value))
        for key, value in sorted(metadata.items(), key=lambda pair: label_of(pair[0]))
        if value is not None and key not in but
    ]


def label_of(key: str) -> str:
    """Return how a person calls what stands under a key, also of a record older than our words."""
    return str(LABELS.get(key, key.replace("_", " ").capitalize()))


def step_of(step: str) -> str:
    """Return how a person reads a step of a signup."""
    return step.replace("_", " ").capitalize()


def source_of(source: str) -> str:
    """Return how a person reads who answered a provider tool."""
    return str(SOURCES.get(source, source))


def span(time: timedelta) -> str:
    """Return how long it was: the two units that matter."""
    seconds = abs(time.total_seconds())
    if seconds < 1:
        return _two(round(1000 * seconds), _("ms"))
    if seconds < 60:
        return _two(f"{seconds:.1f}".removesuffix(".0"), _("s"))
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if minutes < 60:
        return _two(minutes, _("min"), int(seconds) % 60, _("s"))
    if hours < 48:
        return _two(hours, _("h"), minutes % 60, _("min"))
    return _two(days, _("days"), hours % 24, _("h"))


def took(elapsed_ms: object) -> str | None:
    """Return how long a provider tool took; None, where that is no number or cannot be true."""
    if not isinstance(elapsed_ms, int) or isinstance(elapsed_ms, bool):
        return None
    most = LONGEST // timedelta(milliseconds=1)
    return span(timedelta(milliseconds=elapsed_ms)) if 0 <= elapsed_ms <= most else None


def _two(large: int | str, of_large: str, small: int = 0, of_small: str = "") -> str:
    return f"{large} {of_large}" + (f" {small} {of_small}" if small else "")


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if key == "elapsed_ms" and (time := took(value)):
        return time
    if key == "source" and isinstance(value, str):
        return source_of(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {number}" for name, number in value.items()) or _("nothing")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or _("nothing")
    return str(value)
