"""Do parents' logins open, for those who may, and is each what was recorded?"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings

from accounts.jwks import KeysUnavailableError, key_set
from audit.printing import counted
from credentials import selectors
from credentials.models import StoredCredential
from credentials.selectors import KeyUse
from credentials.services import ring
from credentials.verification import flaws_of, next_batch
from signupassist.readiness.findings import Finding, advised, needed

SAMPLE = 200


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found; opens some logins in memory."""
    uses = selectors.key_uses(ring())
    missing = [use for use in uses if use.standing == "missing"]
    held = [use.key_id for use in uses if use.standing != "missing"]
    yield needed(
        "Keys",
        not missing,
        "; ".join(map(_lack, missing)) if missing else f"{', '.join(held)}: nothing needs another",
        "Put the missing key back into CRED_SEAL_KEY, behind the others, and start anew.",
    )
    others = sum(use.logins for use in uses if use.standing != "primary")
    yield advised(
        "Logins",
        not others,
        f"{others} not sealed with the first key" if others else "all sealed with the first key",
        "Run: manage.py reseal_credentials",
    )
    yield needed(
        "Staff",
        settings.STAFF_MFA,
        "prove a second factor before they see the admin"
        if settings.STAFF_MFA
        else "see the admin with a password alone",
        "Set STAFF_MFA=on.",
    )
    urls = sorted({lane.jwks_url for lane in settings.AUTH_LANES if lane.jwks_url})
    if urls:
        yield _issuers(urls)
    yield _sample()


def _issuers(urls: list[str]) -> Finding:
    """Ask each issuer whose tokens count for its keys, as long as a log-in would wait for them."""
    silent = [urlsplit(url).netloc for url in urls if not _tells_of_keys(url)]
    return advised(
        "Log-ins from elsewhere",
        not silent,
        f"no keys from {', '.join(silent)}"
        if silent
        else f"{counted(len(urls), 'issuer')}, with keys",
        "See SUPABASE_URL and AUTH_ISSUERS, and whether this machine may reach them.",
    )


def _tells_of_keys(url: str) -> bool:
    try:
        return key_set(url).count() > 0
    except KeysUnavailableError:
        return False


def _lack(use: KeyUse) -> str:
    rows = [counted(use.logins, "login")]
    rows += [f"{number} in {name}" for name, number in use.elsewhere.items()]
    return f"{use.key_id} is missing, and is needed by {', '.join(rows)}"


def _sample() -> Finding:
    """Open some logins, from a random one on: their ids are random, too."""
    some = next_batch(StoredCredential.objects.all(), after=uuid4(), size=SAMPLE)
    if len(some) < SAMPLE:
        some = next_batch(StoredCredential.objects.all(), after=None, size=SAMPLE)
    flawed, tried = flaws_of(some), counted(len(some), "login")
    return needed(
        "Openings",
        not flawed,
        f"{len(flawed)} of {tried} found not to hold"
        if flawed
        else f"{tried} tried, each opens and is what was recorded last",
        "Run: manage.py verify_credentials",
    )
