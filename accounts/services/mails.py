"""Mails about accounts. They can be read by others, so they tell no more than they must."""

from django.core.mail import EmailMessage

RESET = """\
Hello,

Somebody asked for a new password for your account at SignupAssist. If it was you, choose it here:

{link}

The link works once, and for one hour. If it was not you, you need not do anything: your password
stays as it is.

SignupAssist
"""


def reset_mail(address: str, link: str) -> EmailMessage:
    """Return the mail with the link to choose a new password."""
    return EmailMessage(
        "Choose a new password",
        RESET.format(link=link),
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
