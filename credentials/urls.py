from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from credentials.views import CredentialView, RevealView


def api_urlpatterns(logins: Callable[..., HttpResponseBase]) -> list[URLPattern]:
    """Return the paths of the API; `logins` is the project's `CredentialsView`."""
    return [
        path("credentials", logins, name="credentials"),
        path("credentials/<uuid:credential_id>", CredentialView.as_view(), name="credential"),
        path("credentials/<uuid:credential_id>/reveal", RevealView.as_view(), name="reveal"),
    ]
