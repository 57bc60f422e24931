"""The second step of a log-in: asked for at /auth/2fa, turned on and off at /auth/security."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

import base64
from typing import Any
from urllib.parse import quote

from allauth.account.stages import LoginStageController
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import FormView, TemplateView

from accounts import codes
from accounts.authentication import SessionExpiredError
from accounts.forms import AddSecondFactorForm, AppCodeForm, CodeForm
from accounts.pages.recent import RecentLogInPage
from accounts.pages.recorded import RecordedPage
from accounts.services import logins, second_factor
from accounts.services.second_factor import GoodCode
from accounts.stages import CodeStage, still_counts
from audit.context import user_id_of

PARTS = ("two_step", "password", "everywhere", "delete")  # templates/account/security/


@method_decorator(never_cache, name="dispatch")
class SecurityView(TemplateView):
    """Show how one's account is kept safe, a part each."""

    template_name = "account/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parts = [f"account/security/{part}.html" for part in PARTS]
        return super().get_context_data(
            parts=parts, second_factor=second_factor.standing(user_id_of(self.request)), **kwargs
        )


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("code")], name="dispatch"
)
class CodeView(RecordedPage, AuthenticateView):
    """Ask whoever gave the right password for a code, and log them in."""

    template_name = "account/code.html"

    def get_form_class(self) -> type[CodeForm]:
        """Return what to type into; either takes both kinds of codes."""
        return CodeForm if self.request.GET.get("with") == "recovery" else AppCodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self._aborted() or super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: CodeForm) -> HttpResponseBase:
        user_id, code = self.stage.login.user.pk, form.cleaned_data["code"]
        try:
            return codes.log_in_with(
                self.request, user_id, code, at=timezone.now(), then=self._log_in
            )
        except tuple(codes.REFUSALS) as refused:
            form.add_error("code", codes.REFUSALS[type(refused)])
            answer: HttpResponseBase = self.form_invalid(form)
            return answer
        except logins.LogInOvertakenError:
            return self._back()

    def _log_in(self, code: GoodCode) -> HttpResponseBase:
        if not still_counts(self.stage):  # its person was read once more since the page was opened
            raise logins.LogInOvertakenError
        with transaction.atomic():
            second_factor.use_up(code, at=timezone.now())
            second_factor.note_proved(self.request.session, code)
            answer: HttpResponseBase = self.stage.exit()
        return answer

    def _aborted(self) -> HttpResponseBase | None:
        """Return the way back to the log-in page where the password counts no more."""
        stage = LoginStageController.enter(self.request, CodeStage.key)
        return None if stage is None or still_counts(stage) else self._back()

    def _back(self) -> HttpResponseBase:
        """Forget what was begun, and return the way to begin anew."""
        self.request.session.flush()
        messages.info(self.request, SessionExpiredError.default_detail)
        return HttpResponseRedirect(reverse("account_login"))


@method_decorator(
    [never_cache, sensitive_post_parameters("code", "offer"), sensitive_variables()],
    name="dispatch",
)
class AddSecondFactorView(RecordedPage, RecentLogInPage, FormView[AddSecondFactorForm]):
    """Show a fresh secret to scan, and ask for the first code; then show the recovery codes."""

    form_class = AddSecondFactorForm
    template_name = "account/add_second_factor.html"

    def get_initial(self) -> dict[str, Any]:
        if self.request.method == "POST":
            return {}
        _, sealed = second_factor.offer(user_id_of(self.request))
        return {"offer": sealed}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        offer = context["form"]["offer"].value() or ""
        secret = second_factor.offered(user_id_of(self.request), offer)
        link = get_adapter().build_totp_url(self.request.user, secret)
        picture = get_adapter().build_totp_svg(link).encode()
        return context | {
            "link": link,
            "picture": f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}",
            "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        }

    def form_valid(self, form: AddSecondFactorForm) -> HttpResponse:
        try:
            recovery_codes = logins.add_second_factor(
                self.request,
                sealed=form.cleaned_data["offer"],
                code=form.cleaned_data["code"],
                at=timezone.now(),
            )
        except second_factor.CodeRefusedError:
            form.add_error(
                "code", _("That is not the code that an app with this secret shows now.")
            )
            return self.form_invalid(form)
        except second_factor.AlreadyOnError:
            return HttpResponseRedirect(reverse("account_security"))
        return _shown_once(self.request, recovery_codes, title=_("Two-step log-in is on"))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if second_factor.is_on(
            user_id_of(request)
        ):  # this page shows secrets: never the one in use
            return HttpResponseRedirect(reverse("account_security"))
        try:
            return super().dispatch(request, *args, **kwargs)
        except second_factor.SecretUnreadableError:  # another person's, or of a key that is gone
            return HttpResponseRedirect(request.path)


@method_decorator(never_cache, name="dispatch")
class RemoveSecondFactorView(RecordedPage, RecentLogInPage, TemplateView):
    """Ask on GET, turn the second step off on POST."""

    template_name = "account/remove_second_factor.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            second_factor.remove(user_id_of(request), at=timezone.now())
        except second_factor.NotOnError:
            return HttpResponseRedirect(reverse("account_security"))
        messages.success(request, _("Two-step log-in is off."))
        return HttpResponseRedirect(reverse("account_security"))


@method_decorator([never_cache, sensitive_variables()], name="dispatch")
class RecoveryCodesView(RecordedPage, RecentLogInPage, TemplateView):
    """Ask on GET, make new recovery codes on POST and show them, this once."""

    template_name = "account/make_recovery_codes.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not second_factor.is_on(user_id_of(request)):
            return HttpResponseRedirect(reverse("account_security"))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            made = second_factor.make_recovery_codes(user_id_of(request), at=timezone.now())
        except second_factor.NotOnError:
            return HttpResponseRedirect(reverse("account_security"))
        return _shown_once(request, made, title=_("Your new recovery codes"))


def _shown_once(request: HttpRequest, recovery_codes: list[str], *, title: str) -> HttpResponse:
    """Return the page with the codes, in the answer itself: they are in no session and no URL."""
    text = "\n".join(
        [_("SignupAssist recovery codes"), _("Each works once."), "", *recovery_codes, ""]
    )
    context = {
        "title": title,
        "codes": recovery_codes,
        "file": f"data:text/plain;charset=utf-8,{quote(text)}",
    }
    return render(request, "account/recovery_codes.html", context)
