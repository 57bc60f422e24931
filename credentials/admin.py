"""Staff see that a login exists, whose and for what; never the secret, not even sealed."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from audit.reading_room import FamilyRoom, id_sought
from credentials.models import StoredCredential


@admin.register(StoredCredential)
class StoredCredentialAdmin(FamilyRoom):
    """Metadata of saved logins, to look at."""

    list_display = ("alias", "provider", "org_ref", "person", "key_id", "created_at", "updated_at")
    fields = ("id", "person", "alias", "provider", "org_ref", "key_id", "created_at", "updated_at")
    readonly_fields = fields
    # given only so that the search box is shown; get_search_results says what is searched
    search_fields = ("id",)
    search_help_text = "The id of a login or person, a person's e-mail, or a provider; exact."
    ordering = ("-created_at", "-id")
    list_select_related = ("user",)

    @admin.display(description="user")
    def person(self, login: StoredCredential) -> str:
        """Return whose it is: no link, as Django makes, for who reads this may not read that."""
        return str(login.user)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("ciphertext")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        sought = id_sought(term)
        named = Q(provider=term) if sought is None else Q(pk=sought) | Q(user_id=sought)
        return queryset.filter(named), False
