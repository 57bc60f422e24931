"""A parent at the API: says things, presses buttons, and can walk to any step."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission

CHILD = "Emma Larsen"
ANSWERS = {
    "child_name": CHILD,
    "date_of_birth": "2018-05-31",
    "emergency_phone": "608-555-0123",
}
SATURDAY = "blackhawk-saturday-nordic"  # every prerequisite met, a form with three fields
FULL = "blackhawk-thursday-jumping"
MISSING = "blackhawk-race-team"  # prerequisites missing
NO_FORM = "blackhawk-family-night"
STEPS = [
    "provider_search",
    "login",
    "program_selection",
    "prerequisite_check",
    "form_fill",
    "confirmation",
    "completed",
]


class Chat:
    """One signup of one parent. `last` is the newest answer's body, `status` its HTTP status."""

    def __init__(self, user: User, client: APIClient | None = None) -> None:
        self.user = user
        self.client = client or APIClient()
        if client is None:
            self.client.force_authenticate(user)
        self.status = 0
        self.last: dict[str, Any] = {}
        self.response: Any = None
        self.id = ""

    def begin(self) -> dict[str, Any]:
        """Start a signup and return the first Turn."""
        turn = self._keep(self.client.post("/api/v1/sessions"))
        self.id = turn["session"]["id"]
        return turn

    def say(self, text: str, **headers: str) -> dict[str, Any]:
        """Send a message and return the answer."""
        return self._keep(self._post("messages", {"message": text}, headers))

    def press(self, action: str, /, **payload: Any) -> dict[str, Any]:
        """Press a button and return the answer."""
        return self._keep(self._post("actions", {"action": action, "payload": payload}, {}))

    def press_if(self, version: str, action: str, /, **payload: Any) -> dict[str, Any]:
        """Press a button if the session is still at this version."""
        body = {"action": action, "payload": payload}
        return self._keep(self._post("actions", body, {"If-Match": version}))

    def read(self) -> dict[str, Any]:
        """Return the session as a reloaded page sees it."""
        return self._keep(self.client.get(f"/api/v1/sessions/{self.id}"))

    def save_login(self, password: str = "pass word 1", alias: str = "Ours", **more: Any) -> str:
        """Save a login for the chosen provider and return its id."""
        session = self.client.get(f"/api/v1/sessions/{self.id}").json()
        body = {
            "alias": alias,
            "provider": session["provider"],
            "org_ref": session["org_ref"],
            "email": "pat@ski.example",
            "password": password,
            "session_id": self.id,
            **more,
        }
        saved: str = self.client.post("/api/v1/credentials", body).json()["id"]
        return saved

    def walk_to(self, step: str, program: str = SATURDAY) -> dict[str, Any]:
        """Go the usual way from the last Turn to this step, and return the Turn there."""
        if not self.id:
            self.begin()
        walk: list[Callable[[], object]] = [
            lambda: (
                self.say("Blackhawk Ski Club in Middleton")
                and self.press("select_provider", org_ref="blackhawk-ski")
            ),
            lambda: (
                self.press("connect_account")
                and self.press("credentials_submitted", credential_id=self.save_login())
            ),
            lambda: self.press("select_program", program_ref=program),
            lambda: self.press("complete_prereqs"),
            lambda: self.press("submit_form", answers=ANSWERS),
            lambda: self.press("confirm_registration", summary=self.summary),
        ]
        for stride in walk[STEPS.index(self.step) : STEPS.index(step)]:
            stride()
        return self.last

    def finish(self) -> dict[str, Any]:
        """Go the usual way to the summary, confirm it, and return the answer."""
        if not self.id or self.step != "confirmation":
            self.walk_to("confirmation")
        return self.press("confirm_registration", summary=self.summary)

    @property
    def step(self) -> str:
        """The step that the last Turn stands at."""
        step: str = self.last["session"]["step"]
        return step

    @property
    def summary(self) -> str:
        """The digest in the Confirm button of the last Turn."""
        buttons = [button for card in self.last["cards"] for button in card["buttons"]]
        confirm = next(one for one in buttons if one["action"] == "confirm_registration")
        return str(confirm["payload"]["summary"])

    @property
    def actions(self) -> list[str]:
        """The actions of all the buttons that the last answer shows."""
        cards = [button for card in self.last.get("cards", []) for button in card["buttons"]]
        return [button["action"] for button in [*cards, *self.last["cta"]]]

    def trail(self) -> list[str]:
        """The actions recorded of this session, oldest first."""
        rows = MandateAudit.objects.filter(session_id=UUID(self.id))
        return list(rows.order_by("created_at", "id").values_list("action", flat=True))

    def _post(self, door: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
        return self.client.post(f"/api/v1/sessions/{self.id}/{door}", body, headers=headers)

    def _keep(self, response: Any) -> dict[str, Any]:
        self.response, self.status, self.last = response, response.status_code, response.json()
        return self.last


def receipt() -> RegistrationSubmission:
    """Return the only registration that there is."""
    return RegistrationSubmission.objects.get()
