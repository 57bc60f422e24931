"""People, as staff see them: who they are and what they may do, never a password hash.

One thing can be done: an account is disabled, and enabled again, both recorded.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.services import roles, standing
from audit.context import user_id_of
from audit.reading_room import NOT_RECORDED, FamilyRoom
from audit.services import AuditUnavailableError

MINUTE = "%Y-%m-%d %H:%M"
OWN = "This is your own account. Somebody else has to do it."
OF_STAFF = "This is an account of staff: only a superuser disables or enables it."


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("disabled", "Disabled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(is_active=self.value() == "active") if self.value() else queryset


class TrustFilter(admin.SimpleListFilter):
    title = parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("parent", "Parents"), ("staff", "Staff")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(is_staff=self.value() == "staff") if self.value() else queryset


@admin.register(User)
class UserAdmin(FamilyRoom):
    """Accounts change where the change is recorded: here, that is whether they can be used."""

    list_display = ("name", "state", "trusted_with", "joined", "logged_in")
    list_filter = (StateFilter, TrustFilter)
    search_fields = ("email", "id")
    search_help_text = "An e-mail or a part of it, or the id of a person."
    ordering = ("-date_joined", "-id")
    change_form_template = "accounts/admin/user.html"
    fields = (
        "id", "email", "state", "trusted_with", "logs_in_at", "joined", "logged_in",
        "logged_out_everywhere",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people: QuerySet[Any] = super().get_queryset(request).defer("password")
        return people.prefetch_related("groups")

    def whose(self, row: User) -> UUID:
        return row.pk

    # --- Columns ---------------------------------------------------------------------------------

    @admin.display(description="e-mail")
    def name(self, user: User) -> str:
        return str(user)

    @admin.display(description="account")
    def state(self, user: User) -> SafeString:
        tone, word = ("ok", "Active") if user.is_active else ("bad", "Disabled")
        return format_html('<span class="pill pill-{}">{}</span>', tone, word)

    @admin.display(description="role")
    def trusted_with(self, user: User) -> str:
        if user.is_superuser:
            return "superuser"
        held = ", ".join(role.value for role in roles.roles_of(user))
        return held or ("staff without a role" if user.is_staff else "parent")

    @admin.display(description="logs in")
    def logs_in_at(self, user: User) -> str:
        """Return where this person proves who they are."""
        if user.is_local:
            return "here"
        return "at " + ", ".join(user.identities.values_list("issuer", flat=True).distinct())

    @admin.display(description="joined (UTC)")
    def joined(self, user: User) -> str:
        return f"{user.date_joined:{MINUTE}}"

    @admin.display(description="last log-in (UTC)")
    def logged_in(self, user: User) -> str | None:
        return f"{user.last_login:{MINUTE}}" if user.last_login else None

    @admin.display(description="log-ins ended (UTC)")
    def logged_out_everywhere(self, user: User) -> str:
        """Return since when all who are logged in must have proved who they are."""
        ended = user.logins_valid_from
        return f"{ended:{MINUTE}}: whoever was logged in had to log in again" if ended else "never"

    # --- Disabling and enabling ------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.standing_view)
        own = [
            path("<path:object_id>/disable/", view, {"enabling": False}, name="disable_account"),
            path("<path:object_id>/enable/", view, {"enabling": True}, name="enable_account"),
        ]
        return [*own, *super().get_urls()]

    def standing_view(
        self, request: HttpRequest, object_id: str, *, enabling: bool
    ) -> HttpResponse:
        """Ask whether the account is really to be disabled, or enabled; a POST does it."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not self.may(request, "disable"):
            raise PermissionDenied
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if request.method != "POST":
            return self._ask(request, user, enabling=enabling)
        deed = standing.enable if enabling else standing.disable
        try:
            deed(user_id=user.pk, staff_id=user_id_of(request), at=timezone.now())
        except standing.NoSuchAccountError:  # deleted this very moment
            raise Http404 from None
        except (standing.NotTheirsToDecideError, standing.NothingToDoError):
            return self._ask(request, user, enabling=enabling, status=409)
        except AuditUnavailableError:
            return self._ask(request, user, enabling=enabling, refusal=NOT_RECORDED, status=503)
        done = "enabled" if enabling else "disabled"
        self.message_user(request, f"The account is {done}.", messages.SUCCESS)
        return redirect("admin:accounts_user_change", user.pk)

    def _ask(
        self,
        request: HttpRequest,
        user: User,
        *,
        enabling: bool,
        refusal: str | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Return the page that asks, or says why not."""
        refusal = refusal or self.about(request, user)["refusal"]
        if refusal is None and user.is_active == enabling:
            refusal = f"This account is {'enabled' if enabling else 'disabled'} already."
        context = {
            **self.admin_site.each_context(request),
            "title": "Enable this account" if enabling else "Disable this account",
            "opts": self.opts,
            "original": user,
            "enabling": enabling,
            "refusal": refusal,
        }
        return TemplateResponse(request, "accounts/admin/standing.html", context, status=status)

    def about(self, request: HttpRequest, row: User) -> dict[str, Any]:
        """Return whether this person may disable or enable the account, and if not, why."""
        refusal = None
        if not standing.may_decide(User.objects.get(pk=user_id_of(request)), row):
            refusal = OWN if row.pk == request.user.pk else OF_STAFF
        return {"may_disable": self.may(request, "disable"), "refusal": refusal}
