"""A language that wraps each sentence of ours in ⟦…⟧; what is not, was said past the catalogue."""

import ast
import re
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path

from django.utils.translation import trans_real
from pytest_django import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = "eo"  # any language of Django's but ours
ENTRY = re.compile(r'^(msgctxt|msgid|msgid_plural) (".*")$', re.MULTILINE)
WRAPPED = re.compile(r"⟦[^⟦⟧]*⟧")
SHOWN = {"alt", "aria-label", "title"}


class Pseudo(GNUTranslations):
    """What Django asks for sentences: the catalogue in `locale/`, each of its sentences wrapped."""

    def __init__(self) -> None:
        super().__init__()
        self._catalog = dict(
            one for entry in _catalogue().split("\n\n")[1:] for one in _wrapped(entry)
        )
        self.plural = lambda n: int(n != 1)

    def to_language(self) -> str:
        return CODE


def speak(settings: Settings) -> None:
    """Make it a language of the product, for one test."""
    settings.LANGUAGES = [*settings.LANGUAGES, (CODE, "Pseudo")]
    vars(trans_real)["_translations"][CODE] = Pseudo()


def left_over(text: str) -> str:
    """Return what stands outside of the brackets."""
    before = ""
    while before != text:
        before, text = text, WRAPPED.sub("", text)
    return text


def texts_of(page: str) -> list[str]:
    """Return all that a person reads on a page, or hears of it."""
    reader = _Reader()
    reader.feed(page)
    return [text for text in map(str.strip, reader.found) if text]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SHOWN and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def _catalogue() -> str:
    """Return the catalogue with each text on one line."""
    text = (ROOT / "locale/en/LC_MESSAGES/django.po").read_text()
    return text.replace('"\n"', "")


def _wrapped(entry: str) -> list[tuple[str | tuple[str, int], str]]:
    said = {name: ast.literal_eval(text) for name, text in ENTRY.findall(entry)}
    key = f"{said['msgctxt']}\x04{said['msgid']}" if "msgctxt" in said else said["msgid"]
    one, many = f"⟦{said['msgid']}⟧", f"⟦{said.get('msgid_plural')}⟧"
    return [((key, 0), one), ((key, 1), many)] if "msgid_plural" in said else [(key, one)]
