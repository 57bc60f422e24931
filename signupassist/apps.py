import gc
import sys
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class ProjectConfig(AppConfig):
    """Wires what the apps may not know of each other."""

    name = "signupassist"
    verbose_name = "SignupAssist"

    def ready(self) -> None:
        from audit import acting, sqlite_lock

        _declare_sealed_texts()
        _declare_rows_of_people()
        connection_created.connect(acting.watch)
        # the last app with tables: all are there by now
        post_migrate.connect(keep_rows_apart, sender=apps.get_app_config("orchestrator"))
        if sys.argv[1:2] == ["qcluster"]:  # its children have the same arguments
            acting.process_acts_as(acting.Role.JOBS)
            sqlite_lock.switch_on()
        gc.freeze()  # what is loaded by now stays for good: no collection needs to look at it
        gc.enable()


def _declare_sealed_texts() -> None:
    from credentials.registry import SealedText, declare
    from orchestrator.models import IdempotencyKey, RegistrationSubmission
    from sessions_store.models import AgenticCheckoutSession, SessionTurn
    from signupassist.second_factor import SECRETS

    with_session = "with its session, the night after that expired"
    declare(SealedText(AgenticCheckoutSession, "state", with_session))
    declare(SealedText(SessionTurn, "body", with_session))
    declare(SealedText(IdempotencyKey, "sealed", "after two days"))
    declare(SealedText(RegistrationSubmission, "sealed_request", "when its outcome is known"))
    declare(SECRETS)


def _declare_rows_of_people() -> None:
    """Say which tables row-level security is for, and what the admin does to them."""
    from audit.roles import ME, Protected, protect

    own_session = (
        "EXISTS (SELECT FROM agentic_checkout_sessions whose"
        f" WHERE whose.id = session_id AND whose.user_id = {ME})"
    )
    protect(Protected("agentic_checkout_sessions", staff=("UPDATE",)))  # ended by staff
    protect(Protected("session_turns", own=own_session, staff=("INSERT", "UPDATE")))
    protect(Protected("stored_credentials"))
    protect(Protected("reveal_budgets"))
    protect(Protected("registration_submissions", staff=("UPDATE",)))  # settled by them
    protect(Protected("idempotency_keys"))
    # looked up to find out who it is; but who comes to the web server gets no rights by that
    people = Protected(
        "users", own="true", staff=("UPDATE",), added="NOT is_staff AND NOT is_superuser"
    )
    protect(people)


def keep_rows_apart(*, using: str, **kwargs: Any) -> None:
    """Receive `post_migrate`; a `flush` sends it as well, which brings nothing new."""
    from audit import roles

    if "plan" not in kwargs:
        return
    connection = connections[using]
    caches = {str(cache.get("LOCATION")) for cache in settings.CACHES.values()}
    tables = {*connection.introspection.django_table_names(), *caches, "django_migrations"}
    with connection.cursor() as cursor:
        there = connection.introspection.table_names(cursor)
    roles.install(connection, tables.intersection(there))
