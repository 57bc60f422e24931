from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from audit import bulk, guards, sqlite_texts


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        bulk.teach_lookups()
        post_migrate.connect(guards.install_after_migrate, sender=self)
        connection_created.connect(sqlite_texts.read_any)
        checks.register(guards.check_guards, checks.Tags.database)
