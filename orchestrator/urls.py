from django.urls import path, re_path

from orchestrator import pages, registrations_page, views

nothing_here = re_path(r"^api/", views.NothingHereView.as_view())  # last of all paths
page_urlpatterns = [
    path("", views.ChatView.as_view(), name="chat"),
    path("auth/security/delete", pages.DeleteAccountView.as_view(), name="account_delete"),
    path("registrations/<uuid:submission_id>/noticed", views.NoticedView.as_view(), name="noticed"),
    path("mandates-audit/registrations", registrations_page.registrations, name="registrations"),
]

api_urlpatterns = [
    path("sessions", views.SessionsView.as_view(), name="sessions"),
    path("sessions/<uuid:session_id>", views.SessionView.as_view(), name="session"),
    path("sessions/<uuid:session_id>/messages", views.MessagesView.as_view(), name="messages"),
    path("sessions/<uuid:session_id>/actions", views.ActionsView.as_view(), name="actions"),
    path("submissions", views.SubmissionsView.as_view(), name="submissions"),
    path("submissions/<uuid:submission_id>", views.SubmissionView.as_view(), name="submission"),
]
