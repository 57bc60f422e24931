"""Which question a parent asks, if it is one."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import facts, forms, particulars, patterns, weighing
from orchestrator.understanding import words as text
from orchestrator.understanding.cues import ENOUGH, ENOUGH_IN_ALL
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.particulars import Particular
from orchestrator.understanding.phrases import BESIDE_THE_POINT, FOR_THE_BUTTON, QUESTIONS, SETS
from orchestrator.understanding.pieces import ACTIVITIES, ORGANISATIONS
from orchestrator.understanding.spelling import Spelling

MOST_CLAUSES, MOST_WORDS = 12, 60  # of a message, and of a clause, are looked at
CLAUSE = re.compile(r"[^;!?¿¡\n.,]*(?:[.,](?=\S)[^;!?¿¡\n.,]*)*[;!?¿¡\n.,]*")
DAY_CAMP = re.compile(r"\bday (?=camps?\b)")

LEADS = text.listed(
    "hi hey hello ok okay so and but wait hola oye um uh oh hmm sorry just also please actually well"
    " perdon y pero entonces quick question one then yes yeah sure before first btw thanks great"
    " cool pues bueno si"
)
FILLING = text.listed("exactly really actually even still again please exact whole")
THOSE_SHOWN = text.listed(
    "they them their it these those first second third last ellos ellas primero primera"
)
CHOOSING = text.listed("the that this i we lets el la los las ese esa quiero prefiero")
FINITE = text.listed("is are was does do did has have will can es esta")
WHAT_IS = re.compile(
    r"^ (?:whats|what|que es|que son)(?: exactly)?(?: (?:is|are|does|do|this|that|the))*\b"
)
WE_ARE = re.compile(r"\bwe're\b")  # no "were"
LEVEL = re.compile(r"\b(?:level|nivel) (?=\d)")
SHORT = 3  # words: "the price please?"
UNSURE = text.listed("safe secure trust without why know sure")  # no way to the button is asked for
SHORT_SLIPS = {
    "w": "with", "wat": "what", "wats": "what", "duz": "does", "dose": "does",
    "wut": "what", "waht": "what", "wen": "when", "wehn": "when", "hwo": "how",
    "hw": "how", "mcuh": "much", "muhc": "much", "mutch": "much", "u": "you", "r": "are",
    "ur": "your", "teh": "the", "hte": "the", "tiem": "time", "ful": "full", "fulll": "full",
    "pw": "password", "pwd": "password", "pswd": "password", "cuesat": "cuesta",
    "whats": "what",
    "wheres": "where", "hows": "how", "whens": "when", "whos": "who",
    "sopts": "spots", "scedule": "schedule", "anyting": "anything", "thier": "their",
}  # fmt: skip

# Spelt as they are, though a letter away from a word that asks.
KINDS = ACTIVITIES | ORGANISATIONS
RIGHT = (
    text.STOPWORDS
    | KINDS
    | particulars.WORDS
    | text.listed(
        "parent parents change changes camp contact contacts contract packers game games teach"
        " theatre theater beach coast match"
    )
)

# What a parent who chooses says as well: "can you take the one that costs less?"
OF_CHOICES = {
    Topic.SPOTS, Topic.AGE, Topic.PRICE, Topic.SCHEDULE, Topic.PLACE, Topic.OPTIONS, Topic.ABOUT,
    Topic.DATA, Topic.REQUIREMENTS, Topic.NEXT, Topic.LOGIN,
}  # fmt: skip

# Where something is looked for, these have to be the whole question: "where is Camp Pine?" is not.
WHOLE_IN_A_SEARCH = {
    Topic.PLACE, Topic.OPTIONS, Topic.ABOUT, Topic.AGE, Topic.NEXT, Topic.WHO, Topic.REAL,
    Topic.REQUIREMENTS,
}  # fmt: skip


OF_ONE = re.compile(
    r"^ (?:is|are|does|how (?:much|far|expensive) (?:is|are|does)|where is|when (?:is|does))"
    r" (\S+)"
)

# Of a child whose age is told: "my son is 5, which fit?"
WHICH_FIT = """
which|what|any|anything|cual|cuales|algo ... fit|fits|suit|suits|suitable|takes|accepts
which ... take|accept ; which|what|any|anything ... right_for|good_for|ok_for|okay_for|possible
cual|cuales ... sirve|sirven
"""

_BUTTONS = patterns.Finder(FOR_THE_BUTTON)
_BESIDE_THE_POINT = patterns.Finder(BESIDE_THE_POINT)
_FITTING = patterns.Finder(WHICH_FIT)
_PATTERNS = [(topic, patterns.Finder(phrases)) for topic, phrases in QUESTIONS]
KNOWN = frozenset(
    chain(
        forms.ASKING,
        FILLING,
        weighing.KNOWN,
        patterns.words_in(" ".join(SETS.values())),
        *(patterns.words_in(phrases) for _, phrases in QUESTIONS),
    )
)
_SPELLING = Spelling(KNOWN | set(patterns.words_in(FOR_THE_BUTTON)))


@dataclass(frozen=True)
class _Clause:
    """A part of a message, as it was typed and as it is compared."""

    typed: str
    said: list[str]

    @cached_property
    def line(self) -> str:
        """Return its words, each after a blank."""
        return _line(self.said)

    @cached_property
    def asks(self) -> bool:
        """Return whether it is a question, by its form or its mark."""
        return forms.is_asked(self.line, marked="?" in self.typed)

    @property
    def chooses(self) -> bool:
        """Return whether it names one of those shown: "the one with the free spots?"."""
        begins = self.said[0] in CHOOSING and len(self.said) > SHORT
        return begins and FINITE.isdisjoint(self.said) and len(forms.questions_in(self.line)) == 1

    @cached_property
    def is_asked_for(self) -> bool:
        """Return whether it asks for something to be done rather than for an answer."""
        lines = forms.questions_in(self.line)
        if self.said[0] in forms.QUESTION_WORDS:
            lines = lines[:1]
        return any(map(forms.is_asked_for, lines))


def topic_of(plan: Plan, words: str) -> Topic | None:
    """Return what is asked, or None if the words are no question that has an answer here."""
    names = _names(plan)
    clauses = _taken_apart(words, names)
    if any(_BUTTONS.search(one.line) and UNSURE.isdisjoint(one.said) for one in clauses):
        return None
    if any(_BESIDE_THE_POINT.search(one.line) for one in clauses):
        return None
    tells_an_age = bool(plan.programs) and facts.childs_age(words) is not None
    if tells_an_age and any(one.asks and _FITTING.search(one.line) for one in clauses):
        return Topic.AGE
    for clause in clauses:
        found = _topic(clause, plan, names)
        if found is None:
            continue
        others = [word for other in clauses if other is not clause for word in other.said]
        return None if _is_search(plan, found, clause, others, names) else found
    return _in_all(plan, clauses, names)


def is_a_question(plan: Plan, words: str) -> bool:
    """Return whether a message asks something, whether or not it has an answer here."""
    return any(one.asks for one in _taken_apart(words, _names(plan)))


def telling(words: str, kept: Collection[str]) -> str:
    """Return the words that say what is asked about, without those that ask; `kept` ones stay."""
    said = text.tokens(words)[:MOST_WORDS]
    return " ".join(word for word in said if word in kept or word not in KNOWN)


def _clauses(words: str) -> Iterator[str]:
    """Yield the parts of a message, each with the mark that ends it."""
    for match in CLAUSE.finditer(words[: text.LONGEST_TEXT]):
        if match[0].strip(" .,;!?¿¡\n"):
            yield match[0]


def _taken_apart(words: str, names: frozenset[str]) -> list[_Clause]:
    typed = ((one, _mended(one, names)) for one in islice(_clauses(words), MOST_CLAUSES))
    return [_Clause(one, said) for one, said in typed if said]


def _mended(clause: str, names: frozenset[str]) -> list[str]:
    """Return a clause's words, without what leads up to it, and without slips of the finger."""
    right = names | RIGHT
    said = text.tokens(LEVEL.sub("", DAY_CAMP.sub("", WE_ARE.sub("we are", text.fold(clause)))))[
        :MOST_WORDS
    ]
    while len(said) > 1 and said[0] in LEADS:
        said = said[1:]
    return [SHORT_SLIPS.get(word) or _SPELLING.mend(word, right) for word in said]


def _line(said: list[str]) -> str:
    return "".join(f" {word}" for word in said)


def _topic(clause: _Clause, plan: Plan, names: frozenset[str]) -> Topic | None:
    """Return what a clause asks."""
    chooses = clause.chooses or (plan.step is Step.PROGRAM_SELECTION and clause.is_asked_for)
    if clause.asks and not chooses and (found := particulars.particular_in(plan, clause.line)):
        return found[1]
    lines = forms.questions_in(clause.line)
    is_asked_for = clause.is_asked_for
    for line in lines:
        for topic, pattern in _PATTERNS:
            if pattern.search(line) and not (is_asked_for and topic in OF_CHOICES):
                return topic
    if not clause.asks:
        return None
    if clause.chooses:
        return None  # "the one with the free spots?" chooses
    for line in (lines[-1], clause.line):
        told, weight = weighing.heaviest(line, plan.step, names)
        if told and weight >= ENOUGH:
            return None if is_asked_for and told in OF_CHOICES else told
    named = not names.isdisjoint(text.content(clause.said))
    asks_about = forms.WHAT_ABOUT.search(clause.line) is None and not is_asked_for
    if named and asks_about and any(map(WHAT_IS.search, lines)):
        return Topic.ABOUT
    return None


def _in_all(plan: Plan, clauses: list[_Clause], names: frozenset[str]) -> Topic | None:
    """Return what is asked where one clause asks and others tell: "she is only 5, is that ok?"."""
    asking = [one for one in clauses if one.asks]
    if len(clauses) < 2 or not asking or plan.step is Step.PROVIDER_SEARCH:
        return None
    line = "".join(one.line for one in clauses)
    found = particulars.particular_in(plan, line)
    if found and found[0] is Particular.HEALTH:
        return found[1]
    topic, weight = weighing.heaviest(line, plan.step, names)
    asked_for = [one for one in asking if one.is_asked_for]
    if topic is Topic.AGE:
        asked_for = [one for one in asked_for if not forms.FOR_A_CHILD.search(one.line)]
    if topic is Topic.REQUIREMENTS or asked_for or topic is None or weight < ENOUGH_IN_ALL:
        return None
    return topic


def _is_search(
    plan: Plan, topic: Topic, clause: _Clause, others: list[str], names: frozenset[str]
) -> bool:
    """Return whether words that hold a question rather name what to look for."""
    points = not THOSE_SHOWN.isdisjoint(clause.said) or clause.said[1:2] in (["that"], ["this"])
    shows = bool(plan.offered or plan.elsewhere) and points
    if plan.step is not Step.PROVIDER_SEARCH or shows:
        return False
    if _says_more(others, names):
        return True
    if not _says_more(clause.said, names):
        return False
    if topic in WHOLE_IN_A_SEARCH or not clause.asks:
        return True
    if topic not in OF_CHOICES:
        return False
    return _names_a_club(clause, names) or not KINDS.isdisjoint(set(clause.said) - names)


def _names_a_club(clause: _Clause, names: frozenset[str]) -> bool:
    """Return whether a clause asks about one that is not shown: "is Blackhawk full?"."""
    of_one = OF_ONE.search(clause.line)
    return of_one is not None and of_one[1] not in KNOWN | names | text.STOPWORDS


def _says_more(said: list[str], names: frozenset[str]) -> bool:
    """Return whether words are left that neither ask nor name what is shown."""
    return bool(set(text.content(said)) - KNOWN - names)


def _names(plan: Plan) -> frozenset[str]:
    """Return the words in the names of what this signup shows: they are spelled as they are."""
    shown = [one["name"] for one in (*plan.offered, *plan.elsewhere)]
    shown += [part for one in plan.offered for part in (one["city"], one["state"])]
    shown += [program["title"] for program in plan.programs]
    return frozenset(text.tokens(" ".join(shown)))
