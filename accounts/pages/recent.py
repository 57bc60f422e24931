"""Pages that need a log-in of the last ten minutes."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views import View

from accounts.services import logins


class RecentLogInPage(View):
    """A page for whoever proved lately who they are; others are asked again, and led back."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not logins.is_recent(request, at=timezone.now()):
            way_back = urlencode({REDIRECT_FIELD_NAME: request.path}, safe="/")
            return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{way_back}")
        return super().dispatch(request, *args, **kwargs)
