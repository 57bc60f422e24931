"""Choosing a new password: by a link in the mail, or with the one that counts."""

import re
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from accounts.forms import ChangePasswordForm, EmailForm, NewPasswordForm
from accounts.models import UserManager
from accounts.pages.recorded import RecordedPage
from accounts.services import passwords

SECURITY = "/auth/security"
# What follows the link learns our address, and not the link; with no referrer at all, browsers
# send forms from `Origin: null`, and ours would be refused.
NO_LINK_IN_REFERER = "strict-origin"
_PORT = re.compile(r":\d+$")


@method_decorator([login_not_required, never_cache], name="dispatch")
class ResetView(RecordedPage, FormView[EmailForm]):
    """Ask for the e-mail; the answer is the same whether or not it has an account."""

    form_class = EmailForm
    template_name = "account/reset.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (settings.MAILS_PARENTS or settings.DEBUG):  # no mail would ever arrive
            return render(request, "account/reset_unavailable.html", status=503)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: EmailForm) -> HttpResponse:
        email = UserManager.normalize_email(form.cleaned_data["email"])
        if not ratelimit.consume(self.request, action="reset_password", key=email):
            answer: HttpResponse = ratelimit.respond_429(self.request)
            return answer
        passwords.ask_for_reset(email=email, site=_site(self.request), at=timezone.now())
        return HttpResponseRedirect("/auth/reset/sent")


@method_decorator([login_not_required, never_cache], name="dispatch")
class ResetSentView(TemplateView):
    """Say where to look for the link."""

    template_name = "account/reset_sent.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_printed=not settings.MAILS_PARENTS, **kwargs)


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("password1")], name="dispatch"
)
class NewPasswordView(RecordedPage, FormView[NewPasswordForm]):
    """Let whoever has the link choose a password; it leads on to the log-in page, with its codes."""

    form_class = NewPasswordForm
    template_name = "account/new_password.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.owner = passwords.owner_of(kwargs["key"])
            answer = super().dispatch(request, *args, **kwargs)
        except passwords.LinkInvalidError:
            answer = render(request, "account/link_invalid.html", status=404)
        answer["Referrer-Policy"] = NO_LINK_IN_REFERER
        return answer

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.owner}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(owner=self.owner, **kwargs)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        user = passwords.reset(
            self.kwargs["key"], form.cleaned_data["password1"], at=timezone.now()
        )
        # whoever forgot it has tried in vain before
        get_adapter()._delete_login_attempts_cached_email(self.request, email=user.email)
        messages.success(self.request, _("Your new password is set. Please log in."))
        return HttpResponseRedirect(settings.LOGIN_URL)


@method_decorator(
    [never_cache, sensitive_post_parameters("password", "password1")], name="dispatch"
)
class ChangePasswordView(RecordedPage, FormView[ChangePasswordForm]):
    """Change the password of whoever is logged in; their other log-ins end."""

    form_class = ChangePasswordForm
    template_name = "account/change_password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        new = form.cleaned_data["password1"]
        passwords.change(self.request, form.user, new, at=timezone.now())
        messages.success(
            self.request, _("Your password is changed. You are logged out everywhere else.")
        )
        return HttpResponseRedirect(SECURITY)


def _site(request: HttpRequest) -> str:
    """Return the address of our pages for a mail; where they are public, it has no port.

    Whoever asks chooses the port of the Host header, and ALLOWED_HOSTS judges the name alone.
    """
    host = request.get_host()
    return f"{request.scheme}://{host if settings.DEBUG else _PORT.sub('', host)}"
