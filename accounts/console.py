"""The admin's door."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils import translation

from accounts.services import second_factor
from audit import acting

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def proved_second_factor(request: HttpRequest) -> bool:
    """Say whether the request's person proved the second factor in this session, if staff must."""
    if not settings.STAFF_MFA:
        return True
    user_id = request.user.pk
    return user_id is not None and bool(second_factor.proved_by(request.session, user_id))


class Console(admin.AdminSite):
    """The admin, for staff who proved a second factor in this session."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Say whether whoever is asking may see any page of the admin."""
        return super().has_permission(request) and proved_second_factor(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Return the view for those who may see pages; what it asks, it asks as staff.

        The console is written in English alone; half of it in another language would be no help.
        """

        @functools.wraps(view)
        def as_staff(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            translation.activate(settings.LANGUAGE_CODE)  # for the page, too, that is made later
            if self.has_permission(request):  # some pages are for everybody: the log-out
                acting.become_staff()
            return view(request, *args, **kwargs)

        return super().admin_view(cast("View", as_staff), cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the paths without the one that leads on to a row's page: our rows have none."""
        return [path for path in super().get_urls() if getattr(path, "name", "") != "view_on_site"]
