"""What all pages that do something have in common."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from audit.services import AuditUnavailableError

# Browsers forget what our pages left with them (Clear Site Data). Cookies stay: the answer carries
# one with the sentence that says so.
LEAVE_NOTHING = '"cache", "storage"'


class RecordedPage:
    """A page whose deed is not done where it cannot be recorded; then it says so."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        except AuditUnavailableError:
            text = render_to_string("errors/503.html")  # without the request: it asks no database
            return HttpResponse(text, status=503, headers={"Retry-After": "30"})
        return answer
