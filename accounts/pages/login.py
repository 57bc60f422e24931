"""Signing up, logging in, again and out."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from typing import Any

from allauth.account import views as allauth
from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import codes
from accounts.authentication import SessionExpiredError, session_has_ended
from accounts.console import proved_second_factor
from accounts.forms import LogInAgainForm
from accounts.pages.recorded import LEAVE_NOTHING, RecordedPage
from accounts.services import logins, people, second_factor
from accounts.services.second_factor import GoodCode
from audit.context import user_id_of


@method_decorator(login_not_required, name="dispatch")
class LogInView(RecordedPage, allauth.LoginView):
    """Log in; whoever is logged in already is sent on, and whose session ended hears that it did.

    Our scripts say so with `why=ended`: the answer that told them has taken the cookie away.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        has_ended = session_has_ended(request) or request.GET.get("why") == "ended"
        if has_ended and not len(messages.get_messages(request)):
            messages.info(request, SessionExpiredError.default_detail)
        answer: HttpResponseBase = super().get(request, *args, **kwargs)
        return answer

    def form_valid(self, form: Any) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = super().form_valid(form)
        except logins.LogInOvertakenError:
            form.add_error(None, get_adapter().validation_error("email_password_mismatch"))
            answer = self.form_invalid(form)
        return answer


@method_decorator(login_not_required, name="dispatch")
class SignUpView(RecordedPage, allauth.SignupView):
    """Create an account and log in: both, or neither."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        try:
            with transaction.atomic():
                answer: HttpResponseBase = super().form_valid(form)
        except people.EmailTakenError:
            form.add_error("email", get_adapter().validation_error("email_taken"))
            answer = self.form_invalid(form)
        return answer


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("password", "code")],
    name="dispatch",
)
class LogInAgainView(RecordedPage, allauth.ReauthenticateView):
    """Ask whoever is logged in for all that their log-in needs once more, and lead them back."""

    form_class = LogInAgainForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:  # a log-in is as good, and leads to the same place
            way_on = get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL
            return redirect_to_login(way_on, reverse("account_login"))
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponseBase:
        at, code = timezone.now(), form.cleaned_data.get("code")
        try:
            if code:
                codes.log_in_with(
                    self.request, user_id_of(self.request), code, at=at, then=self._log_in_again
                )
            else:
                logins.log_in_again(self.request, at=at)
        except tuple(codes.REFUSALS) as refused:
            form.add_error("code", codes.REFUSALS[type(refused)])
            answer: HttpResponseBase = self.form_invalid(form)
            return answer
        return HttpResponseRedirect(self.get_success_url())

    def _log_in_again(self, code: GoodCode) -> None:
        logins.log_in_again(self.request, code=code, at=timezone.now())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"way_back": self.get_success_url()}


@method_decorator([login_not_required, never_cache], name="dispatch")
class LogOutView(RecordedPage, allauth.LogoutView):
    """Ask on GET, log out on POST."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        was_logged_in = self.request.user.is_authenticated
        answer: HttpResponseBase = super().post(*args, **kwargs)
        if was_logged_in:
            messages.success(self.request, _("You are logged out."))
        answer["Clear-Site-Data"] = LEAVE_NOTHING
        return answer


@login_not_required
@never_cache
def admin_login(request: HttpRequest) -> HttpResponseRedirect:
    """Send the admin's visitors to the one log-in page, and staff on to where they were going.

    Staff who did not prove a second factor in this session are led to do so, or to get one first.

    :raises PermissionDenied: if they are logged in, but are no staff
    """
    wanted = get_next_redirect_url(request) or reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(wanted, reverse("account_login"))
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    if proved_second_factor(request):
        return HttpResponseRedirect(wanted)
    if second_factor.is_on(request.user.pk):
        messages.info(request, _("For the admin, please enter a code as well."))
        return redirect_to_login(wanted, reverse("account_reauthenticate"))
    messages.info(request, _("For the admin, staff need two-step log-in. Please turn it on first."))
    return HttpResponseRedirect(reverse("account_second_factor"))


def not_here(request: HttpRequest) -> HttpResponse:
    """Close a page of the admin that would change an account without a record.

    :raises Http404: always
    """
    raise Http404
