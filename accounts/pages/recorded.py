"""What all pages that do something have in common."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.views import View

from audit.services import AuditUnavailableError

# Browsers forget what our pages left with them (Clear Site Data). Cookies stay: the answer carries
# one with the sentence that says so.
LEAVE_NOTHING = '"cache", "storage"'


class RecordedPage(View):
    """A page whose deed is not done where it cannot be recorded; then it says so."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except AuditUnavailableError:
            text = render_to_string("errors/503.html")  # without the request: it asks no database
            return HttpResponse(text, status=503, headers={"Retry-After": "30"})
