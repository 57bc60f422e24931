"""What a parent wishes of a program, in so many words: a day, a time, a price, an age, a free spot."""

import re
from collections.abc import Callable, Sequence

from orchestrator.tools.contract import Program
from orchestrator.understanding import facts, words

Found = list[Program] | None  # None: nothing was said of it yet; empty: what was said fits none

CHEAPEST = re.compile(
    r"\b(?:cheapest|least expensive|less expensive|lowest price|lowest cost|low cost|cheaper"
    r"|mas barat[oa]s?|mas economic[oa]|menos car[oa])\b"
)
DEAREST = re.compile(r"\b(?:most expensive|priciest|mas car[oa])\b")
EARLIEST = re.compile(r"\b(the )?(?:earl(?:y|ier|iest)|mas temprano)\b")
LATEST = re.compile(r"\b(the )?(?:later?|latest|mas tarde)\b")
FREE = re.compile(r"\b(?:free one|for free|the free|gratis|gratuit[oa])\b")
SPOTS = re.compile(
    r"\b(?:spots?|spaces?|room|seats?|openings?|places?) (?:left|open|available|free)|\bnot full\b"
    r"|\bisnt full\b|\barent full\b|\b(?:has|have|with) (?:spots?|spaces?|room|openings?)\b"
    r"|\bavailable\b|\bcon (?:cupos?|plazas?|lugar(?:es)?|espacios?)\b|\bdisponibles?\b"
)
HALVES = {
    "morning": range(12 * 60), "mornings": range(12 * 60), "afternoon": range(12 * 60, 17 * 60),
    "afternoons": range(12 * 60, 17 * 60), "evening": range(17 * 60, 24 * 60),
    "evenings": range(17 * 60, 24 * 60), "tarde": range(12 * 60, 19 * 60),
}  # fmt: skip
MORNING_IN_SPANISH = re.compile(r"\b(?:por|en|de) la manana\b")


def narrowed(
    line: str, said: str, programs: Sequence[Program], found: Found, *, by_age: bool = True
) -> Found:
    """Return those found (or all, where nothing was named) that fit what else is said of them.

    `line` is the words with their slips mended, `said` as they were typed. A day that none of them
    is on fits none; another wish that none of them fits is let go.
    """
    for wish in (_day, _month, _half_of_day):
        found = wish(line, programs, found)
    for amount in (_date, _time, _price, *((_age,) if by_age else ())):
        found = amount(said, programs, found)
    if SPOTS.search(line):
        found = _those(programs, found, lambda one: one["spots_left"] != 0)
    if FREE.search(line):
        found = _those(programs, found, lambda one: one["price_cents"] == 0)
    return _extreme(line, programs, found)


def takes(program: Program, age: int) -> bool | None:
    """Return whether a program takes a child of that age, by its own words; None: it says no ages."""
    taken = facts.ages(f"{program['title']}. {program['description']}")
    return None if taken is None else taken[0] <= age <= taken[1]


def _those(
    programs: Sequence[Program],
    found: Found,
    fits: Callable[[Program], bool],
    *,
    firm: bool = False,
) -> Found:
    left = [one for one in (programs if found is None else found) if fits(one)]
    return left if left or firm else found


def _day(line: str, programs: Sequence[Program], found: Found) -> Found:
    tokens = set(line.split())
    if wanted := {facts.DAY[token] for token in tokens if token in facts.DAY}:
        # a week of camp holds a Tuesday too, but nobody calls it "the Tuesday one"
        for named in (_titled, _singly, *((_held,) if found else ())):
            if left := _those(programs, found, _on(wanted, named), firm=True):
                return left
        return []
    for said, meant in ((facts.WEEKEND, {5, 6}), (facts.WORKDAYS, set(range(5)))):
        if tokens & said:
            return _those(programs, found, _within(meant), firm=True)
    return found


def _titled(program: Program) -> set[int]:
    return facts.days(program["title"])


def _singly(program: Program) -> set[int]:
    return facts.days(f"{program['title']} {program['schedule']}")


def _held(program: Program) -> set[int]:
    return facts.all_days(f"{program['title']} {program['schedule']}")


def _on(wanted: set[int], named: Callable[[Program], set[int]]) -> Callable[[Program], bool]:
    return lambda program: wanted <= named(program)


def _within(meant: set[int]) -> Callable[[Program], bool]:
    return lambda program: bool(held := _held(program)) and held <= meant


def _month(line: str, programs: Sequence[Program], found: Found) -> Found:
    if not (wanted := set(facts.months(line.split()))):
        return found

    def begins(one: Program) -> bool:
        return set(facts.months(words.tokens(one["schedule"]))[:1]) == wanted

    def runs(one: Program) -> bool:
        return wanted <= set(facts.months(words.tokens(one["schedule"])))

    return _those(programs, found, begins, firm=True) or _those(programs, found, runs)


def _half_of_day(line: str, programs: Sequence[Program], found: Found) -> Found:
    halves = [HALVES[token] for token in line.split() if token in HALVES]
    if MORNING_IN_SPANISH.search(line):
        halves.append(HALVES["morning"])
    if not halves:
        return found
    return _those(
        programs, found, lambda one: any(at in halves[0] for at in facts.starts(one["schedule"]))
    )


def _date(said: str, programs: Sequence[Program], found: Found) -> Found:
    if not (wanted := facts.dates(said)):
        return found
    return _those(programs, found, lambda one: wanted <= facts.dates(one["schedule"]))


def _time(said: str, programs: Sequence[Program], found: Found) -> Found:
    if not (wanted := facts.times(said)):
        return found
    return _those(programs, found, lambda one: not wanted.isdisjoint(facts.starts(one["schedule"])))


def _price(said: str, programs: Sequence[Program], found: Found) -> Found:
    most = facts.ceiling(said)
    if most is not None:
        return _those(programs, found, lambda one: one["price_cents"] <= most)
    if wanted := facts.prices(said):
        return _those(programs, found, lambda one: one["price_cents"] in wanted)
    return found


def _age(said: str, programs: Sequence[Program], found: Found) -> Found:
    age = facts.childs_age(said)
    if age is None:
        return found

    def fits(one: Program) -> bool:
        return takes(one, age) is True

    if found and len(found) > 1 and not any(map(fits, found)):
        found = None  # the words fitted several, and the age none of these
    return _those(programs, found, fits)


def _extreme(line: str, programs: Sequence[Program], found: Found) -> Found:
    among = list(programs) if found is None else found
    for pattern, of in ((CHEAPEST, min), (DEAREST, max)):
        if among and pattern.search(line):
            best = of(one["price_cents"] for one in among)
            return [one for one in among if one["price_cents"] == best]
    among = [one for one in among if facts.starts(one["schedule"])]
    for pattern, of in ((EARLIEST, min), (LATEST, max)):
        said = pattern.search(line)
        if among and said and (found or said[1]):
            best = of(facts.starts(one["schedule"])[0] for one in among)
            return [one for one in among if facts.starts(one["schedule"])[0] == best]
    return found
