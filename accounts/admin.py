"""People, as staff see them: who they are and what they may do, never a password hash."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import User

# allauth's copy of the e-mails opens log-ins: changed by hand, it would let somebody else in
admin.site.unregister(EmailAddress)
# rights are given where that is recorded
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """A reading room: accounts change where the change is recorded, and that is not here."""

    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "id")
    ordering = ("-date_joined",)
    show_full_result_count = False
    fields = ("id", "email", "is_active", "is_staff", "is_superuser", "date_joined", "last_login")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False
