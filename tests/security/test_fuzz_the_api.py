"""Requests made up from the API's own description, by schemathesis…"""

from importlib import import_module

from django.utils import timezone

from accounts import tokens
from tests.security.family import Family


def test_are_answered_as_it_says(family: Family) -> None:
    token = tokens.issue(family.parent.pk, at=timezone.now())
    fuzzing = import_module("tests.security.fuzzing")  # not where every worker collects
    with fuzzing.described() as api:
        fuzzing.fuzz_all(api, family.ids, {"Authorization": f"Bearer {token}"})
