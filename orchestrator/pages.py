"""The page that deletes an account: only here is everything known that goes with it."""

# the base classes of pages take what stands behind them, which the checker does not know:
# mypy: disable-error-code="misc"

from http import HTTPStatus
from typing import Any

from django.contrib import auth, messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts.forms import OwnPasswordForm
from accounts.pages.recent import RecentLogInPage
from accounts.pages.recorded import LEAVE_NOTHING, RecordedPage
from audit.context import user_id_of
from orchestrator.services import leaving
from orchestrator.services.refusals import RefusedError


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class DeleteAccountView(RecordedPage, RecentLogInPage, FormView[OwnPasswordForm]):
    """Say what goes and what stays, ask for the password, and delete the account."""

    form_class = OwnPasswordForm
    template_name = "account/delete.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        try:
            leaving.delete_account(user_id=user_id_of(self.request), at=timezone.now())
        except RefusedError as refused:
            return self.render_to_response(
                self.get_context_data(form=form, refusal=refused.detail), status=HTTPStatus.CONFLICT
            )
        auth.logout(self.request)
        messages.success(self.request, _("Your account is deleted."))
        return HttpResponseRedirect("/auth", headers={"Clear-Site-Data": LEAVE_NOTHING})
