"""The paths of the ledger: the API's, to be mounted under `api/v1/`, and the page's."""

from django.urls import path

from audit.views import AuditView, mandates_audit

api_urlpatterns = [path("audit", AuditView.as_view(), name="audit")]
page_urlpatterns = [path("mandates-audit", mandates_audit, name="mandates-audit")]
