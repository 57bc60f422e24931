"""Keys that come and go in the tests of rotation, and what may happen to a sealed login."""

from typing import Any

from pytest_django import Settings

from audit.models import MandateAudit
from credentials import services
from credentials.models import StoredCredential
from credentials.services import ring
from tests.credentials.conftest import ANOTHER_KEY, EMAIL, PASSWORD

RESEALED = "credentials_resealed"


def put_key_first(settings: Settings, key: str = ANOTHER_KEY) -> None:
    """Make a key the primary one; those before it still open."""
    settings.CRED_SEAL_KEY = f"{key},{settings.CRED_SEAL_KEY}"


def take_old_keys_away(settings: Settings) -> None:
    """Leave the primary key alone in the ring."""
    settings.CRED_SEAL_KEY = settings.CRED_SEAL_KEY.split(",")[0]


def key_ids() -> list[str]:
    """Return the ids of the ring's keys, the primary first."""
    return [key.id for key in ring().keys]


def damage(credential: StoredCredential) -> None:
    """Change one character in the middle of the sealed text."""
    text, middle = credential.ciphertext, 200
    other = "A" if text[middle] != "A" else "B"
    overwrite(credential, text[:middle] + other + text[middle + 1 :])


def overwrite(credential: StoredCredential, text: str) -> None:
    """Put a sealed text into a row, past the product."""
    StoredCredential.objects.filter(pk=credential.pk).update(ciphertext=text)


def is_intact(credential: StoredCredential) -> bool:
    """Return whether the login opens to what was saved, with the primary key, and says so."""
    now = StoredCredential.objects.get(pk=credential.pk)
    return open_now(now) == {"email": EMAIL, "password": PASSWORD} and (
        now.key_id == now.ciphertext[4:20] == ring().primary.id
    )


def open_now(credential: StoredCredential) -> Any:
    """Return what a login's sealed text holds, past the record."""
    place = services.place_of(credential)
    return services.open_json(credential.ciphertext, **vars(place))


def resealings(credential: StoredCredential) -> list[MandateAudit]:
    """Return the records of its having been sealed anew."""
    return list(MandateAudit.objects.filter(credential_id=credential.pk, action=RESEALED))
