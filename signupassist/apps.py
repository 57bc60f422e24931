from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Wires what the apps may not know of each other."""

    name = "signupassist"
    verbose_name = "SignupAssist"

    def ready(self) -> None:
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
