from django.apps import AppConfig


class OrchestratorConfig(AppConfig):
    name = "orchestrator"
    verbose_name = "Registrations"

    def ready(self) -> None:
        from orchestrator import schedules

        schedules.plan_jobs()
