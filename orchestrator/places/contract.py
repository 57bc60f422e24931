"""What is known of a place that no provider tool serves, and how looking for one can fail."""

from typing import Literal, NotRequired, TypedDict

from orchestrator.tools.errors import ToolError

ATTRIBUTION = "Google Maps"  # stands beside what comes from there, as Google's policies ask

Reason = Literal["timeout", "unavailable", "quota", "key", "refused", "bad_response"]


class Place(TypedDict):
    """A club, camp or school found on the map; nobody can be signed up there by us.

    `website` is an http(s) URL that the place names itself; `distance_km` is from where the parent
    said that they are, if they did. `credits` are others whose data it is, to be named beside it.
    """

    name: str
    address: str
    website: str | None
    distance_km: float | None
    is_closed_for_now: NotRequired[bool]
    credits: NotRequired[list[str]]


class SearchUnavailableError(ToolError):
    """The map gave no answer that can be used.

    `reason` is for the log, and for nobody else. `is_passing`: another try soon may go better.
    """

    code = "search_unavailable"

    def __init__(self, reason: Reason, *, is_passing: bool = False) -> None:
        super().__init__()
        self.reason = reason
        self.is_passing = is_passing
        self.source = "google"
