"""Puts our own site in the place of Django's admin."""

from django.contrib.admin.apps import AdminConfig

# Rooms that others bring along. Changed by hand, allauth's e-mails would let somebody else in; its
# second factors would be shown; rights are given where that is recorded (`manage.py staff`).
NOT_HERE = {"account", "mfa", "auth"}


class ConsoleConfig(AdminConfig):
    """Django's admin, with a door of its own."""

    default_site = "signupassist.dashboard.site.Landing"

    def ready(self) -> None:
        super().ready()  # everybody has registered their rooms by now
        from django.contrib.admin import site

        site.unregister([one for one in site._registry if one._meta.app_label in NOT_HERE])
