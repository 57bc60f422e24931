"""What a provider's machine-readable refusal means to a parent; for any other code: the last one."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "login_failed": _("The provider did not accept this login."),
    "program_full": _("This program is full."),
    "registration_closed": _("Registration for this program is closed."),
    "already_registered": _("This child is already registered for this program."),
    "prerequisite_missing": _("Something is still missing for this program."),
    "invalid_answers": _("The provider did not accept some answers."),
}
OTHER_REFUSAL = _("The provider did not accept this registration.")
