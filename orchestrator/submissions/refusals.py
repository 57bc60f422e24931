"""What a provider's machine-readable refusal means to a parent; for any other code: the last one."""

SENTENCES = {
    "login_failed": "The provider did not accept this login.",
    "program_full": "This program is full.",
    "registration_closed": "Registration for this program is closed.",
    "already_registered": "This child is already registered for this program.",
    "prerequisite_missing": "Something is still missing for this program.",
    "invalid_answers": "The provider did not accept some answers.",
}
OTHER_REFUSAL = "The provider did not accept this registration."
