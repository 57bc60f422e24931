"""Which of the programs shown is meant: by its place in the list, its name, or what is said of it."""

import re
from collections.abc import Sequence
from typing import TypeVar

from orchestrator.tools.contract import Program, Provider
from orchestrator.understanding import facts, wishes, words
from orchestrator.understanding.spelling import Spelling

Option = TypeVar("Option", Provider, Program)

LAST, MIDDLE = -1, 0
ORDINALS = {
    "first": 1, "1st": 1, "primero": 1, "primera": 1, "primer": 1, "top": 1, "former": 1,
    "second": 2, "2nd": 2, "segundo": 2, "segunda": 2,
    "third": 3, "3rd": 3, "tercero": 3, "tercera": 3, "tercer": 3,
    "fourth": 4, "4th": 4, "cuarto": 4, "cuarta": 4, "fifth": 5, "5th": 5, "quinto": 5, "quinta": 5,
    "sixth": 6, "6th": 6, "sexto": 6, "sexta": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8,
    "ninth": 9, "9th": 9, "tenth": 10, "10th": 10,
    "last": LAST, "latter": LAST, "bottom": LAST, "ultimo": LAST, "ultima": LAST,
    "middle": MIDDLE, "medio": MIDDLE,
}  # fmt: skip
NO_PLACE = re.compile(
    r"\b(?:last|first|second|third) (?=(?:year|time|times|timer|week|night|winter|summer|season|month"
    r"|child|kid|son|daughter|thought|thoughts|grade|grader|grad|of all)\b)|\b(?:at|por) (?:last|fin)\b"
)
TURNED = re.compile(
    r"\b(?:wait,? no|no,? wait|actually,? no|actually|i meant?|or rather|scratch that|make that|make it"
    r"|no,? sorry|sorry|on second thought|never ?mind|mejor|perdon|digo|no,? espera|espera)\b"
)
NOT_FULL = re.compile(
    r"\b(?:that |which |and |but )?(?:is not|isnt|are not|arent|not|no esta) (?:already |yet )?"
    r"(?:full|sold out|booked|lleno|llena)\b"
)
BIRTH = re.compile(r"\b(?:born|birthday|turn(?:s|ing|ed)|nacio|nacid[oa]|cumple|cumplio)\b[^,]*")
BECAUSE = re.compile(r"(?<=\w) (?:because|bc|cuz|cause|since|porque|ya que)\b[^,]*")
NEWCOMER = re.compile(
    r"\bnever (?:\w+ed|done|tried|been)\b|\bfirst[ -]timers?\b|\bfirst time\b"
    r"|\bnew to \w+|\bjust starting\b"
    r"|\bnunca ha \w+|\bprimera vez\b"
)
COUNTED_ONE = re.compile(
    r"\b(level|lvl|nivel|session|sesion|week|semana|group|grupo) (?:one|uno|una)\b"
)
AGE_SAID = re.compile(
    r"\b(?:\w+ )?(?:is|shes|hes|theyre|age|aged|turning|tiene|de) (?:only |just |almost )?\d{1,2}\b"
    r"(?: (?:years?|yrs?|anos?)(?: olds?)?)?|\b\d{1,2} (?:years?|yrs?|yo|anos?|months?)(?: olds?)?\b"
)
POINTS = re.compile(r"\bones?\b|\b(?:el|la) (?:de|que)\b")
COUNTS = {"one": 1, "uno": 1, "una": 1, **facts.NUMBERS}
OTHER = re.compile(r"\b(?:the other(?: one)?|otro|otra)\b")
NOT = r"(?<!why )\b(?:not|isnt|no es|except|anything but|wrong|skip)(?! (?:sure|too|really|so)\b)"
TURNED_DOWN = re.compile(
    rf"{NOT}(?: \w+){{0,3}}? (?:one|ones|class|program|ese|esa)\b"
    r"(?: (?:in|at|from|de|en)(?: \w+){1,2})?"
    rf"|{NOT}(?: \w+){{1,4}}(?= ,|$)|{NOT} (?:that|those|this|it)\b"
    rf"|{NOT} (?:the|that|el|la)(?: \w+){{1,3}}(?= ,|$)"
    r"|\b(?:el|la) \w+ no\b|\b(?:instead of|rather than|en vez de|en lugar de)(?: \w+){1,4}"
)
BEGINNER = ("beginner", "beginners", "starter", "starters", "introduction", "intro")
BABY = ("tot", "tots", "toddler", "toddlers", "baby", "babies", "infant", "infants")
SAME = {
    **dict.fromkeys(("baby", "babies", "toddler", "toddlers", "infant", "bebe", "bebes", "tot"), BABY),
    "beginner": BEGINNER, "beginners": BEGINNER, "newbie": BEGINNER, "beginning": BEGINNER,
    "principiante": BEGINNER, "principiantes": BEGINNER, "inicial": BEGINNER,
    "avanzado": ("advanced",), "avanzada": ("advanced",), "intermedio": ("intermediate",),
    "jumps": ("jumping",), "salto": ("jumping",), "saltos": ("jumping",), "racing": ("race",),
    "carrera": ("race",), "carreras": ("race",), "equipo": ("team",), "nordico": ("nordic",),
    "alpino": ("alpine",), "familia": ("family",), "familiar": ("family",), "nivel": ("level",),
    "lvl": ("level",),
    "natacion": ("swim",), "nadar": ("swim",), "esqui": ("ski",), "semana": ("week",),
    "arte": ("art",), "campamento": ("camp",), "escuela": ("school",), "snowboarding": ("snowboard",),
    "skiing": ("ski",), "swimming": ("swim",), "esquiar": ("ski",), "swimmers": ("swim",),
    "antorchas": ("torchlight",), "coding": ("code",), "programming": ("code",),
}  # fmt: skip
SPELLING = Spelling(
    {*facts.DAY, *facts.WEEKEND, *facts.MONTH, *ORDINALS, *wishes.HALVES, *SAME}
    | words.listed("cheapest expensive closest nearest available instead other")
)


def programs_meant(said: str, programs: Sequence[Program]) -> list[Program]:
    """Return the programs that the words mean, best first: one, several alike, or none."""
    if (last := last_word(said)) and (found := programs_meant(last, programs)):
        return found
    kept, turned_down = _kept_of(said, programs)
    found = _programs(kept, said, programs)
    if turned_down:
        unwanted = _programs(" ".join(turned_down), "", programs)
        if found or unwanted:
            left = [one for one in (found or programs) if one not in unwanted]
            return left if found or len(left) == 1 else []
    return found


def programs_named(said: str, programs: Sequence[Program]) -> list[Program]:
    """Return the programs that the words name, whatever they say about a child beside it."""
    kept, _ = _kept_of(said, programs)
    left = " ".join(AGE_SAID.sub(" ", kept).split())
    telling = telling_words(spoken(left))
    if _by_title(telling, programs)[0] or not ORDINALS.keys().isdisjoint(spoken(left)):
        return _programs(left, "", programs)
    return wishes.narrowed(left, "", programs, None, by_age=False) or []


def programs_titled(said: str, programs: Sequence[Program]) -> list[Program]:
    """Return the programs that the words name by a word of their titles, best first."""
    parts = {part for one in programs for part in words.tokens(_title(one))}
    telling = [
        word
        for word in telling_words(words.tokens(said))
        if any(likeness(word, part) for part in parts)
    ]
    return _by_title(telling, programs)[0]


def programs_left(said: str, programs: Sequence[Program]) -> list[Program]:
    """Return the other programs where the words only turn some of them down: "not the Saturday one"."""
    _, turned_down = _kept_of(said, programs)
    unwanted = _programs(" ".join(turned_down), "", programs) if turned_down else []
    return [one for one in programs if one not in unwanted] if unwanted else []


def is_a_place_in_a_list(said: str) -> bool:
    """Return whether the words say no more than "the first", of whatever list."""
    telling = words.content(words.tokens(said))
    return bool(telling) and all(word in ORDINALS or word.isdigit() for word in telling)


def points_at_one(said: str) -> bool:
    """Return whether the words point at one of those shown: "the big one"."""
    return POINTS.search(" ".join(words.tokens(said))) is not None


def last_word(said: str) -> str:
    """Return what follows the last "wait, no": the change of mind is what is meant."""
    *before, last = TURNED.split(words.fold(said))
    return last if before else ""


def mended(said: str, names: Sequence[str]) -> str:
    """Return the words with their slips mended and a comma between clauses.

    What is shown is spelt as it is shown.
    """
    shown = {token for name in names for token in words.tokens(name)}
    said = NEWCOMER.sub(" beginner ", COUNTED_ONE.sub(r"\1 1", words.fold(said)))
    parts = [[SPELLING.mend(token, shown) for token in part] for part in words.clauses(said)]
    return BECAUSE.sub("", NO_PLACE.sub("", " , ".join(" ".join(part) for part in parts)))


def without_turned_down(line: str) -> tuple[str, list[str]]:
    """Return the line without "not the Saturday one", and what was turned down so."""
    turned_down = [match[0] for match in TURNED_DOWN.finditer(line)]
    return TURNED_DOWN.sub(" ", line), turned_down


def _kept_of(said: str, programs: Sequence[Program]) -> tuple[str, list[str]]:
    """Return the words that speak for a program, mended, and those that speak against some."""
    line = NOT_FULL.sub("available", mended(said, [_title(one) for one in programs]))
    return without_turned_down(BIRTH.sub(" ", line))


def _programs(line: str, said: str, programs: Sequence[Program]) -> list[Program]:
    tokens = spoken(line)
    telling = telling_words(tokens)
    named, exactly = _by_title(telling, programs)
    ordinal = not exactly and any(token in ORDINALS for token in tokens)
    if ordinal:
        telling = [word for word in telling if word not in ORDINALS]
        named, _ = _by_title(telling, programs)
    described = [] if ordinal else _by_description(telling, programs)
    left = wishes.narrowed(line, said, programs, named or described or None, by_age=not ordinal)
    if ordinal or left is None:
        place = place_in_list(tokens, len(programs if left is None else left))
        if place is not None:
            return [(programs if left is None else left)[place]]
    return left or []


# --- By place in the list -------------------------------------------------------------------------


def place_in_list(tokens: Sequence[str], count: int) -> int | None:
    """Return the index that "the second one" or "3" names, if it is in the list."""
    said = [ORDINALS[token] for token in tokens if token in ORDINALS]
    rest = [word for word in words.content(list(tokens)) if word not in ORDINALS]
    number = None
    if len(said) == 1:
        number = {LAST: count, MIDDLE: (count + 1) // 2 if count % 2 else 0}.get(said[0], said[0])
    elif not said and len(rest) == 1 and (rest[0].isdigit() or rest[0] in COUNTS):
        number = COUNTS.get(rest[0]) or int(rest[0][:3])
    elif not said and not rest and list(tokens) in (["one"], ["uno"], ["una"], ["number", "one"]):
        number = 1
    elif not said and not rest and count == 2 and OTHER.search(" ".join(tokens)):
        number = 2
    return number - 1 if number is not None and 1 <= number <= count else None


# --- By name --------------------------------------------------------------------------------------


def spoken(line: str) -> list[str]:
    """Return the words of a line."""
    return line.replace(",", " ").split()


def telling_words(tokens: Sequence[str]) -> list[str]:
    """Return the words that may name something; a number only after one, as in "level 3"."""
    telling: list[str] = []
    for before, word in zip(["", *tokens], tokens, strict=False):
        number = str(facts.NUMBERS.get(word, word))
        if number.isdigit():
            if before.isalpha() and before not in {*words.STOPWORDS, *facts.MONTH}:
                telling.append(number)
        elif word not in words.STOPWORDS and word not in facts.DAY and word not in facts.MONTH:
            telling.append(word)
    return list(dict.fromkeys(telling))[: words.MOST_WORDS]


def _by_title(telling: Sequence[str], programs: Sequence[Program]) -> tuple[list[Program], bool]:
    """Return the programs whose titles the words fit best, and whether every word does."""
    numbers = {word for word in telling if word.isdigit()}
    scored, exactly = [], False
    for program in programs:
        numbered = {word for word in words.tokens(_title(program)) if word.isdigit()}
        if numbers and numbered and numbers.isdisjoint(numbered):
            continue  # "level 2" is not Level 3
        known = set(words.tokens(_title(program)))
        hits = [max((likeness(word, one) for one in known), default=0.0) for word in telling]
        if max(hits, default=0.0) == 1.0 or sum(map(bool, hits)) * 4 >= max(1, len(hits)):
            scored.append((sum(hits), program))
            exactly = exactly or (len(hits) > 1 and all(hits))
    return best_of(scored), exactly


def _by_description(telling: Sequence[str], programs: Sequence[Program]) -> list[Program]:
    """Return the programs whose description holds most of the words, letter by letter."""
    said = {word.rstrip("s") for word in telling}
    scored = []
    for program in programs:
        known = {word.rstrip("s") for word in words.tokens(program["description"])}
        hits = sum(not known.isdisjoint({word, *SAME.get(word, ())}) for word in said)
        if hits > 1 or hits * 2 > len(said):
            scored.append((float(hits), program))
    return best_of(scored)


def likeness(said: str, known: str) -> float:
    """Return how alike a word and one of what is shown are: 1 the same, 0 strangers."""
    if known in SAME.get(said, ()):
        return 1.0
    return 0.0 if known in facts.DAY else words.alike(said, known)


def best_of(scored: list[tuple[float, Option]]) -> list[Option]:
    """Return those with the highest score."""
    top = max((score for score, _ in scored), default=0.0)
    return [option for score, option in scored if score and score >= top - 0.05]


def _title(program: Program) -> str:
    return program["title"]
