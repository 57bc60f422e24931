"""`python -m tests.deploy.one_signup`: a whole signup on the configured database, sealed."""

import django


def main() -> None:
    """Migrate, sign a child up, and seal the ledger."""
    django.setup()
    from django.core.management import call_command
    from rest_framework.test import APIClient

    from accounts.models import User
    from tests.orchestrator.chat import Chat

    call_command("migrate", verbosity=0)
    parent = User.objects.create_user("pat@parents.example", "a long password")
    client = APIClient(HTTP_X_FORWARDED_PROTO="https")
    client.force_authenticate(parent)
    Chat(parent, client).walk_to("completed")
    call_command("seal_audit")


if __name__ == "__main__":
    main()
