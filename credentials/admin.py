"""Staff see that a login exists, whose and for what; never the secret, not even sealed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from credentials.models import StoredCredential


@admin.register(StoredCredential)
class StoredCredentialAdmin(admin.ModelAdmin[StoredCredential]):
    """Metadata of saved logins, to look at."""

    list_display = ("alias", "provider", "org_ref", "user", "key_id", "created_at", "updated_at")
    fields = ("id", "user", "alias", "provider", "org_ref", "key_id", "created_at", "updated_at")
    readonly_fields = fields
    search_fields = ("user__email__exact", "provider__exact")
    ordering = ("-created_at", "-id")
    list_select_related = ("user",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("ciphertext")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow none: `?ciphertext__startswith=` would spell the sealed text out, bit by bit."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: StoredCredential | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: StoredCredential | None = None
    ) -> bool:
        return False
