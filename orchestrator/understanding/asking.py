"""Asking to go elsewhere, asking for what only a button does, and what is answered in words."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestrator.flow import parts
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.understanding import choosing, clubs, commands, fitting, searching, words
from orchestrator.understanding.heard import NAME, Heard, Phrases
from orchestrator.understanding.intents import Intent

SURELY = 5  # the weight of "looking for" and a club

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
# Said beside a command, these change nothing of it.
_AROUND = (
    Phrases("signup/this signup/everything/all/now/s/thing/whole/whole thing/just/page/step"),
    commands.YES, commands.NONE_OF_THESE, commands.NOT_YET,
)  # fmt: skip


# --- Going elsewhere ------------------------------------------------------------------------------


def to_go_elsewhere(plan: Plan, said: Heard, *, only: bool = False) -> Intent | None:
    """Return what is meant if the words ask to leave the step: back, elsewhere, over or out.

    With `only` they must say nothing else: "Back Bay Swim School" is looked for, not gone back to.
    """

    def says(*tables: Phrases) -> bool:
        return any(map(said.says, tables)) and (not only or said.is_only(*_AROUND, *tables))

    if says(commands.RESET) or (not only and said.pairs(commands.STARTS, commands.OVER)):
        return for_a_fresh_start()
    if plan.failed and says(commands.RETRY):
        return Intent("retry_last")
    finds_another = not only and said.pairs(commands.FINDS, commands.OTHERS)
    if says(commands.CANCEL) and not finds_another:
        return to_cancel()
    if not only and (another := _to_another(plan, said)):
        return another
    if says(commands.GO_BACK) or (said.is_short and says(commands.BACK)):
        return Intent(_back(plan))
    return None


def _to_another(plan: Plan, said: Heard) -> Intent | None:
    """Return what is meant if the words ask for another club, or for another one of its programs."""
    if (
        wants_another_place(said)
        or _names_another_place(plan, said)
        or asks_for_a_named_club(plan, said)
    ):
        return Intent("change_provider")
    if plan.step is Step.LOGIN and _is_of_another(plan, said):
        return Intent("change_provider")
    if not _may(plan, "change_program"):
        return None
    if named := _other_programs_named(plan, said):
        return Intent("change_program", {"program_ref": named[0]} if len(named) == 1 else {})
    wants = said.pairs(commands.CHANGES, commands.PROGRAMS)
    goes_back = said.pairs(commands.RETURNS | {"mind"}, commands.LISTED)
    return Intent("change_program") if wants or goes_back else None


def _is_of_another(plan: Plan, said: Heard) -> bool:
    """Return whether the words, where only a club was chosen, are on another one than that."""
    another = said.pairs(commands.CHANGES, ("one", "ones")) or said.says(commands.WRONG_ONE)
    return another or (plan.provider is not None and clubs.turns_down(said.text, plan.provider))


def wants_another_place(said: Heard) -> bool:
    """Return whether the words ask for another club, camp or school."""
    not_ours = said.pairs(commands.NOTS, commands.OURS, within=2) and said.pairs(
        commands.NOTS, commands.PLACES | {NAME}
    )
    finds_another = said.pairs(commands.FINDS, commands.OTHERS) and not commands.PLACES.isdisjoint(
        said.tokens
    )
    return (
        said.pairs(commands.CHANGES | commands.RETURNS, commands.PLACES)
        or not_ours
        or finds_another
    )


def _names_another_place(plan: Plan, said: Heard) -> bool:
    """Return whether the words look for a club by name, and not for the one that was chosen."""
    if plan.provider is None or plan.step not in (Step.LOGIN, Step.PROGRAM_SELECTION):
        return False
    found = searching.sought(said.text)
    named = found.weight >= (SURELY if plan.step is Step.PROGRAM_SELECTION else searching.NAMED)
    switches = said.says(commands.SWITCH_TO) or (
        plan.step is Step.LOGIN
        and (said.says(commands.INSTEAD) or said.opens_with(commands.NONE_OF_THESE))
    )
    if commands.CONNECT.words.issuperset(words.tokens(found.query)):
        return False  # nothing, or the password
    if not (switches or (named and found.names_an_organisation)):
        return False
    known = clubs.providers_meant(found.query, [plan.provider])
    if not switches and not found.names_somebody:
        return False
    return not known and not choosing.programs_meant(said.text, plan.programs)


def asks_for_a_named_club(plan: Plan, said: Heard) -> bool:
    """Return whether the words name a club that is not the chosen one: "what about Camp Pine?"."""
    if plan.provider is None:
        return False
    proposes = said.says(commands.PROPOSES) or said.says(commands.INSTEAD)
    found = searching.sought(said.text)
    if not (proposes and found.names_an_organisation and found.names_somebody):
        return False
    shown = [plan.provider["name"], plan.provider["city"]]
    shown += [part for one in plan.programs for part in (one["title"], one["description"])]
    known = set(words.tokens(" ".join(shown)))
    named = [word for word in words.tokens(found.query) if not searching.is_a_kind(word)]
    return not any(words.alike(word, one) for word in named for one in known)


def _other_programs_named(plan: Plan, said: Heard) -> list[str]:
    """Return to which of the programs shown before the words switch, by their references."""
    points = said.is_short and choosing.points_at_one(said.text)
    if not (points or said.says(commands.SWITCH)):
        return []
    choose = (
        choosing.programs_named
        if fitting.is_about_the_child(said.text)
        else choosing.programs_meant
    )
    meant = [one["program_ref"] for one in choose(said.text, plan.programs)]
    return [] if plan.program_ref in meant else meant


def is_about_the_signup(plan: Plan, said: Heard) -> bool:
    """Return whether the words are on the signup as a whole, not on one of those shown."""
    return (
        said.is_only(commands.RESET, commands.CANCEL, commands.GO_BACK, *_AROUND)
        or said.is_only(commands.RETRY)
        or wants_another_place(said)
        or asks_for_a_named_club(plan, said)
    )


def _may(plan: Plan, action: str) -> bool:
    return plan.step in RULES[action].at


def _back(plan: Plan) -> str:
    if plan.step is Step.CONFIRMATION and plan.fields:
        return "edit_form"
    return "change_program" if _may(plan, "change_program") else "change_provider"


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


def polite(plan: Plan) -> Intent:
    """Return the answer to a greeting or thanks: what to do now."""
    return Intent("unclear", answer=_before(_("Happy to help."), plan))


def out_of_place(plan: Plan) -> Intent:
    """Return the answer to what has nothing to do with a signup."""
    return Intent("unclear", answer=_before(_("I can only help with signing up."), plan))


def _before(sentence: str, plan: Plan) -> str:
    """Return a sentence, and behind it what to do now."""
    chooses = plan.step is Step.LOGIN and plan.is_connecting
    return f"{sentence} {CHOOSE_A_LOGIN if chooses else WHAT_NOW[plan.step]}"
