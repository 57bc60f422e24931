"""Answers in words to what a message asks for: the button that does it, or what to do now."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestrator.flow import parts
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import clubs, fitting, offerings
from orchestrator.understanding.heard import Heard
from orchestrator.understanding.intents import Intent

WHAT_NOW = {
    Step.PROVIDER_SEARCH: gettext_lazy("Which club, camp or school shall I look for?"),
    Step.LOGIN: gettext_lazy("To go on, press “Connect account”."),  # until it was pressed
    Step.PROGRAM_SELECTION: gettext_lazy(
        "Which of these programs is it? Its name or its day is enough."
    ),
    Step.PREREQUISITE_CHECK: gettext_lazy("To go on, say “continue”, or “check again”."),
    Step.FORM_FILL: gettext_lazy("To go on, please fill in the form."),
    Step.CONFIRMATION: gettext_lazy(
        "Please check what is shown, then press “Confirm registration”."
    ),
    Step.COMPLETED: gettext_lazy("This signup is finished."),
}
CHOOSE_A_LOGIN = gettext_lazy("To go on, choose a login, or enter one.")


# --- What only a button does ----------------------------------------------------------------------


def to_cancel() -> Intent:
    """Return the button that calls the signup off."""
    answer = _("To cancel this signup, press this button. Nothing has been booked.")
    return Intent("asked_to_cancel", answer=answer, buttons=(parts.cancel(),))


def for_a_fresh_start() -> Intent:
    """Return the button that starts over."""
    answer = _("To start over, press this button. What you entered here is dropped.")
    start_over = parts.button(_("Start over"), "reset", accent=True)
    return Intent("asked_to_reset", answer=answer, buttons=(start_over,))


def for_the_login(plan: Plan, *, meant: bool) -> Intent:
    """Return the button that connects the account, asked for or not, or the choice it led to."""
    name = "asked_to_connect" if meant else "unclear"
    if plan.is_connecting:
        return Intent(
            name,
            answer=_(
                "To go on, choose a login, or enter one. Please never type a password into this "
                "chat."
            ),
        )
    return Intent(
        name,
        answer=_("To go on, press “Connect account”. Please never type a password into this chat."),
        buttons=(parts.button(_("Connect account"), "connect_account", accent=True),),
    )


def for_the_confirmation() -> Intent:
    """Return what to do at the confirmation, which was asked for."""
    return Intent(
        "asked_to_confirm",
        answer=_(
            "Please check what is shown. To send it, press “Confirm registration”: I never "
            "register by a message."
        ),
    )


def to_send_nothing(plan: Plan) -> Intent:
    """Return the ways that are open to a parent who did not ask to confirm: none of them sends."""
    edits = (parts.button(_("Edit the form"), "edit_form"),) if plan.fields else ()
    answer = _("All right: nothing is sent. You can change the program, or cancel.")
    if plan.fields:
        answer = _(
            "All right: nothing is sent. You can edit the form, change the program, or cancel."
        )
    return Intent(
        "unclear",
        answer=answer,
        buttons=(*edits, parts.change_program(), parts.cancel()),
    )


def to_connect_nothing() -> Intent:
    """Return what is left to a parent who does not want to connect an account."""
    return Intent(
        "unclear",
        answer=_(
            "All right: nothing is connected. Without your account there I cannot see the "
            "programs; you can change the provider, or cancel."
        ),
        buttons=(parts.change_provider(), parts.cancel()),
    )


# --- What is answered in words --------------------------------------------------------------------


def which(names: Iterable[str]) -> Intent:
    """Return the question which one of several alike is meant."""
    named = fitting.listed(list(dict.fromkeys(names)))
    return Intent(
        "unclear",
        answer=_("More than one fits: %(named)s. Which one do you mean?") % {"named": named},
    )


def one_at_a_time() -> Intent:
    """Return the answer to "both"."""
    return Intent(
        "unclear", answer=_("One signup is for one of them. Which one shall we do first?")
    )


def of_those_left(titles: Iterable[str]) -> Intent:
    """Return the question which one of those it is that were not turned down."""
    left = fitting.listed(list(titles))
    return Intent(
        "unclear",
        answer=_("Then these are left: %(left)s. Which one do you mean?") % {"left": left},
    )


def no_program_then() -> Intent:
    """Return what is left to a parent who wants none of the programs."""
    return Intent(
        "unclear",
        answer=_("All right, none of these. You can change the provider, or cancel this signup."),
        buttons=(parts.change_provider(), parts.cancel()),
    )


def about_the_map(plan: Plan) -> Intent:
    """Return the answer to choosing a place that no tool serves."""
    if len(plan.elsewhere) == 1:
        place = plan.elsewhere[0]["name"]
        answer = _(
            "I cannot sign you up at %(place)s: please ask them yourself. Or tell me "
            "another club, camp or school, and I look for it."
        ) % {"place": place}
    else:
        answer = _(
            "I cannot sign you up at any of these places: please ask them yourself. Or "
            "tell me another club, camp or school, and I look for it."
        )
    return Intent("unclear", answer=answer)


def to_log_in_later(plan: Plan) -> Intent:
    """Return the answer to logging in before there is anything to log in to."""
    return Intent(
        "unclear",
        answer=_before(
            _(
                "Logging in comes after the club is chosen, in a dialog of its own: please "
                "never type a password into this chat."
            ),
            plan,
        ),
    )


def which_program() -> Intent:
    """Return the question which program is meant."""
    return Intent("unclear", answer=_("Which of these programs do you mean? Its name is enough."))


def what_to_look_for(plan: Plan, said: Heard) -> Intent:
    """Return the question what to look for, or which of those shown it is."""
    if clubs.asks_for_the_nearest(said.text):
        if plan.offered:
            answer = _("I don't know which is the nearest. Press “Use my location”, or choose one.")
        else:
            answer = _("What shall I look for near you? A town helps, or “Use my location”.")
        return Intent("unclear", answer=answer)
    if plan.offered:
        return Intent("unclear", answer=_("Which of these is it? Its name or its town is enough."))
    return Intent("unclear", answer=str(WHAT_NOW[Step.PROVIDER_SEARCH]))


def about_the_requirements(plan: Plan) -> Intent:
    """Return what to do about the requirements."""
    if plan.has_all_prerequisites:
        answer = _("Everything is in place. Press “Continue”, or just say “continue”.")
    else:
        answer = _(
            "Something is still missing, as shown. Say “check again” once it is taken care of."
        )
    return Intent("unclear", answer=answer)


def to_fill_in_the_form() -> Intent:
    """Return what to do at the form."""
    return Intent(
        "unclear", answer=_("Please fill in the form; I do not take answers from the chat.")
    )


def about_a_password(plan: Plan) -> Intent:
    """Return the answer to talk about a password that tells none."""
    sentence = _("Whether a password is right, only the provider can tell.")
    return Intent("unclear", answer=_before(sentence, plan))


def polite(plan: Plan) -> Intent:
    """Return the answer to a greeting or thanks: what to do now."""
    return Intent("unclear", answer=_before(_("Happy to help."), plan))


def out_of_place(plan: Plan) -> Intent:
    """Return the answer to what has nothing to do with a signup."""
    return Intent("unclear", answer=_before(_("I can only help with signing up."), plan))


def no_answer(plan: Plan) -> Intent:
    """Return the answer to a question that nothing here answers."""
    sentence = _("I can't answer that. If it is about %(club)s, please ask them.")
    return Intent("unclear", answer=_before(sentence % {"club": offerings.club(plan)}, plan))


def _before(sentence: str, plan: Plan) -> str:
    """Return a sentence, and behind it what to do now."""
    chooses = plan.step is Step.LOGIN and plan.is_connecting
    return f"{sentence} {CHOOSE_A_LOGIN if chooses else WHAT_NOW[plan.step]}"
