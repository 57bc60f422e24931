"""Which languages we speak: those that have a folder in `locale/`."""

from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language


def known(folder: Path) -> list[tuple[str, str]]:
    """Return the languages below this folder, each with the name that its own people give it.

    Django knows many more, and would mix its own sentences in them with ours in English.
    """
    codes = [to_language(one.parent.name) for one in sorted(folder.glob("*/LC_MESSAGES"))]
    return [(code, LANG_INFO.get(code, {}).get("name_local", code)) for code in codes]
