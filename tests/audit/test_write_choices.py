"""A list to choose from is written in one go…"""

import pytest
from django import forms
from django.test import SimpleTestCase

from audit.admin.choosing import ShortSelect

pytestmark = pytest.mark.once

CHOICES = [("", "Any"), ("Kinds", [("a", "<A>"), ("b", "B & C")]), ('"q"', "Quoted")]


@pytest.mark.parametrize("chosen", ["", None, "b", '"q"', "nonsense"])
def test_as_django_writes_it(chosen: str | None) -> None:
    ours, djangos = (
        kind(choices=CHOICES).render("kind", chosen, {"id": "filter_kind", "required": False})
        for kind in (ShortSelect, forms.Select)
    )

    SimpleTestCase().assertHTMLEqual(ours, djangos)
    assert "<A>" not in ours
