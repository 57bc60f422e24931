"""Lists to choose from, written in one go."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class ShortSelect(forms.Select):
    """A list of one choice: Django's own renders a template for each of them, dozens for a page."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """Return the element, with its groups."""
        said = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        chosen = str(value or "")
        groups = (
            _group(first, second, chosen)  # a label, and its choices
            if isinstance(second, (list, tuple))
            else _options([(str(first), str(second))], chosen)
            for first, second in self.choices
        )
        parts = format_html_join("", "{}", ((group,) for group in groups))
        return format_html("<select{}>{}</select>", flatatt(said), parts)


def _group(label: str, choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    return format_html('<optgroup label="{}">{}</optgroup>', label, _options(choices, chosen))


def _options(choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (value, SafeString(" selected") if value == chosen else "", text)
            for value, text in choices
        ),
    )
