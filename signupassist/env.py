"""Reading settings from the environment: strictly, and with errors that show a good value.

The environment wins over `.env`, which wins over `var/development.env` (development only). An empty
value counts as unset. Every reader names its variable in `NAMES`, which a test holds against
`.env.example`.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

NAMES: set[str] = set()

HOST = re.compile(r"\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]")
TRUE = {"true", "1", "yes", "on"}
FALSE = {"false", "0", "no", "off"}


class SettingsError(ImproperlyConfigured):
    """A variable is missing or cannot be understood; the text is one line for the operator."""


def load_files(base_dir: Path) -> None:
    """Fill the environment from the files."""
    for name, value in in_files(base_dir).items():
        os.environ.setdefault(name, value)


def in_files(base_dir: Path) -> dict[str, str]:
    """Return what `.env` assigns and, unless DEBUG is off, `var/development.env` behind it."""
    chosen = read_file(base_dir / ".env")
    known = chosen | os.environ
    if known.get("DEBUG", "").strip().lower() in FALSE:
        return chosen
    generated = read_file(base_dir / "var" / "development.env")
    if known.get("CRED_SEAL_KEY_FILE"):
        generated.pop("CRED_SEAL_KEY", None)  # somebody chose keys of their own
    return generated | chosen


def read_file(file: Path) -> dict[str, str]:
    """Return what a file assigns; an empty value assigns nothing, a missing file neither."""
    if not file.is_file():
        return {}

    class OneFile(environ.Env):  # type: ignore[misc]  # it ships no types
        ENVIRON: ClassVar[dict[str, str]] = {}

    OneFile.read_env(file)
    return {name: value for name, value in OneFile.ENVIRON.items() if value}


def text(name: str, default: str = "") -> str:
    """Return the variable's value, or the default where it is unset or empty."""
    NAMES.add(name)
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """Return a boolean.

    :raises SettingsError: for anything but true/false, 1/0, yes/no, on/off
    """
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise SettingsError(f"{name} is {value!r}, which is neither yes nor no. Good: {name}=true")


def number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number within [low, high].

    :raises SettingsError: for anything else
    """
    value = text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise SettingsError(
            f"{name} is {value!r}, not a whole number from {low} to {high}. Good: {name}={default}"
        )
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words, in lower case.

    :raises SettingsError: for any other word
    """
    value = text(name, default).lower()
    if value not in allowed:
        raise SettingsError(
            f"{name} is {value!r}, not one of {', '.join(allowed)}. Good: {name}={default}"
        )
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return the comma-separated words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def hosts(name: str, default: str) -> list[str]:
    """Return comma-separated host names (`.example.org`: with all below it; `*`: any).

    :raises SettingsError: for a value that is no host
    """
    found = words(name, default)
    if any(not HOST.fullmatch(value) for value in found):
        raise SettingsError(f"{name} holds something that is no host. Good: {name}=app.example.org")
    return found


def origins(name: str) -> list[str]:
    """Return comma-separated origins (scheme, host and optional port; nothing after).

    :raises SettingsError: for a value that is no origin
    """
    found = words(name)
    for value in found:
        url(name, value, good="https://app.example.org", bare=True)
    return found


def url(name: str, value: str, *, good: str, bare: bool = False) -> str:
    """Return the value if it is an http(s) URL with a host (`bare`: nothing after it).

    :raises SettingsError: for anything else
    """
    problem = SettingsError(f"{name} is not a usable http(s) address. Good: {name}={good}")
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise problem from None
    extras = parts.username or parts.password or parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine or extras:
        raise problem
    if any(ch.isspace() or ord(ch) < 32 for ch in value) or (bare and (parts.path or parts.query)):
        raise problem
    return value


def secret(name: str, *, required: bool, good: str) -> str:
    """Return a secret.

    :raises SettingsError: if it is required and missing; the text never holds a value
    """
    value = text(name)
    if required and not value:
        raise SettingsError(f"{name} is missing. Good: {name}={good}")
    return value


def sent_secret(name: str, *, good: str) -> str:
    """Return a secret that travels in a header, or nothing where there is none.

    :raises SettingsError: for one that no header takes; the text never holds a value
    """
    value = secret(name, required=False, good=good)
    if not re.fullmatch(r"[!-~]*", value):
        raise SettingsError(f"{name} holds characters that no key has. Good: {name}={good}")
    return value


def values(*, but: Collection[str]) -> dict[str, str]:
    """Return all that was read so far, each text under its variable.

    The parts of lists have names of their own as well, and so have the passwords in URLs.
    """
    read = {name: text(name) for name in sorted(NAMES.difference(but))}
    return read | dict(_parts(read)) | dict(_passwords(read))


def _parts(read: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in read.items():
        if "," in value:
            for place, part in enumerate(value.split(","), start=1):
                yield f"number {place} in {name}", part.strip()


def _passwords(read: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in read.items():
        try:
            password = urlsplit(value).password
        except ValueError:  # an address of version 6 that is none
            continue
        if password:
            yield f"the password in {name}", unquote(password)
