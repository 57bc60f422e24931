"""Facts that both a program and a parent may state: days, months, times, ages and prices."""

import itertools
import re
from collections.abc import Iterable

from orchestrator.understanding import words

DAYS = {
    0: "monday mondays mon lunes",
    1: "tuesday tuesdays tue tues martes",
    2: "wednesday wednesdays wed weds wednes wensday wendsday miercoles",
    3: "thursday thursdays thu thur thurs thursdy jueves",
    4: "friday fridays fri viernes",
    5: "saturday saturdays sat sats sabado sabados",
    6: "sunday sundays sun suns domingo domingos",
}
DAY = {word: day for day, named in DAYS.items() for word in named.split()}
WEEKEND = {"weekend", "weekends", "finde"}
WORKDAYS = {"weekday", "weekdays"}

MONTHS = {
    1: "january jan enero",
    2: "february feb febrero",
    3: "march mar marzo",
    4: "april apr abril",
    5: "mayo",  # "may" is too often no month
    6: "june jun junio",
    7: "july jul julio",
    8: "august aug agosto",
    9: "september sep sept septiembre",
    10: "october oct octubre",
    11: "november nov noviembre",
    12: "december dec diciembre",
}
MONTH = {word: month for month, named in MONTHS.items() for word in named.split()}

NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "once": 11, "doce": 12, "trece": 13, "catorce": 14, "quince": 15,
}  # fmt: skip

NO_OLDEST = 99  # stands for the end of "8 and up"

_DAY_NAME = "(" + "|".join(sorted(DAY, key=len, reverse=True)) + ")"
DAY_RANGE = re.compile(rf"\b{_DAY_NAME}\b ?(?:-|to|through|thru|a) ?{_DAY_NAME}\b")
CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d))? ?(a\.?m\b|p\.?m\b)?")
SAID_CLOCK = re.compile(
    r"\b(?:(\d{1,2}):(\d\d) ?(am|pm)?|(\d{1,2}) ?(am|pm|o'?clock)"
    r"|(?:at|a las|de las|around) (\d{1,2}))\b(?! ?(?:years|year|yr|yo|ano))"
)
MONEY = re.compile(
    r"\$ ?(\d[\d,]*)(?:\.(\d\d))?|\b(\d[\d,]*)(?:\.(\d\d))? ?(?:dollar|buck|usd|dolar)"
    r"|\b(\d{2,5})\b(?![:\d])"
)
CEILING = re.compile(
    r"\b(?:under|below|less than|cheaper than|max|at most|up to|no more than|menos de|hasta)"
    r" \$? ?(\d[\d,]*)\b(?! ?(?:year|yr|yo|ano))"
)
YEARS = r" ?-? ?(?:years?|yrs?|yo|y/o|anos?|anitos)\b"
AGE_RANGE = re.compile(
    r"\b(\d{1,2}) ?(months?|meses)? ?(?:-|to|through|thru|a|y) ?(\d{1,2})(?![\d:])"
)
AGE_FROM = re.compile(
    r"\b(?:(?:ages? |aged |edades? )?(\d{1,2}) ?(?:\+|(?:years )?(?:and|&|or) (?:up|over|older|above))"
    r"|(?:over|from age|a partir de) (\d{1,2})\b|(\d{1,2}) anos o mas)"
)
AGE_UNTIL = re.compile(r"\b(under|up to|younger than|menores de|hasta) (?:age )?(\d{1,2})\b")
CHILD = (
    r"(?:son|daughter|kids?|child|children|boy|girl|twins|niece|nephew|grandson|granddaughter"
    r"|hij[oa]|nin[oa])"
)
MONTHS_OLD = re.compile(r"\b(\d{1,2}) (?:months?|meses)\b")
SAID_AGE = re.compile(
    rf"\b(\d{{1,2}}){YEARS}|\b(?:age|aged|edad|turning|turns|turned|tiene|cumple|cumplio) (\d{{1,2}})\b"
    r"|\b(?:shes|hes|theyre|they are|she is|he is|whos|who is|is)"
    r" (?:only |just |now |almost |about )?(\d{1,2})\b"
    rf"(?! ?(?:am|pm|dollar|:))|\b{CHILD}(?: [a-z]+)? (\d{{1,2}})\b(?! ?(?:am|pm|:))"
    r"|\(\s?(\d{1,2})\s?\)"
)


def days(text: str) -> set[int]:
    """Return the days of the week that a text names one by one; Monday is 0."""
    singly = DAY_RANGE.sub(" ", words.fold(text))
    return {DAY[token] for token in words.tokens(singly) if token in DAY}


def all_days(text: str) -> set[int]:
    """Return the days of the week that a text names, those within "Mon-Fri" too."""
    named = days(text)
    for match in DAY_RANGE.finditer(words.fold(text)):
        first, last = DAY[match[1]], DAY[match[2]]
        named |= {(first + more) % 7 for more in range((last - first) % 7 + 1)}
    return named


def months(said: Iterable[str]) -> list[int]:
    """Return the months that the words name, in their order."""
    return [MONTH[token] for token in said if token in MONTH]


def dates(text: str) -> set[tuple[int, int]]:
    """Return the days of the year that a text names, as month and day: "Feb 12", "12 de febrero"."""
    said = words.tokens(text.replace(" de ", " "))
    pairs = [*itertools.pairwise(said), *zip(said[1:], said, strict=False)]
    day = {
        f"{number}{end}": number for number in range(1, 32) for end in ("", "st", "nd", "rd", "th")
    }
    return {(MONTH[one], day[other]) for one, other in pairs if one in MONTH and other in day}


def starts(schedule: str) -> list[int]:
    """Return when a schedule's meetings begin, in minutes of the day."""
    clocks = [match for match in CLOCK.finditer(words.fold(schedule)) if match[2] or match[3]]
    return [
        _minutes(int(match[1]), int(match[2] or 0), (match[3] or "").replace(".", ""))
        for match in clocks[::2]
    ]


def times(text: str) -> set[int]:
    """Return the times that a parent names; without am or pm, both halves of the day."""
    named = set()
    for match in SAID_CLOCK.finditer(words.fold(text)):
        hour, minute = int(match[1] or match[4] or match[6]), int(match[2] or 0)
        half = match[3] or match[5] or ""
        named.add(_minutes(hour, minute, half))
        if half not in ("am", "pm") and hour <= 12:
            named.add(_minutes(hour % 12 + 12, minute, ""))
    return named


def _minutes(hour: int, minute: int, half: str) -> int:
    if half == "pm" and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    return hour * 60 + minute


def ages(text: str) -> tuple[int, int] | None:
    """Return the youngest and the oldest age that a program's text names, if it does."""
    text = words.fold(text)
    for match in AGE_RANGE.finditer(text):
        before, after = text[max(0, match.start() - 14) : match.start()], text[match.end() :][:12]
        if re.search(r"\b(?:ages?|aged|edad|edades|kids|anos)[ :]*(?:de )?$", before) or re.match(
            YEARS, after
        ):
            return (0 if match[2] else int(match[1])), int(match[3])
    if least := AGE_FROM.search(text):
        return int(least[1] or least[2] or least[3]), NO_OLDEST
    if most := AGE_UNTIL.search(text):
        return 0, int(most[2]) - (most[1] not in ("up to", "hasta"))
    return None


def childs_age(text: str) -> int | None:
    """Return how old the child is, where a parent says so: "she is 7", "my seven year old"."""
    line = " ".join(
        str(NUMBERS.get(part, part))
        for part in re.sub("[,;-]", " ", words.fold(text).replace("'", "")).split()
    )
    if months_old := MONTHS_OLD.search(line):
        return int(months_old[1]) // 12
    for match in SAID_AGE.finditer(line):
        said = int(next(filter(None, match.groups())))
        if said <= 18:
            return said
    return None


def prices(text: str) -> set[int]:
    """Return the amounts of money that a text names, in cents."""
    named = set()
    for match in MONEY.finditer(words.fold(text)):
        whole = (match[1] or match[3] or match[5]).replace(",", "")[:9]
        named.add(int(whole) * 100 + int(match[2] or match[4] or 0))
    return named


def ceiling(text: str) -> int | None:
    """Return the most that a parent wants to pay, in cents, if they say so."""
    match = CEILING.search(words.fold(text))
    if match is None:
        return None
    most = int(match[1].replace(",", "")[:9])
    return most * 100 if most > 18 or "$" in match[0] else None  # "under 10" is an age
