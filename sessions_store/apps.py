from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate


class SessionsStoreConfig(AppConfig):
    name = "sessions_store"
    verbose_name = "Signup sessions"

    def ready(self) -> None:
        from sessions_store import schedules
        from sessions_store.checks import check_schedules, check_timetable

        checks.register(check_timetable)
        checks.register(check_schedules, checks.Tags.database)
        post_migrate.connect(schedules.ensure, sender=self, dispatch_uid="sessions_store.schedules")
