"""Logging out everywhere."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.pages.recorded import LEAVE_NOTHING, RecordedPage
from accounts.services import logins


@method_decorator(never_cache, name="dispatch")
class LogOutEverywhereView(RecordedPage, View):
    """End all log-ins of whoever is logged in; the button stands on the page about security."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect("/auth/security")

    def post(self, request: HttpRequest) -> HttpResponse:
        logins.log_out_everywhere(request, at=timezone.now())
        messages.success(request, _("You are logged out everywhere."))
        return HttpResponseRedirect("/auth", headers={"Clear-Site-Data": LEAVE_NOTHING})
