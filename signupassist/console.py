"""Puts our own site in the place of Django's admin."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """Django's admin, with a door of its own."""

    default_site = "accounts.console.Console"
