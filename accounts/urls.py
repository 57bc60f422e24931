"""The paths of the accounts. allauth's names are kept where its code looks them up."""

from django.urls import path

from accounts import views

page_urlpatterns = [
    path("auth", views.LogInView.as_view(), name="account_login"),
    path("auth/signup", views.SignUpView.as_view(), name="account_signup"),
    path("auth/logout", views.LogOutView.as_view(), name="account_logout"),
    path("auth/reauthenticate", views.LogInAgainView.as_view(), name="account_reauthenticate"),
    # before the admin's own, which know nothing of our limits and records
    path("admin/login/", views.admin_login),
    path("admin/logout/", views.LogOutView.as_view()),
    path("admin/password_change/", views.not_here),
]

api_urlpatterns = [
    path("auth/token", views.TokenView.as_view(), name="token"),
    path("me", views.MeView.as_view(), name="me"),
]
