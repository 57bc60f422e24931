"""The paths of the ledger: the API's, to be mounted under `api/v1/`, and the page's."""

from django.urls import path

from audit.pages import mandates_audit
from audit.views import (
    AuditCheckpointView,
    AuditExportView,
    AuditRecordView,
    AuditView,
)

api_urlpatterns = [
    path("audit", AuditView.as_view(), name="audit"),
    path("audit/checkpoint", AuditCheckpointView.as_view(), name="audit-checkpoint"),
    path("audit/export", AuditExportView.as_view(), name="audit-export"),
    path("audit/<uuid:record_id>", AuditRecordView.as_view(), name="audit-record"),
]
page_urlpatterns = [path("mandates-audit", mandates_audit, name="mandates-audit")]
