from collections.abc import Callable
from uuid import UUID

from django.urls import URLPattern, path

from credentials.views import CredentialsView, CredentialView, RevealView


def api_urlpatterns(owns_session: Callable[[UUID, UUID], bool]) -> list[URLPattern]:
    """Return the paths of the API; `owns_session` says whether a person has such a session."""
    saving = CredentialsView.as_view(owns_session=owns_session)
    return [
        path("credentials", saving, name="credentials"),
        path("credentials/<uuid:credential_id>", CredentialView.as_view(), name="credential"),
        path("credentials/<uuid:credential_id>/reveal", RevealView.as_view(), name="reveal"),
    ]
