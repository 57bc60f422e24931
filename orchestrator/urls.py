from django.urls import path

from orchestrator import views

page_urlpatterns = [path("", views.ChatView.as_view(), name="chat")]

api_urlpatterns = [
    path("sessions", views.SessionsView.as_view(), name="sessions"),
    path("sessions/<uuid:session_id>", views.SessionView.as_view(), name="session"),
    path("sessions/<uuid:session_id>/messages", views.MessagesView.as_view(), name="messages"),
    path("sessions/<uuid:session_id>/actions", views.ActionsView.as_view(), name="actions"),
    path("submissions", views.SubmissionsView.as_view(), name="submissions"),
    path("submissions/<uuid:submission_id>", views.SubmissionView.as_view(), name="submission"),
]
