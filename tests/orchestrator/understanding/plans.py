"""Signups at every step, small and lifelike, for a parent's sentence to be read against."""

from orchestrator.flow.plan import Failed, Plan
from orchestrator.flow.rules import Step
from orchestrator.places.contract import Place
from orchestrator.tools.contract import Field, Option, Prerequisite, Program, Provider


def _club(
    ref: str, name: str, city: str, state: str, distance: float | None, system: str
) -> Provider:
    return {
        "name": name,
        "org_ref": ref,
        "provider": system,
        "city": city,
        "state": state,
        "distance_km": distance,
    }


def _program(
    ref: str,
    title: str,
    description: str,
    schedule: str,
    dollars: int,
    spots: int,
    opens_at: str | None = None,
) -> Program:
    return {
        "program_ref": ref,
        "title": title,
        "description": description,
        "schedule": schedule,
        "price_cents": dollars * 100,
        "currency": "USD",
        "spots_left": spots,
        "opens_at": opens_at,
    }


def _met(name: str, label: str) -> Prerequisite:
    return {"name": name, "status": "ok", "label": label, "url": None}


def _field(
    name: str, label: str, kind: str, *options: Option, required: bool = True, role: str = ""
) -> Field:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "required": required,
        "options": list(options),
        "help": "",
        "role": role or None,
    }


BLACKHAWK = _club("blackhawk-ski", "Blackhawk Ski Club", "Middleton", "WI", 9.4, "skiclubpro")
PINES = _club(
    "northern-pines-ski", "Northern Pines Ski School", "Duluth", "MN", 452.0, "skiclubpro"
)
SUNFISH = _club("sunfish-swim", "Sunfish Swim School", "Madison", "WI", 2.1, "swimdesk")
BACK_BAY = _club("back-bay-swim", "Back Bay Swim School", "Boston", "MA", None, "swimdesk")
CANCEL_CREEK = _club("cancel-creek", "Cancel Creek Camp", "Minocqua", "WI", 310.5, "campdesk")
RIVERSIDES = (
    _club("riverside-eau-claire", "Riverside Swim Club", "Eau Claire", "WI", 265.0, "swimdesk"),
    _club("riverside-madison", "Riverside Swim Club", "Madison", "WI", 6.3, "swimdesk"),
    _club("riverside-rockford", "Riverside Swim Club", "Rockford", "IL", 97.8, "swimdesk"),
)
MAPPED: tuple[Place, ...] = (
    {
        "name": "Lakeside Karate Dojo",
        "address": "12 Monroe St, Madison, WI",
        "website": "https://lakeside-karate.example.org/",
        "distance_km": 3.0,
    },
    {
        "name": "Red Dragon Karate",
        "address": "900 Park St, Madison, WI",
        "website": None,
        "distance_km": 5.5,
    },
)

SKI = (
    _program(
        "nordic-kids",
        "Nordic Kids",
        "Games and first glides on classic skis, ages 6 to 9. Hot chocolate included.",
        "Saturdays 9:00–11:00, Jan 9 – Feb 27",
        180,
        14,
    ),
    _program(
        "alpine-beginners",
        "Alpine Beginners",
        "First turns under the lights with a certified coach, ages 7 to 12.",
        "Wednesdays 17:30–19:00, Jan 6 – Feb 24",
        240,
        6,
    ),
    _program(
        "first-tracks",
        "First Tracks",
        "Sliding, falling and laughing on the bunny hill, ages 4 to 5.",
        "Sundays 10:00–11:30, Jan 10 – Feb 28",
        95,
        3,
    ),
    _program(
        "junior-jumping",
        "Junior Jumping",
        "An introduction on the 10 and 20 metre hills, ages 8 to 14.",
        "Thursdays 17:00–18:30, Jan 7 – Mar 4",
        210,
        0,
    ),
    _program(
        "race-team",
        "Junior Race Team",
        "Gate training and four regional races, ages 10 to 16.",
        "Mondays and Wednesdays 16:30–18:30, Dec 7 – Mar 3",
        525,
        5,
    ),
    _program(
        "snowboard-camp",
        "Spring Snowboard Camp",
        "Five full days in the park with lunch at the lodge, ages 9 to 13.",
        "Mon–Fri 9:00–15:00, Mar 22 – Mar 26",
        390,
        20,
        "2027-01-15T15:00:00Z",
    ),
)
SWIM = (
    _program(
        "parent-and-tot",
        "Parent and Tot",
        "Songs and floating together, 6 months to 3 years.",
        "Tuesdays 9:30–10:00, Jan 12 – Mar 2",
        88,
        7,
    ),
    _program(
        "level-1",
        "Learn to Swim, Level 1",
        "Face in, float, glide: four swimmers per teacher, ages 4 to 6.",
        "Saturdays 9:00–9:40, Jan 9 – Feb 27",
        112,
        2,
    ),
    _program(
        "level-3",
        "Learn to Swim, Level 3",
        "Front crawl and backstroke over 15 metres, ages 7 to 9.",
        "Mondays 16:30–17:10, Jan 11 – Mar 1",
        118,
        6,
    ),
    _program(
        "stroke-clinic",
        "Stroke Clinic",
        "Butterfly and breaststroke technique, ages 10 to 14.",
        "Fridays 17:00–18:00, Jan 15 – Feb 19",
        140,
        0,
    ),
)
CAMP = (
    _program(
        "creek-explorers",
        "Creek Explorers Week",
        "Canoes, crafts and a night under the stars, ages 8 to 12.",
        "Mon–Fri 9:00–16:00, Jul 12 – Jul 16",
        320,
        11,
    ),
)
BACK_BAY_CLASSES = (
    _program(
        "guppies",
        "Guppies",
        "First splashes without a parent in the pool, ages 3 to 4.",
        "Saturdays 9:00–9:30, Jan 9 – Feb 27",
        99,
        5,
    ),
    _program(
        "minnows",
        "Minnows",
        "Water confidence and first strokes, ages 5 to 7.",
        "Saturdays 11:00–11:45, Jan 9 – Feb 27",
        115,
        10,
    ),
    _program(
        "fresh-start",
        "Fresh Start Freestyle",
        "For swimmers who took a break, ages 8 to 12.",
        "Tuesdays 17:00–17:45, Jan 12 – Mar 2",
        130,
        4,
    ),
)

MEMBERSHIP = _met("membership", "Club membership")
WAIVER = _met("waiver", "Season waiver")
MEMBERSHIP_REQUIRED: Prerequisite = {
    "name": "membership",
    "status": "required",
    "label": "Club membership",
    "url": "https://blackhawk-ski.example.org/membership",
}
SAFETY_MISSING: Prerequisite = {
    "name": "safety_course",
    "status": "missing",
    "label": "On-snow safety course",
    "url": "https://blackhawk-ski.example.org/safety",
}
FIELDS = (
    _field("child_name", "Child's full name", "text", role="participant"),
    _field("date_of_birth", "Child's date of birth", "date"),
    _field(
        "skill_level",
        "Skill level",
        "select",
        {"value": "first_time", "label": "First time on snow"},
        {"value": "beginner", "label": "Beginner"},
        {"value": "intermediate", "label": "Intermediate"},
    ),
    _field("boot_size", "Boot size (EU)", "number", required=False),
    _field("emergency_phone", "Emergency contact phone", "tel"),
)

CLUBS = (BLACKHAWK, PINES, SUNFISH, BACK_BAY, CANCEL_CREEK)
FROM_TOOLS = {"providers": "mcp", "programs": "mcp"}

_at_login = Plan(
    step=Step.LOGIN, offered=(BLACKHAWK,), provider=BLACKHAWK, sources={"providers": "mcp"}
)
_choosing = _at_login.but(
    step=Step.PROGRAM_SELECTION, credential_id="login-1", programs=SKI, sources=FROM_TOOLS
)
_checking = _choosing.but(
    step=Step.PREREQUISITE_CHECK, program=SKI[0], prerequisites=(MEMBERSHIP, WAIVER)
)
_filling = _checking.but(step=Step.FORM_FILL, fields=FIELDS)
_confirming = _filling.but(step=Step.CONFIRMATION, answers="sealed:form")

PLANS: dict[str, Plan] = {
    # provider_search
    "nothing_offered": Plan(),
    "one_club": Plan(offered=(BLACKHAWK,), sources={"providers": "mcp"}),
    "three_riversides": Plan(offered=RIVERSIDES, sources={"providers": "mcp"}),
    "several_clubs": Plan(offered=CLUBS, sources={"providers": "mcp"}),
    "only_on_the_map": Plan(elsewhere=MAPPED, sources={"providers": "google"}),
    "search_failed": Plan(
        failed=Failed("search", {"query": "Sunfish Swim School", "location": "Madison"})
    ),
    # login
    "login": _at_login,
    "login_back_bay": _at_login.but(offered=(BACK_BAY,), provider=BACK_BAY),
    # program_selection
    "ski_programs": _choosing,
    "swim_classes": _choosing.but(offered=(SUNFISH,), provider=SUNFISH, programs=SWIM),
    "one_program": _choosing.but(offered=CLUBS, provider=CANCEL_CREEK, programs=CAMP),
    "two_on_saturday": _choosing.but(
        offered=(BACK_BAY,), provider=BACK_BAY, programs=BACK_BAY_CLASSES
    ),
    "programs_failed": _choosing.but(
        failed=Failed("select_program", {"program_ref": "nordic-kids"})
    ),
    # prerequisite_check
    "all_in_place": _checking,
    "one_missing": _checking.but(program=SKI[3], prerequisites=(MEMBERSHIP, SAFETY_MISSING)),
    "membership_required": _checking.but(program=SKI[4], prerequisites=(MEMBERSHIP_REQUIRED,)),
    # form_fill
    "form": _filling,
    # confirmation
    "confirmation": _confirming,
    "confirmation_without_form": _confirming.but(
        provider=CANCEL_CREEK, programs=CAMP, program=CAMP[0], fields=(), answers=None
    ),
}
