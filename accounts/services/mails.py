"""Mails about accounts. They can be read by others, so they tell no more than they must."""

from datetime import datetime
from enum import StrEnum, auto

from django.core.mail import EmailMessage
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

RESET = gettext_lazy("""\
Hello,

Somebody asked for a new password for your account at SignupAssist. If it was you, choose it here:

%(link)s

The link works once, and for one hour. If it was not you, you need not do anything: your password
stays as it is.

SignupAssist
""")

CHANGED = gettext_lazy("""\
Hello,

%(what)s on %(day)s at %(hour)s UTC.

If you know of this, you need not do anything. If you do not, somebody else may be using your
account: open SignupAssist as you always do, choose "Forgot your password?" on the page to log in,
and look under "Security" whether two-step log-in is as you want it. If you cannot get in, ask
whoever runs SignupAssist.

SignupAssist
""")


class Change(StrEnum):
    """What was changed about how somebody logs in."""

    PASSWORD = auto()
    SECOND_FACTOR_ON = auto()
    SECOND_FACTOR_OFF = auto()
    RECOVERY_CODES = auto()


# the subject, and the first sentence
WORDS = {
    Change.PASSWORD: (
        gettext_lazy("Your password was changed"),
        gettext_lazy("Your password at SignupAssist was changed"),
    ),
    Change.SECOND_FACTOR_ON: (
        gettext_lazy("Two-step log-in was turned on"),
        gettext_lazy("Two-step log-in at SignupAssist was turned on"),
    ),
    Change.SECOND_FACTOR_OFF: (
        gettext_lazy("Two-step log-in was turned off"),
        gettext_lazy("Two-step log-in at SignupAssist was turned off"),
    ),
    Change.RECOVERY_CODES: (
        gettext_lazy("New recovery codes were made"),
        gettext_lazy("New recovery codes for SignupAssist were made"),
    ),
}


def reset_mail(address: str, link: str) -> EmailMessage:
    """Return the mail with the link to choose a new password."""
    return _mail(address, _("Choose a new password"), RESET % {"link": link})


def change_mail(address: str, change: Change, *, at: datetime) -> EmailMessage:
    """Return the mail that tells of a change. It has no link: a false one could not look like it."""
    subject, what = WORDS[change]
    # Translators: a day in a mail, as Django writes dates: 5 March 2026
    day = date_format(at, pgettext("date", "j F Y"))
    text = CHANGED % {"what": what, "day": day, "hour": f"{at:%H:%M}"}
    return _mail(address, str(subject), text)


def _mail(address: str, subject: str, text: str) -> EmailMessage:
    return EmailMessage(subject, text, to=[address], headers={"Auto-Submitted": "auto-generated"})
