"""The forms in which people ask: with a question word, with a verb first, or by what they don't know."""

import re
from collections.abc import Sequence

from orchestrator.understanding import words as text

ASKING = text.listed(
    "how what whats when where who whom whos whose which why is are am was were isnt arent aint do"
    " does did doesnt dont didnt can could cant cannot will would wont should shouldnt must has have"
    " had hasnt havent any anything may might cuanto cuanta cuantos cuantas que cuando donde quien"
    " quienes cual cuales como es esta estan hay puedo puede pueden podemos tiene tienen se son porque"
    " tengo tenemos wheres hows whens got guardan quedan queda todavia aun incluye aceptan"
    " show tell describe explain remind anybody anyone somebody convince"
)
# "on which days", "hasta cuándo"
BEFORE = text.listed(
    "at by for from in on of to until till with since about a de en con para por hasta desde"
)
QUESTION_WORDS = text.listed(
    "how what whats when where who whom which why cuanto cuantos que cuando donde quien cual"
)
WONDERING = re.compile(
    r"^(?:.* )?(?:wonder|wondering|tell me|tell us|let me know|let us know|to know|id know"
    r"|not sure|unsure"
    r"|no idea|no clue|dont know|do not know|dont understand|do not understand|dont get|unclear"
    r"|curious|you know|any idea|explain|remind me|have an idea|confused about|question is|dime|digame"
    r"|decirme|saber|no se|explicame|clarify|checking|double check|make sure|wanna know"
    r"|trying to (?:see|understand)|quick question|figure out|find out|(?:love|like|want"
    r"|need) to (?:hear|see|learn)(?: more)?|hear more)"
    r"(?: (?:please|por favor|me|you|again|exactly|quickly))*(?: (?:if|whether|about|of|on|for"
    r"|how come|si))?(?= |$)"
)
# Nothing is asked, but an answer would help.
WORRIED = re.compile(
    r" (?:worried|worry|nervous|uneasy|afraid|hesitant|concerned|uncomfortable|rather not"
    r"|not comfortable"
    r"|dont feel|dont want to (?:give|share|type|enter|put)|hate (?:giving|sharing)|i hope|hopefully"
    r"|me preocupa|prefiero no)(?= |$)"
)
TAGGED = re.compile(
    r"(?<! is)(?<! are)(?<! was) (?:right|correct|true|isnt it|is it|are they|arent they|doesnt it"
    r"|does it|are they all|or not|or what|or no|yes or no"
    r"|huh|verdad|no es asi|y que|luego que|despues que)$"
)
ASKS_AFTER_ALL = re.compile(
    r" (?:(?:so|and|but|or|because|cause|cuz|then|y|pero|also|please|first|then) (?P<joined>"
    r"(?:what|whats|how|when|where|who|which|why|is|are|do|does|did|can|will|would|could|cuanto"
    r"|que|cuando"
    r"|donde|hay)\b.*)"
    r"|(?P<within>(?:how (?:much|many|long|old|far|big|full|pricey|expensive|soon|often|do|does"
    r"|is|are)"
    r"|what (?:happens|time|times|day|days|if|will|does|do|is|are|age|level|else|then)"
    r"|(?:is|are|does|can|will|would|did|has|have) (?:it|that|this|they|i|we|she|he|you|there"
    r"|her|my)"
    r"|where (?:is|do|does|are)|when (?:is|do|does|are)|do (?:they|i|we|you)|whats|cuanto"
    r"|que pasa|donde|a que)\b.*))"
)
# "can we take …", "would it be possible to have …", "what if we go with …": to be done, not told.
ASKED_FOR = re.compile(
    r"^ (?:can|could) it be\b|^ (?:(?:can|could|may|might|will|would|should|shall|cant) (?:you|u"
    r"|i|we|she|he|it|they|\S+)"
    r"|(?:is|would) it (?:be )?(?:ok|okay|fine|alright|possible|all right) (?:if (?:i|we|she|he)"
    r"|to|for \S+ to)"
    r"|what if (?:i|we|she|he)|why dont (?:you|we|i)|podemos|puedo|puedes|puede|podria|podrias"
    r"|me puedes)"
    r"(?: (?:please|just|maybe|rather|instead|also|now|go ahead and|quickly|then))*"
    r" (?:have|take|get|pick|choose|select|change|switch|go|find|search|look|sign|register|book"
    r"|use|edit"
    r"|start|put|do|make|return|try|enroll|enrol|join|continue|add|give|let(?! (?:me|us) know)|check"
    r"|refresh|correct|fix|connect"
    r"|tomar|elegir|cambiar|buscar|inscribir|ir)\b"
)
STILL = re.compile(
    r"^ (?:in|into)(?= |$)| (?:still|if|money|refund|without|later|tomorrow|tonight|pay)(?= |$)"
)
FOR_A_CHILD = re.compile(r"^ (?:can|could|may|might|will|would|should|shall) (?!you|u|i|we)\S+ ")
SHOW_ANOTHER = re.compile(r"^ (?:show|find|give) (?:me|us) (?:a|an|another|some|the other)\b")
HAY_QUE = re.compile(r"^ hay que\b")
WHAT_ABOUT = re.compile(r"^ (?:what|how) about\b|^ y (?:el|la|los|las) ")


def is_asked(line: str, *, marked: bool) -> bool:
    """Return whether a clause (each word after a blank) asks, or says what is not known."""
    said = line.split()
    if not said:
        return False
    if (
        marked
        or said[0] in ASKING
        or (said[0] in BEFORE and not QUESTION_WORDS.isdisjoint(said[1:2]))
    ):
        return True
    forms = (WONDERING, WORRIED, TAGGED, ASKS_AFTER_ALL)
    return any(form.search(line) for form in forms)


def is_asked_for(line: str) -> bool:
    """Return whether a clause asks for something to be done or had, rather than for an answer."""
    if SHOW_ANOTHER.search(line) or HAY_QUE.search(line):
        return True
    asks_for = ASKED_FOR.search(line)
    return asks_for is not None and STILL.search(line[asks_for.end() :]) is None


def questions_in(line: str) -> Sequence[str]:
    """Return a clause, and what is asked in it: "I wonder what it is" and "what it is"."""
    found = [line]
    if (wondering := WONDERING.search(line)) and line[wondering.end() :]:
        found.append(line[wondering.end() :])
    asks_at_once = not QUESTION_WORDS.isdisjoint(found[-1].split()[:1])
    if not asks_at_once and (after_all := ASKS_AFTER_ALL.search(found[-1])):
        found.append(" " + (after_all["joined"] or after_all["within"]))
    return found
