"""Questions about one particular thing, that what is told of a topic as a whole would not answer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto

from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.understanding import patterns
from orchestrator.understanding.intents import Topic
from orchestrator.understanding.words import STOPWORDS, tokens


class Particular(Enum):
    """What is asked about."""

    HEALTH = auto()  # is a peanut allergy ok?
    RENTING = auto()  # do you rent skis?
    BRINGING = auto()  # what should we pack?
    FOOD = auto()  # is lunch included?
    TEACHERS = auto()  # who is the coach?
    COMPARING = auto()  # is the race team better?
    ADVICE = auto()  # what do you recommend?
    FILLING_IN = auto()  # can you fill this in for me?
    MEANING = auto()  # what does intermediate mean?
    CHECKING = auto()  # what am I agreeing to?
    CHARGES = auto()  # how much will I be charged?
    A_FIELD = auto()  # do I have to give a phone number?
    EARLIER = auto()  # what did I register so far?
    CONTACT = auto()  # do they have a website?


_SEEN = frozenset(Step) - {Step.PROVIDER_SEARCH, Step.COMPLETED}
_CHOSEN = _SEEN - {Step.LOGIN}
_FORM = frozenset({Step.FORM_FILL, Step.CONFIRMATION})


@dataclass(frozen=True)
class _Row:
    particular: Particular
    topic: Topic
    at: Collection[Step]
    phrases: str  # as in `phrases`
    fits: Callable[[Plan, str], object] | None = None


def labels_named(plan: Plan, line: str) -> list[str]:
    """Return the labels of the form's fields, and of what these offer, that words name."""
    said = set(line.split()) - STOPWORDS
    labels = [one["label"] for one in plan.fields or ()]
    labels += [option["label"] for one in plan.fields or () for option in one["options"]]
    return [label for label in labels if said & set(tokens(label))]


def names_another_program(plan: Plan, line: str) -> bool:
    """Return whether words name a program by its title that is not the chosen one."""
    chosen = set(tokens(plan.program["title"])) if plan.program else set()
    named = {word for one in plan.programs for word in tokens(one["title"])} - chosen - STOPWORDS
    return not named.isdisjoint(line.split())


_ROWS = (
    _Row(
        Particular.HEALTH, Topic.ABOUT, _SEEN,
        """
        allergy|allergies|allergic|asthma|asthmatic|epipen|inhaler|diabetes|diabetic|autism|autistic
        adhd|wheelchair|disability|disabilities|disabled|special_needs|medication|medicine
        peanut|peanuts|gluten|alergia|alergias|alergico|alergica|asma
        """,
    ),
    _Row(
        Particular.RENTING, Topic.ABOUT, _SEEN,
        "rent|rents|rental|rentals|renting|borrow|alquilan|alquiler|alquilar",
    ),
    _Row(
        Particular.BRINGING, Topic.REQUIREMENTS, _SEEN,
        "what|que ... bring|wear|pack|llevar|traer ; need|have_to|should ... bring|wear|pack",
    ),
    _Row(
        Particular.FOOD, Topic.ABOUT, _SEEN,
        "lunch|lunches|snack|snacks|food|meal|meals|comida|almuerzo",
    ),
    _Row(
        Particular.TEACHERS, Topic.ABOUT, _SEEN,
        """
        who|whos ... coach|coaches|teach|teaches|instructor|instructors|teacher|teachers
        quien ... ensena|entrena|entrenador|entrenadora|maestra|maestro
        """,
    ),
    _Row(
        Particular.COMPARING, Topic.OPTIONS, _CHOSEN,
        """
        ^is|are|isnt|arent|was|would|wouldnt ... better|worse ; better|worse than
        which|what|cual ... better|best ; ^should i|we|she|he ... instead ; es mejor
        """,
        fits=names_another_program,
    ),
    _Row(
        Particular.ADVICE, Topic.OPTIONS, _CHOSEN,
        """
        you recommend|suggest|advise ; recomiendas|recomienda|aconsejas|sugieres
        which|what one|program|class|course is|are|would_be best|better$ ; which is best|better$
        which|what one|program|class|course should|would i|we|she|he|you take|pick|choose|get
        cual es el|la mejor
        """,
    ),
    _Row(
        Particular.FILLING_IN, Topic.NEXT, {Step.FORM_FILL},
        "you|u ... fill|do|complete|enter|type ... for me|us ; fill ... for me|us",
    ),
    _Row(
        Particular.MEANING, Topic.ABOUT, _FORM,
        "what|whats ... mean|means|meant ; que significa|quiere_decir",
        fits=labels_named,
    ),
    _Row(
        Particular.CHECKING, Topic.NEXT, {Step.CONFIRMATION},
        """
        what ... agreeing|agree|consenting|signing ; what ... i|we entered|typed|wrote
        what ... did i|we enter|type|write|put|fill
        what ... you|u send|sending|submit|submitting$
        is|are that|this|it|they the right|correct name|date|phone|number|birthday|info|information
        que puse|escribi
        """,
    ),
    _Row(
        Particular.CHARGES, Topic.PAYMENT, _CHOSEN,
        "how much ... charged|billed ; cuanto me ... cobrar|cobran",
    ),
    _Row(
        Particular.A_FIELD, Topic.REQUIREMENTS, {Step.FORM_FILL},
        "^do|must|can|may i|we ... give|enter|leave|skip|provide|fill",
        fits=labels_named,
    ),
    _Row(
        Particular.EARLIER, Topic.SENT, frozenset(Step),
        """
        what|which ... did|have i|we ... register|registered|book|booked|enroll|enrolled
        what|which|are my registrations|bookings|signups ; que inscribi|registre
        """,
    ),
    _Row(
        Particular.CONTACT, Topic.PLACE, {Step.PROVIDER_SEARCH, Step.LOGIN, Step.PROGRAM_SELECTION},
        """
        they|their|them|its|have|has ... website|web_site|webpage|web_page|homepage|sitio_web
        website|web_site|webpage|homepage of|for
        what|whats ... their|its phone|telephone|email|number ; their phone|telephone|email number$
        """,
    ),
)  # fmt: skip
_FOUND_BY = [(row, patterns.Finder(row.phrases)) for row in _ROWS]
WORDS = frozenset(word for row in _ROWS for word in patterns.words_in(row.phrases))


def particular_in(plan: Plan, line: str) -> tuple[Particular, Topic] | None:
    """Return what a line (each word after a blank) is about in particular, and its topic."""
    for row, pattern in _FOUND_BY:
        if plan.step not in row.at or not pattern.search(line):
            continue
        if row.fits is None or row.fits(plan, line):
            return row.particular, row.topic
    return None
