from django.apps import AppConfig
from django.core import checks


class CredentialsConfig(AppConfig):
    name = "credentials"

    def ready(self) -> None:
        from credentials.checks import check_keys

        checks.register(check_keys, checks.Tags.database)
