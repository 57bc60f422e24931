"""The states of the USA, by the names and letters that parents write."""

_NAMES = (
    "AL alabama;AK alaska;AZ arizona;AR arkansas;CA california;CO colorado;CT connecticut;"
    "DE delaware;DC district of columbia;FL florida;GA georgia;HI hawaii;ID idaho;IL illinois;"
    "IN indiana;IA iowa;KS kansas;KY kentucky;LA louisiana;ME maine;MD maryland;MA massachusetts;"
    "MI michigan;MN minnesota;MS mississippi;MO missouri;MT montana;NE nebraska;NV nevada;"
    "NH new hampshire;NJ new jersey;NM new mexico;NY new york;NC north carolina;ND north dakota;"
    "OH ohio;OK oklahoma;OR oregon;PA pennsylvania;RI rhode island;SC south carolina;"
    "SD south dakota;TN tennessee;TX texas;UT utah;VT vermont;VA virginia;WA washington;"
    "WV west virginia;WI wisconsin;WY wyoming"
)
NAME = {entry[:2]: entry[3:] for entry in _NAMES.split(";")}
LETTERS = {name: letters for letters, name in NAME.items()}
EVERYDAY = {"hi", "in", "me", "or", "ok", "oh", "pa", "de", "la", "id", "al", "ma", "co"}


def is_state(token: str) -> bool:
    """Return whether a word (in small letters) is a state, and hardly anything else."""
    return token in LETTERS or (token.upper() in NAME and token not in EVERYDAY)
