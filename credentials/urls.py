from django.urls import path

from credentials.views import CredentialsView, CredentialView, RevealView

api_urlpatterns = [
    path("credentials", CredentialsView.as_view(), name="credentials"),
    path("credentials/<uuid:credential_id>", CredentialView.as_view(), name="credential"),
    path("credentials/<uuid:credential_id>/reveal", RevealView.as_view(), name="reveal"),
]
