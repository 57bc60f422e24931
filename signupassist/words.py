"""The sentences that our scripts say, as a script of its own: the policy lets none stand in a page."""

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.i18n import JavaScriptCatalog

A_WHILE = 10 * 60  # seconds: a new wording is on every page soon


@method_decorator(
    [login_not_required, conditional_page, cache_control(public=True, max_age=A_WHILE)], "dispatch"
)
class WordsForScripts(JavaScriptCatalog):
    """Answers Django's catalogue in the reader's language; `Vary` keeps those apart."""

    packages = ["signupassist"]  # and what stands in `locale/`; Django's own pages bring theirs
    http_method_names = ("get", "head")


words_for_scripts = WordsForScripts.as_view()
