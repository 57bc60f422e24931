"""Where something is looked for: the town in a parent's sentence, taken out of it.

A town stands behind "in" or "near", before a state, behind the last comma, or is a ZIP code.
"""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.understanding import words
from orchestrator.understanding.pieces import (
    NEAR,
    TIMES,
    Piece,
    is_activity,
    is_organisation,
    is_small_talk,
)
from orchestrator.understanding.states import is_state

LONGEST_TOWN = 4  # words: "Eau Claire, New York"

Span = tuple[int, int, int]  # where the way to a town begins, where the town does, where it ends

BETWEEN = words.listed(
    "in around near or the to of from by city town downtown area miles mile mi km kilometers min mins"
    " minutes hour metro greater de a la ciudad kilometros"
)
NOT_INTO_A_TOWN = words.listed(
    "interested enroll enrolled register sign signed join participate believe put get enrolling"
    " interesada interesado inscribir inscribirla inscribirlo clases"
)
WHOM = words.listed("him her them us me")
# What begins a town's name, so that the next word belongs to it.
BEGINS_A_TOWN = words.listed(
    "eau sun new san los las fort ft mount mt saint st la el cedar green grand lake north south east"
    " west santa fond du de des cross spring black river maple prairie oak little"
)
IN_A_TOWN = words.listed("park center ranch spring springs rock")


def apart(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces without a town, and the town; no pieces if there is none."""
    for find in (_behind_a_preposition, _before_a_state, _behind_a_comma, _zip_code):
        if span := find(pieces):
            way, start, end = span
            behind = [replace(piece, after_comma=True) for piece in pieces[end : end + 1]]
            return [*pieces[:way], *behind, *pieces[end + 1 :]], list(pieces[start:end])
    return list(pieces), []


def _behind_a_preposition(pieces: Sequence[Piece]) -> Span | None:
    for way in range(len(pieces) - 1, -1, -1):
        if not _leads_to_a_town(pieces, way):
            continue
        start = way + 1
        while start < len(pieces) and _is_between(pieces, start):
            start += 1
        end = _end_of_town(pieces, start)
        if start < end:
            while way and pieces[way - 1].word in NEAR | {"or"}:
                way -= 1
            return way, start, end
    return None


def _leads_to_a_town(pieces: Sequence[Piece], place: int) -> bool:
    word, before = pieces[place].word, pieces[place - 1].word if place else ""
    if word in ("de", "from"):
        return before in ("el", "la", "los", "las", "one", "ones", "una", "uno")
    if word in ("to", "of"):
        return before in ("moved", "moving", "next", "closest", "nearest", "outside")
    if word == "at":
        named = any(
            is_organisation(piece.word) or is_activity(piece.word) for piece in pieces[:place]
        )
        behind = pieces[place + 1 :]
        ends = bool(behind) and is_state(behind[-1].word)
        return ends or (named and len(behind) == 1 and _had_a_club(pieces[:place]))
    if before in WHOM and place > 1:
        before = pieces[place - 2].word  # "get him in"
    return word in NEAR and before not in NOT_INTO_A_TOWN


def _had_a_club(pieces: Sequence[Piece]) -> bool:
    return any(is_organisation(piece.word) for piece in pieces)


def _is_between(pieces: Sequence[Piece], place: int) -> bool:
    word = pieces[place].word
    if pieces[place].raw.istitle() and word in BEGINS_A_TOWN:
        return False
    return word in BETWEEN or (word.isdigit() and len(word) < 4)


def _end_of_town(pieces: Sequence[Piece], start: int) -> int:
    """Return where a town that begins at a place ends; the place itself if there is none."""
    end = start
    while end < len(pieces) and end - start < LONGEST_TOWN:
        piece = pieces[end]
        if end > start and piece.after_comma and not is_state(piece.word):
            break
        if is_small_talk(pieces, end) and not (is_state(piece.word) or piece.word == "area"):
            break
        if piece.word in TIMES - {"spring"} or (
            is_activity(piece.word) and piece.word not in IN_A_TOWN
        ):
            break
        if is_organisation(piece.word) and piece.word not in IN_A_TOWN:
            return start  # a club: "near Riverside School"
        end += 1
        if is_state(piece.word) and end - start > 1:
            return end
    runs_on = end < len(pieces) and not pieces[end].after_comma
    if runs_on and pieces[end].raw.istitle() and is_activity(pieces[end].word):
        return start  # a club: "at Riverside Swim Club"
    named = any(is_organisation(piece.word) for piece in pieces[end : end + 2])
    return start if runs_on and named and is_activity(pieces[end].word) else end


def _before_a_state(pieces: Sequence[Piece]) -> Span | None:
    for place in range(len(pieces) - 1, 0, -1):
        ends = place + 1 == len(pieces) or pieces[place + 1].after_comma
        if is_state(pieces[place].word) and (ends or is_small_talk(pieces, place + 1)):
            start = _start_of_town(pieces, place)
            return (start, start, place + 1) if start < place else None
    return None


def _start_of_town(pieces: Sequence[Piece], state: int) -> int:
    """Return where the town before a state begins: behind a club or a comma, or one word before."""
    start = state
    while start and state - start < LONGEST_TOWN - 1:
        word = pieces[start - 1].word
        if is_organisation(word) or is_activity(word):
            return start
        if is_small_talk(pieces, start - 1):
            break
        start -= 1
        if pieces[start].after_comma:
            return start
    if start == state:
        return state
    two = state > 1 and start <= state - 2 and pieces[state - 2].word in BEGINS_A_TOWN
    return state - 2 if two else state - 1


def _behind_a_comma(pieces: Sequence[Piece]) -> Span | None:
    starts = [place for place, piece in enumerate(pieces) if place and piece.after_comma]
    for start in reversed(starts):
        ends = [at for at in starts if at > start]
        end = ends[0] if ends else len(pieces)
        if ends and end + 1 == len(pieces) and is_state(pieces[end].word):
            end += 1
        before = any(not is_small_talk(pieces, place) for place in range(start))
        if before and end - start <= LONGEST_TOWN and _end_of_town(pieces, start) == end:
            return start, start, end
    return None


def _zip_code(pieces: Sequence[Piece]) -> Span | None:
    for place, piece in enumerate(pieces):
        if piece.word.isdigit() and len(piece.word) == 5:
            way = place - 1 if place and pieces[place - 1].word == "to" else place
            return way, place, place + 1
    return None
