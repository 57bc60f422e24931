"""The paths of the accounts. allauth's names are kept where its code looks them up."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from accounts import views
from accounts.pages import everywhere, login, passwords, second_factor

page_urlpatterns = [
    path("auth", login.LogInView.as_view(), name="account_login"),
    path("auth/signup", login.SignUpView.as_view(), name="account_signup"),
    path("auth/logout", login.LogOutView.as_view(), name="account_logout"),
    path("auth/reauthenticate", login.LogInAgainView.as_view(), name="account_reauthenticate"),
    path("auth/reset", passwords.ResetView.as_view(), name="account_reset_password"),
    path("auth/reset/sent", passwords.ResetSentView.as_view()),
    path(
        "auth/reset/<str:key>",
        passwords.NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("auth/2fa", second_factor.CodeView.as_view(), name="mfa_authenticate"),
    path("auth/security", second_factor.SecurityView.as_view(), name="account_security"),
    path(
        "auth/security/totp",
        second_factor.AddSecondFactorView.as_view(),
        name="account_second_factor",
    ),
    path(
        "auth/security/totp/off",
        second_factor.RemoveSecondFactorView.as_view(),
        name="account_second_factor_off",
    ),
    path(
        "auth/security/codes",
        second_factor.RecoveryCodesView.as_view(),
        name="account_recovery_codes",
    ),
    path(
        "auth/security/password",
        passwords.ChangePasswordView.as_view(),
        name="account_change_password",
    ),
    path(
        "auth/security/everywhere",
        everywhere.LogOutEverywhereView.as_view(),
        name="account_logout_everywhere",
    ),
    # before the admin's own, which know nothing of our limits and records
    path("admin/login/", login.admin_login),
    path("admin/logout/", login.LogOutView.as_view()),
    path("admin/password_change/", login.not_here),
    path("admin/password_change/done/", login.not_here),
]


def api_urlpatterns(me: Callable[..., HttpResponseBase]) -> list[URLPattern]:
    """Return the paths of the API; `me` also deletes, which only an app above us can."""
    return [
        path("auth/token", views.TokenView.as_view(), name="token"),
        path("auth/logout", views.TokenLogOutView.as_view(), name="token_logout"),
        path("me", me, name="me"),
    ]
