from django.apps import AppConfig


class OrchestratorConfig(AppConfig):
    name = "orchestrator"
    verbose_name = "Registrations"

    def ready(self) -> None:
        from audit import naming as ledger
        from orchestrator import naming, schedules

        schedules.plan_jobs()
        ledger.ask(naming.names_of)
