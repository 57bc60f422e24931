"""A message in pieces: each word as it was typed, and what it may be in what a parent looks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.understanding import facts, words
from orchestrator.understanding.everyday import EVERYDAY
from orchestrator.understanding.spelling import Spelling
from orchestrator.understanding.states import is_state

MOST_PIECES = 120  # words of a sentence are looked at

PIECE = re.compile(r"[^\W_]+(?:['’&.][^\W_]+|-(?!\d)[^\W_]+)*")

ORGANISATIONS = words.listed(
    "preschool montessori scouts troop playgroup guild conservatory club clubs camp camps"
    " school schools academy center centre studio ymca ywca jcc association league gym pool dojo"
    " society foundation ranch rink park institute kindergarten daycare escuela club campamento"
    " academia centro estudio gimnasio piscina liga asociacion"
)
ACTIVITIES = words.listed(
    "ski skiing swim swimming soccer football baseball basketball tennis ballet dance dancing"
    " gymnastics karate taekwondo judo hockey skating snowboard snowboarding art arts music"
    " piano violin guitar theater theatre drama chess coding robotics science climbing sailing"
    " rowing horse riding golf lacrosse volleyball softball wrestling fencing yoga cheer cooking"
    " pottery nordic racing jumping track summer winter lessons lesson classes class team sports"
    " lacrosse esqui natacion nadar futbol baile danza gimnasia musica arte tenis patinaje"
    " beisbol clases verano invierno deportes pintura ajedrez archery badminton biking bowling"
    " boxing canoeing ceramics choir circus computer craft crafts cross-country cycling diving"
    " equestrian farm figure fishing floor flute freestyle freeride hiking hiphop horseback horses"
    " improv jazz jiu jitsu jujitsu kayaking kendo kickboxing lego nature needlework orchestra"
    " outdoor painting parkour photography pingpong polo ropes running sewing singing skate"
    " skateboarding spanish squash surfing swing tap tball tball trampoline triathlon tumbling"
    " tutoring ukulele ultimate voice waterpolo writing acting ballroom cello cheerleading drums"
    " alpine snow ice martial biathlon esgrima canto guitarra equitacion caballos patinar esquiar"
    " bailar pintar gimnasia cocina voleibol baloncesto artes marciales atletismo ciclismo hiking"
)
SEEKS = words.listed(
    "likes loves enjoys use using looking look find search searching need needs want wants sign"
    " signing register enroll enrol registering enrolling put get join try trying send like love"
    " prefer meant mean book interested into go goes signup busco buscamos buscando buscar"
    " encontrar encuentra inscribir inscribirla inscribirlo apuntar quiero queremos quisiera"
    " necesito necesitamos registrar gustaria matricular"
)
AFTER_SEEK = words.listed("for to at in into with up a en para al")
FAMILY = words.listed(
    "toddlers teen teens teenager teenagers son daughter kid kids child children boy boys girl"
    " girls sons daughters toddler twins grandson granddaughter niece nephew baby stepson"
    " stepdaughter family hijo hija hijos hijas nino nina ninos ninas nieto nieta sobrino"
    " sobrina gemelos bebe"
)
OWN = words.listed(
    "my our mi mis nuestro nuestra nuestros nuestras his her a two 2 3 three both the"
)
FILLER = words.listed(
    "sure why name idea yet system app website list work town mine hi hello hey hola um uh er"
    " hmm oh so ok okay well yes yeah no nope none neither please pls plz thx thanks thank you"
    " ty gracias favor por actually actualy actualli really just maybe sorry oops wait lol omg"
    " haha hmm ah then too also instead again i im id ill ive we were wed weve us me my our it"
    " its is are am be was do does did have has had can could would will should may the a an any"
    " some this that these those there here anything something one ones another other different"
    " new find search look looking searching need needs want wants like love prefer try sign"
    " signing up register registering enroll enrol enrolling book get let lets go going for to"
    " at of and or with from by about what which where how much who called named program good"
    " best great nice near nearby around local asap mean meant forget not now today tomorrow"
    " interested into thats thing said says you your she he they her him his hers their them"
    " know think hoping hope wondering was were wanted needed wrong right ours idk dunno u r ur"
    " yall ya folks place places somewhere someone somebody anywhere when if whether please asap"
    " rather actually tell show give help un una unos unas el la los las lo de del en para que"
    " algo algun alguna busco buscamos buscando quiero queremos quisiera necesito necesitamos"
    " gustaria me nos inscribir inscribirla inscribirlo apuntar a al y o con su sus mi mis mejor"
    " si pues bueno buenas buenos dias tardes noches otro otra ese esa este esta es hay puedo"
    " puede podria llamado llamada cerca"
)
NEAR = words.listed("in near around by nearby outside en cerca within close")
TIME_LEADS = words.listed(
    "before after until antes this next on every during in for starting beginning este esta"
    " proximo en el"
)
TIMES = words.listed(
    "winter summer spring fall autumn month week weekend weekends year season semester"
    " afternoon morning evening night saturdays sundays mondays tuesdays wednesdays thursdays"
    " fridays soon invierno verano primavera otono mes semana ano temporada tarde"
) | ({*facts.DAY, *facts.MONTH} - {"sun", "sat", "mon", "wed"})
SMALL = FILLER | SEEKS | NEAR | EVERYDAY | words.STOPWORDS


SPELLING = Spelling(SEEKS | FILLER | NEAR | ACTIVITIES | ORGANISATIONS)


@dataclass(frozen=True)
class Piece:
    """A word as it was typed (`raw`) and as it is compared (`word`)."""

    raw: str
    word: str
    after_comma: bool = False


def pieces_of(text: str) -> list[Piece]:
    """Return the words of a text as pieces; slips are mended in small talk, never in what is typed."""
    pieces, end = [], 0
    for match in PIECE.finditer(text):
        word = "".join(words.tokens(match[0].replace("-", "")))
        word = word if match[0].istitle() or word in SMALL else SPELLING.mend(word)
        pieces.append(Piece(match[0], word, "," in text[end : match.start()]))
        end = match.end()
    return pieces[:MOST_PIECES]


def typed(pieces: Sequence[Piece]) -> str:
    """Return the pieces as they were typed; a comma stays before a state alone."""
    line = ""
    for piece in pieces:
        line += (", " if piece.after_comma and is_state(piece.word) else " ") + piece.raw
    return line.strip(" ,")


def is_organisation(word: str) -> bool:
    """Return whether a word is a kind of club, camp or school; one or many."""
    return word in ORGANISATIONS or word.removesuffix("s") in ORGANISATIONS


def is_activity(word: str) -> bool:
    """Return whether a word is something that children do there."""
    return word in ACTIVITIES or word.removesuffix("s") in ACTIVITIES


def trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces without small talk at either end."""
    small = [is_small_talk(pieces, place) for place in range(len(pieces))]
    named = [place for place, is_small in enumerate(small) if not is_small]
    return list(pieces[named[0] : named[-1] + 1]) if named else []


def begins_a_club(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word like "girls" begins a name: girls club, boys and girls club."""
    return any(piece.word in ORGANISATIONS for piece in pieces[place + 1 : place + 4])


def is_in_a_name(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word stands in a row of capitals that holds a name: Start Over Gymnastics."""
    if not _is_capital(pieces[place]):
        return False
    first = last = place
    while first and _is_capital(pieces[first - 1]) and not pieces[first].after_comma:
        first -= 1
    while (
        last + 1 < len(pieces)
        and _is_capital(pieces[last + 1])
        and not pieces[last + 1].after_comma
    ):
        last += 1
    return first < last and any(map(_is_proper, pieces[first : last + 1]))


def _is_capital(piece: Piece) -> bool:
    return piece.raw.istitle() and piece.raw != "I"


def _is_proper(piece: Piece) -> bool:
    return piece.raw.istitle() and piece.word not in words.STOPWORDS | FILLER


def is_small_talk(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word only leads up to what is looked for, and is no part of a name."""
    word = pieces[place].word
    if not word or word == "i":
        return True
    if word in FAMILY and begins_a_club(pieces, place):
        return False
    small = word in SMALL and not (is_activity(word) or is_organisation(word))
    return small and not (place and is_in_a_name(pieces, place))
