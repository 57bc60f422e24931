"""What a parent's words mean at the step they are in: a search, an action, or an answer in words.

Deterministic. It only reads: it can name one of the reversible actions of the step, and answers
anything consequential (confirm, connect, cancel, start over) with the button for it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, TypeVar

from orchestrator.flow import screens
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES, Step
from orchestrator.flow.screens import Button
from orchestrator.tools.contract import Program, Provider


@dataclass(frozen=True)
class Intent:
    """What was meant. With an `answer`, nothing is done: the words and buttons are the reply."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None
    buttons: tuple[Button, ...] = ()

    @property
    def is_search(self) -> bool:
        return self.name == "search"


SEARCH_WORDS = re.compile(
    r"\b(?:find|search(?: for)?|look(?:ing)? for|sign(?:ing)?(?: \w+){0,3} up (?:for|at|to)"
    r"|register(?: \w+){0,3} (?:for|at)|i(?:'m| am)|i(?:'d| would) like|(?:i|we) want(?: to)?"
    r"|please|can you|could you|(?:hello|hi|hey)(?: there)?|an?(?:other)?|different)\b",
    re.IGNORECASE,
)
PLACE = re.compile(
    r"^(?P<what>.+?)[,;]?\s+(?:in|near|around|by|at)\s+(?P<where>[^,]+(?:,\s*\w+)?)$", re.IGNORECASE
)
COMMA_PLACE = re.compile(r"^(?P<what>[^,]+),\s*(?P<where>.+)$")

BACK = re.compile(r"\b(?:go back|back|previous|undo)\b", re.IGNORECASE)
CANCEL = re.compile(r"\b(?:cancel|never ?mind|forget it|stop this|abort)\b", re.IGNORECASE)
RESET = re.compile(r"\b(?:start (?:over|again|anew)|reset|begin again|new signup)\b", re.IGNORECASE)
RETRY = re.compile(r"\b(?:retry|try (?:it |that )?again|once more)\b", re.IGNORECASE)
OTHER_PROVIDER = re.compile(
    r"\b(?:(?:an)?other|different|change|switch|wrong)\b.*\b(?:provider|club|camp|school|place)\b",
    re.IGNORECASE,
)
OTHER_PROGRAM = re.compile(
    r"\b(?:(?:an)?other|different|change|switch|wrong)\b.*\b(?:program|class|course|session|one)\b",
    re.IGNORECASE,
)
NONE_OF_THESE = re.compile(
    r"^\W*(?:no|nope|none(?: of (?:these|them|those))?|neither|not (?:that|those|these|it)|wrong)"
    r"(?: one)?\W*$",
    re.IGNORECASE,
)
YES = re.compile(
    r"^\W*(?:y|yes|yep|yeah|sure|ok|okay|correct|right|exactly|that(?:'s| is) (?:it|right|the one)|"
    r"continue|next|go (?:on|ahead)|proceed|done|all set|ready|let'?s go)\b",
    re.IGNORECASE,
)
CONFIRM = re.compile(
    r"\b(?:confirm|submit|book|register|sign (?:her|him|them|us)? ?up|send)\b", re.IGNORECASE
)
CONNECT = re.compile(
    r"\b(?:connect|log ?in|sign ?in|account|login|password|credential)", re.IGNORECASE
)
CHECK = re.compile(
    r"\b(?:check|again|recheck|refresh|paid|fixed|renewed|did (?:it|that))\b", re.IGNORECASE
)

ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8,
    "ninth": 9, "9th": 9, "tenth": 10, "10th": 10, "last": -1,
}  # fmt: skip
NUMBER = re.compile(
    r"^\W*(?:(?:number|no\.?|option|choice|#)\s*)?#?(?P<n>\d{1,2}|one|two|three|four|five|six)\W*$",
    re.IGNORECASE,
)
NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
MOST_WORDS = 24  # of a message are looked at; the rest hardly names a program better
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STOPWORDS = frozenset(
    {"a", "an", "the", "that", "this", "one", "ones", "of", "in", "on", "at", "for", "to", "by"}
    | {"near", "with", "and", "or", "my", "our", "i", "me", "we", "us", "you", "it", "is", "are"}
    | {"please", "would", "like", "want", "wants", "take", "pick", "choose", "select", "give"}
    | {"let", "lets", "go", "can", "could", "do", "have", "program", "class", "course"}
    | {"he", "she", "him", "her", "his", "they", "them", "kid", "child", "son", "daughter"}
)


def understand(plan: Plan, text: str) -> Intent:
    """Return what the words mean at the plan's step."""
    words = " ".join(text.split())
    return _anywhere(plan, words) or _AT[plan.step](plan, words)


def _legal(plan: Plan, action: str) -> bool:
    return plan.step in RULES[action].at


def _anywhere(plan: Plan, words: str) -> Intent | None:
    """Return what the words mean at any step, if they do."""
    if plan.step is Step.PROVIDER_SEARCH and not _is_no_name(words):
        return None  # "Back Bay Swim School" is looked for, not gone back to
    short = len(words.split()) <= 8
    if short and RESET.search(words):
        return Intent(
            "asked_to_reset",
            answer="To start over, press this button. What you entered here is dropped.",
            buttons=(screens.button("Start over", "reset", accent=True),),
        )
    if short and CANCEL.search(words):
        return Intent(
            "asked_to_cancel",
            answer="To cancel this signup, press this button. Nothing has been booked.",
            buttons=(screens.CANCEL,),
        )
    if short and OTHER_PROVIDER.search(words):
        return Intent("change_provider")
    if short and _legal(plan, "change_program") and OTHER_PROGRAM.search(words):
        return Intent("change_program")
    if short and BACK.search(words):
        return Intent(_back(plan))
    if short and plan.failed and RETRY.search(words):
        return Intent("retry_last")
    return None


def _is_no_name(words: str) -> bool:
    """Return whether nothing is left of the words without what asks to go elsewhere."""
    for pattern in (RESET, CANCEL, OTHER_PROVIDER, BACK, RETRY):
        words = pattern.sub(" ", words)
    return not set(_content(words)) - {"signup", "everything", "all", "now", "s"}


def needs_the_button(plan: Plan, action: str) -> Intent:
    """Return the answer to words that ask for what only a button may do."""
    return Intent(
        f"asked_to_{action}"[:40],
        answer="That needs the button: I do nothing with consequences by a message.",
        buttons=(screens.RETRY,) if plan.failed else (),
    )


def _back(plan: Plan) -> str:
    if plan.step is Step.CONFIRMATION and plan.fields:
        return "edit_form"
    return "change_program" if _legal(plan, "change_program") else "change_provider"


# --- Step by step --------------------------------------------------------------------------------


def _at_provider_search(plan: Plan, words: str) -> Intent:
    if plan.offered:
        if NONE_OF_THESE.match(words):
            return Intent("reject_provider")
        if YES.match(words):
            if len(plan.offered) == 1:
                return _provider(plan.offered[0])
            return Intent("unclear", answer="Which of these is it? Its town is enough.")
        place = _by_place_in_list(words, len(plan.offered))
        if place is not None:
            return _provider(plan.offered[place])
        named = _best(words, plan.offered, _provider_words)
        if len(named) == 1:
            return _provider(named[0])
    if RETRY.search(words) and len(words.split()) <= 4:
        return Intent("retry_search")
    what, where = split_place(words)
    if not what:
        return Intent("unclear", answer="Which club, camp or school shall I look for?")
    return Intent("search", {"query": what, "location": where})


def split_place(words: str) -> tuple[str, str | None]:
    """Return what is looked for, and where: "swim school in Madison, WI" names both."""
    asked = re.sub(r"\s+", " ", SEARCH_WORDS.sub(" ", words)).strip(" .,!?")
    match = PLACE.match(asked) or COMMA_PLACE.match(asked)
    if match:
        return match["what"].strip(" .,!?")[:200], match["where"].strip(" .,!?")[:200]
    return asked[:200], None


def _at_login(plan: Plan, words: str) -> Intent:
    return Intent(
        "asked_to_connect" if CONNECT.search(words) or YES.match(words) else "unclear",
        answer="To go on, press “Connect account”. Please never type a password into this chat.",
        buttons=(screens.button("Connect account", "connect_account", accent=True),),
    )


def _at_program_selection(plan: Plan, words: str) -> Intent:
    programs = plan.programs
    place = _by_place_in_list(words, len(programs))
    if place is not None:
        return _program(programs[place])
    if len(programs) == 1 and YES.match(words):
        return _program(programs[0])
    if programs and re.search(
        r"\b(?:cheapest|least expensive|lowest price)\b", words, re.IGNORECASE
    ):
        return _program(min(programs, key=lambda program: program["price_cents"]))
    found = _best(words, programs, _title, every_word=False) or _by_details(words, programs)
    if len(found) == 1:
        return _program(found[0])
    if found:
        titles = "; ".join(program["title"] for program in found[:4])
        return Intent("unclear", answer=f"More than one fits: {titles}. Which one do you mean?")
    return Intent("unclear", answer="Which of these programs do you mean? Its name is enough.")


def _at_prerequisite_check(plan: Plan, words: str) -> Intent:
    if plan.has_all_prerequisites:
        if CHECK.search(words) and not YES.match(words):
            return Intent("check_prereqs")
        if YES.match(words) or CONFIRM.search(words):
            return Intent("complete_prereqs")
        answer = "Everything is in place. Press “Continue”, or just say “continue”."
        return Intent("unclear", answer=answer)
    if YES.match(words) or CHECK.search(words):
        return Intent("check_prereqs")
    answer = "Something is still missing, as shown. Say “check again” once it is taken care of."
    return Intent("unclear", answer=answer)


def _at_form_fill(plan: Plan, words: str) -> Intent:
    return Intent("unclear", answer="Please fill in the form; I do not take answers from the chat.")


def _at_confirmation(plan: Plan, words: str) -> Intent:
    if plan.fields and re.search(
        r"\b(?:edit|change|fix|correct|wrong|typo|mistake)\b", words, re.IGNORECASE
    ):
        return Intent("edit_form")
    meant = YES.match(words) or CONFIRM.search(words)
    return Intent(
        "asked_to_confirm" if meant else "unclear",
        answer="Please check what is shown. To send it, press “Confirm registration”: "
        "I never register by a message.",
    )


def _at_completed(plan: Plan, words: str) -> Intent:
    return Intent("unclear", answer="This signup is finished.", buttons=(screens.START_OVER,))


_AT: dict[Step, Callable[[Plan, str], Intent]] = {
    Step.PROVIDER_SEARCH: _at_provider_search,
    Step.LOGIN: _at_login,
    Step.PROGRAM_SELECTION: _at_program_selection,
    Step.PREREQUISITE_CHECK: _at_prerequisite_check,
    Step.FORM_FILL: _at_form_fill,
    Step.CONFIRMATION: _at_confirmation,
    Step.COMPLETED: _at_completed,
}


# --- Which one of those shown --------------------------------------------------------------------


def _provider(provider: Provider) -> Intent:
    return Intent("select_provider", {"org_ref": provider["org_ref"]})


def _program(program: Program) -> Intent:
    return Intent("select_program", {"program_ref": program["program_ref"]})


def _provider_words(provider: Provider) -> str:
    return f"{provider['name']} {provider['city']} {provider['state']}"


def _title(program: Program) -> str:
    return program["title"]


def _by_place_in_list(words: str, count: int) -> int | None:
    """Return the index that "the second one" or "3" names, if it is in the list."""
    match = NUMBER.match(words)
    number = None
    if match:
        said = match["n"].lower()
        number = NUMBER_WORDS[said] if said.isalpha() else int(said)
    else:
        named = [ORDINALS[word] for word in _tokens(words) if word in ORDINALS]
        rest = [word for word in _content(words) if word not in ORDINALS]
        if len(named) == 1 and len(rest) <= 2:
            number = count if named[0] == -1 else named[0]
    return number - 1 if number is not None and 1 <= number <= count else None


Option = TypeVar("Option", Provider, Program)


def _best(
    words: str,
    options: Sequence[Option],
    name_of: Callable[[Option], str],
    *,
    every_word: bool = True,
) -> list[Option]:
    """Return the options whose names the words fit best: one, several alike, or none."""
    said = _content(words)[:MOST_WORDS]
    scored = []
    for option in options:
        known = set(_tokens(name_of(option)))
        hits = [max((_alike(word, one) for one in known), default=0.0) for word in said]
        if any(hits) and (not every_word or all(hits)):
            scored.append((sum(hits), option))
    return _top(scored)


def _by_details(words: str, programs: Sequence[Program]) -> list[Program]:
    """Return the programs whose schedule or description holds most of the words, letter by letter."""
    said = {word.rstrip("s") for word in _content(words)[:MOST_WORDS]}
    scored = []
    for program in programs:
        known = {
            word.rstrip("s") for word in _tokens(f"{program['schedule']} {program['description']}")
        }
        if hits := len(said & known):
            scored.append((float(hits), program))
    return _top(scored)


def _top(scored: list[tuple[float, Option]]) -> list[Option]:
    top = max((score for score, _ in scored), default=0.0)
    return [option for score, option in scored if score >= top - 0.05]


def _alike(said: str, known: str) -> float:
    """Return how alike two words are: 1 the same, 0 strangers; a slip of the finger counts."""
    if said.rstrip("s") == known.rstrip("s"):
        return 1.0
    if said in WEEKDAYS and known.rstrip("s") in WEEKDAYS:
        return 0.0  # Sunday is no misspelt Monday
    if len(said) >= 3 and known.startswith(said):
        return 0.9
    # comparing letter by letter is dear: only what is about as long, and begins or ends alike
    if len(said) < 5 or abs(len(said) - len(known)) > 2:
        return 0.0
    if said[0] != known[0] and said[-1] != known[-1]:
        return 0.0
    ratio = SequenceMatcher(None, said, known).ratio()
    return ratio * 0.9 if ratio >= 0.8 else 0.0


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _content(words: str) -> list[str]:
    """Return the words that say something, each once, in their order."""
    return list(dict.fromkeys(word for word in _tokens(words) if word not in STOPWORDS))
