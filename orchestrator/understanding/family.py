"""Leaving out of a search what is about a child, an age or a date: none of it names a club."""

import re
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.understanding import facts, words
from orchestrator.understanding.pieces import (
    ACTIVITIES,
    AFTER_SEEK,
    FAMILY,
    FILLER,
    NEAR,
    ORGANISATIONS,
    OWN,
    SEEKS,
    TIME_LEADS,
    TIMES,
    Piece,
    begins_a_club,
    is_in_a_name,
    pieces_of,
)

AGE_LEADS = words.listed(
    "who is she he shes hes whos age aged ages de tiene que turning just turned only almost and of edad"
)
AGE_ENDS = ("yo", "yr", "yrs", "yearold", "yearolds", "anos")
SIGNS_UP = words.listed(
    "up sign signing register registering enroll enrolling put get getting send sending take taking"
    " inscribir apuntar registrar"
)
DATES = {*facts.DAY, *facts.MONTH} & TIMES - {
    "march",
    "april",
    "june",
    "august",
    "mar",
    "mayo",
    "sun",
}
YEARS = words.listed("year years yr yrs yo old olds ano anos months month yearold")


def without_family(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces without "for my daughter Emma", "she is 7" or "8 year old"."""
    kept: list[Piece] = []
    place, is_cut = 0, False
    while place < len(pieces):
        end = _end_of_family(pieces, place)
        if end == place:
            piece = pieces[place]
            kept.append(replace(piece, after_comma=True) if is_cut else piece)
            end, is_cut = end + 1, False
        else:
            is_cut = True
            while kept and kept[-1].word in OWN | {
                "for",
                "para",
                "of",
                "de",
                "old",
                "little",
                "older",
            }:
                kept.pop()
        place = end
    return kept


def without_children(text: str) -> str:
    """Return a text without what is about children in it; the commas stay."""
    kept = without_family(pieces_of(text))
    return "".join((", " if piece.after_comma else " ") + piece.raw for piece in kept)


def _end_of_family(pieces: Sequence[Piece], place: int) -> int:
    """Return where the words on a child that begin at a place end; the place itself if none do."""
    word = pieces[place].word
    after = pieces[place + 1].word if place + 1 < len(pieces) else ""
    before = pieces[place - 1].word if place else ""
    if word in FAMILY and before != "the" and (before in OWN or not _names_a_club(pieces, place)):
        end = place + 1
        if end < len(pieces) and _is_childs_name(pieces, end):
            end += 1
        return _end_of_age(pieces, end)
    if (
        pieces[place].raw.istitle()
        and _is_childs_name(pieces, place)
        and _is_bare_age(pieces, place + 1)
    ):
        return place + 2
    if before in ("for", "para") and _is_childs_name(pieces, place) and pieces[place].raw.istitle():
        ends = place + 1 == len(pieces) or pieces[place + 1].after_comma
        if ends or _end_of_age(pieces, place + 1) > place + 1:
            return _end_of_age(pieces, place + 1)
    if _is_signed_up(pieces, place):
        return _end_of_age(pieces, place + 1)
    if word in ("shes", "hes", "she", "he", "whos", "who", "age", "aged", "edad", "tiene", "ages"):
        end = _end_of_age(pieces, place)
        return end if end > place + 1 or after == "" else place
    end = _end_of_age(pieces, place) if _is_age(word) else place
    if not word.endswith(AGE_ENDS) and pieces[end - 1].word not in YEARS:
        return place
    named = end < len(pieces) and pieces[end].raw.istitle() and _is_childs_name(pieces, end)
    return end + named


def _is_signed_up(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word is the name of whom something is for: "sign up jake for", "for tommy 6"."""
    if not place or place + 1 == len(pieces) or not _is_childs_name(pieces, place):
        return False
    before, after = pieces[place - 1].word, pieces[place + 1].word
    if before in ("for", "para"):
        return _end_of_age(pieces, place + 1) > place + 1
    return before in SIGNS_UP and after in AFTER_SEEK


def _names_a_club(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word like "girls" begins a name: Girl Scouts, Boys and Girls Club."""
    return begins_a_club(pieces, place) or is_in_a_name(pieces, place)


def _is_bare_age(pieces: Sequence[Piece], place: int) -> bool:
    if place >= len(pieces) or not _is_age(pieces[place].word) or not pieces[place].word.isdigit():
        return False
    return place + 1 == len(pieces) or pieces[place + 1].after_comma


def _end_of_age(pieces: Sequence[Piece], place: int) -> int:
    """Return where an age that begins at a place ends: "who is 7", "8 years old", "de 8 años"."""
    end = place
    while end < len(pieces) and pieces[end].word in AGE_LEADS:
        end += 1
    numbers = 0
    while end < len(pieces) and _is_age(pieces[end].word):
        end, numbers = end + 1, numbers + 1
        if (
            end + 1 < len(pieces)
            and pieces[end].word in ("and", "y", "to")
            and _is_age(pieces[end + 1].word)
        ):
            end += 1
    if not numbers:
        return place
    stands_alone = end == place + 1 and (end == len(pieces) or pieces[end].word not in YEARS)
    if stands_alone and pieces[place].word in facts.NUMBERS:
        return place
    if stands_alone and place and pieces[place - 1].word in ORGANISATIONS | {"level", "troop"}:
        return place
    while end < len(pieces) and pieces[end].word in YEARS:
        end += 1
    return end


def _is_age(word: str) -> bool:
    number = re.fullmatch(r"(\d{1,2})(?:yo|yrs?|yearolds?|yearold|anos)?", word)
    return (number is not None and int(number[1]) <= 18) or word in facts.NUMBERS


def _is_childs_name(pieces: Sequence[Piece], place: int) -> bool:
    """Return whether a word after "my daughter" or "for" may be her name."""
    word = pieces[place].word
    known = FILLER | ORGANISATIONS | ACTIVITIES | NEAR | SEEKS | words.STOPWORDS | TIMES
    if not word.isalpha() or word in known:
        return False
    return (
        pieces[place].raw[:1].isupper()
        or place + 1 == len(pieces)
        or (pieces[place + 1].word in known or pieces[place + 1].word.isdigit())
    )


def without_times(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces without "this winter", "on Saturdays" or "next week"."""
    kept: list[Piece] = []
    for place, piece in enumerate(pieces):
        led = bool(kept) and kept[-1].word in TIME_LEADS
        named = place + 1 < len(pieces) and pieces[place + 1].word in ORGANISATIONS
        is_date = piece.word.isdigit() and place and pieces[place - 1].word in facts.MONTH
        goes_on = piece.word.isdigit() and place > 1 and pieces[place - 2].word in facts.MONTH
        if is_date or goes_on:
            continue
        if piece.word in TIMES and (led or piece.word in DATES) and not named:
            while kept and kept[-1].word in TIME_LEADS | {"the"}:
                kept.pop()
        else:
            kept.append(piece)
    return kept
