"""What becomes of a password, and what an account at the provider is needed for."""

import re

from django.utils.translation import gettext as _

from orchestrator.flow.plan import Plan
from orchestrator.understanding import offerings
from orchestrator.understanding.words import tokens

READING = re.compile(
    r"\b(?:who|whos|quien|staff|employees?|people|anyone|anybody|someone|somebody|you)\b.*"
    r"\b(?:see|sees|seeing|read|reads|reading|access|look|know|knows|ve|ver|lee)\b"
)
ACCOUNT = r"\b(?:account|login|log in)\b"
NEEDING = re.compile(
    rf"\b(?:do|does|must|should|why|if) .{{0,60}}\b(?:need|have to|must|require\w*)\b.{{0,60}}{ACCOUNT}"
    rf"|\bmust (?:i|we) .{{0,60}}{ACCOUNT}|\bnecesito .{{0,60}}\bcuenta\b"
)
WITHOUT = re.compile(
    r"\b(?:without|sin) (?:\w+ )?(?:accounts?|login|logging in|log in|password|connecting|cuenta)\b"
)
FORGOTTEN = re.compile(r"\b(?:forgot|forgotten|lost|olvid\w+)\b|\bdont (?:know|remember)\b")
NO_ACCOUNT = re.compile(r"\b(?:dont have|no tengo)\b.* (?:account|login|cuenta)\b")
WHY = re.compile(r"\b(?:why|por que|para que)\b")


def login(plan: Plan, words: str) -> str:
    """Return what becomes of a password, or why an account is needed."""
    plain = " ".join(tokens(words))
    club = offerings.club(plan)
    if FORGOTTEN.search(plain):
        return _(
            "I can't look it up or reset it: please do that at %(club)s, then connect your "
            "account. Never type a password into this chat."
        ) % {"club": club}
    if NO_ACCOUNT.search(plain):
        return _(
            "Please make an account at %(club)s first, on their own website: I can't do "
            "that for you."
        ) % {"club": club}
    if needs := _needs_an_account(plan, plain):
        return needs
    told = [
        _(
            "Your password never goes through this chat: you type it into a dialog of its "
            "own. It is sealed with this service's key (AES-256-GCM) and opened for one "
            "call to the provider at a time, or when you yourself ask for it through the API; "
            "no page shows it. Each opening is recorded first, and shown on your audit trail "
            "(/mandates-audit). You can delete it under “Saved logins”."
        )
    ]
    if READING.search(plain):
        told.insert(
            0,
            _("Nobody here gets to read it: no page shows it to anybody, not even to staff."),
        )
    if WHY.search(plain):
        told.append(_("I need it because the provider shows its programs only to you."))
    return " ".join(told)


def _needs_an_account(plan: Plan, said: str) -> str | None:
    club = offerings.club(plan)
    if WITHOUT.search(said):
        return _(
            "No: %(club)s shows its programs, and takes a registration, only from an "
            "account there. Looking for a club needs none."
        ) % {"club": club}
    if not NEEDING.search(said):
        return None
    if WHY.search(said):
        return _(
            "Because %(club)s shows its programs, and takes a registration, only from an "
            "account there. If you have none yet, please make one on their own website."
        ) % {"club": club}
    return _(
        "Yes: %(club)s shows its programs, and takes a registration, only from an "
        "account there. If you have none yet, please make one on their own website."
    ) % {"club": club}
