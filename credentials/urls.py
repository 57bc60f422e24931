from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from credentials.pages import saved_logins
from credentials.views import CredentialView, RevealView

page_urlpatterns = [path("mandates-audit/logins", saved_logins, name="saved-logins")]


def api_urlpatterns(logins: Callable[..., HttpResponseBase]) -> list[URLPattern]:
    """Return the paths of the API; `logins` is the project's `CredentialsView`."""
    return [
        path("credentials", logins, name="credentials"),
        path("credentials/<uuid:credential_id>", CredentialView.as_view(), name="credential"),
        path("credentials/<uuid:credential_id>/reveal", RevealView.as_view(), name="reveal"),
    ]
