"""A parent at the API of the contract, who signs one child up after the other and gives up late."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any
from uuid import uuid4

import requests

from benchmarks.load.deeds import BEGUN, Answer, Deed, untruth
from benchmarks.load.judging import Signup
from tests.deploy.container import Container
from tests.deploy.visitor import PASSWORD, Visitor
from tests.orchestrator.chat import ANSWERS, SATURDAY

PAUSES = (0.5, 1.0, 2.0)  # before the same request is made again
LOOK_AGAIN = 1.0  # seconds, while something is under way
ANSWER_SECONDS = 60.0
PATIENCE = 150.0  # seconds for one signup
WISHES: Mapping[str, Mapping[str, str]] = {  # which of several buttons
    "select_provider": {"org_ref": "blackhawk-ski"},
    "select_program": {"program_ref": SATURDAY},
}
WAY = {  # what is pressed at each step, where it is offered; else what tries the step again
    "provider_search": "select_provider",
    "login": "credentials_submitted",
    "program_selection": "select_program",
    "prerequisite_check": "complete_prereqs",
    "form_fill": "submit_form",
    "confirmation": "confirm_registration",
}


class Line(Visitor):
    """A parent's connections, kept to each web process, and an address of their own."""

    def __init__(self, webs: list[Container], number: int) -> None:
        super().__init__(webs)
        self.headers["X-Forwarded-For"] = f"198.18.{number // 250}.{number % 250 + 1}"
        self._addresses = cycle(
            [f"http://127.0.0.1:{web.environment['PORT']}" for web in webs[number % 2 :] + webs]
        )
        self._http = requests.Session()
        self._http.trust_env = False

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        return self._http.request(
            method,
            next(self._addresses) + path,
            headers=self.headers | (headers or {}),
            timeout=ANSWER_SECONDS,
            **more,
        )


class Parent:
    """Somebody with an account, and with as many children as there is time."""

    def __init__(self, line: Line, name: str, enough: threading.Event | None = None) -> None:
        """Once there is `enough`, nothing more is begun."""
        self.line, self.name = line, name
        self.enough = enough or threading.Event()
        self.email = f"{name}@load.example"
        self.user_id = ""
        self.log_in_deed = Deed("user_logged_in", "")
        self.signups: list[Signup] = []

    def make_account(self) -> None:
        """Sign up on the page, before anybody looks at the clock."""
        self.line.sign_up(self.email)
        self.user_id = self.line.get("/api/v1/me").json()["id"]

    def log_in(self) -> None:
        """Get a token for the hours to come; asked for until it comes."""
        self.line.headers.pop("Authorization", None)
        body = {"email": self.email, "password": PASSWORD}
        deed = self.log_in_deed = Deed("user_logged_in", self.user_id)
        while (answer := self._do(deed, "/api/v1/auth/token", body)) is None:
            if self.enough.is_set():
                return
        self.line.headers["Authorization"] = f"Bearer {answer['access']}"

    def sign_up(self) -> Signup:
        """Sign one more child up, as patiently as a parent can be; return what was done."""
        child = f"Child {len(self.signups)} of {self.name}"
        signup = Signup(self.user_id, child)
        self.signups.append(signup)
        until = time.monotonic() + PATIENCE
        turn = self._begin(signup)
        while time.monotonic() < until and not self.enough.is_set():
            session = turn["session"] if turn else None
            if session and session["status"] == "completed":
                signup.is_over = True
                return signup
            if session and session["status"] == "outcome_unknown":
                return signup  # the parent was told to wait, and does something else
            is_busy = session is None or session["status"] == "submitting"
            next_turn = None if turn is None or is_busy else self._stride(signup, turn)
            if next_turn is None:
                time.sleep(LOOK_AGAIN)
                next_turn = self._look(signup) if signup.has_begun else self._begin(signup)
            turn = next_turn
        return signup

    def read_again(self, signups: list[Signup]) -> None:
        """Read everything about one's own of these once more, when all is over."""
        receipts = self._all("/api/v1/submissions")
        for signup in signups:
            if signup.has_begun and signup.user_id == self.user_id:
                signup.read = self.line.get(f"/api/v1/sessions/{signup.session_id}").json()
                signup.receipts = [
                    one for one in receipts if one["session_id"] == signup.session_id
                ]
                trail = self._all(f"/api/v1/audit?session_id={signup.session_id}")
                signup.trail = Counter(row["action"] for row in trail)

    def _all(self, path: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        joint, page = "&" if "?" in path else "?", self.line.get(path).json()
        while page["next"]:
            found += page["results"]
            page = self.line.get(f"{path}{joint}cursor={page['next']}").json()
        return [*found, *page["results"]]

    # --- One stride of the way --------------------------------------------------------------------

    def _begin(self, signup: Signup) -> Mapping[str, Any] | None:
        deed = Deed("session_created", self.user_id)
        signup.deeds.append(deed)
        turn = self._do(deed, "/api/v1/sessions", {})
        if turn is not None:
            signup.session_id = turn["session"]["id"]
        return turn

    def _look(self, signup: Signup) -> Mapping[str, Any] | None:
        """Return the Turn that a reloaded page shows, or None where there is no page."""
        try:
            read = self.line.get(f"/api/v1/sessions/{signup.session_id}")
            return {**read.json()["last_turn"], "session": read.json()} if read.ok else None
        except (requests.RequestException, ValueError):
            return None

    def _stride(self, signup: Signup, turn: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Do the next thing that the Turn asks for; return what it led to, if it went well."""
        offered = dict(buttons(turn))
        wanted = WAY[turn["session"]["step"]]
        if wanted == "submit_form" and turn["form"]:
            answers = ANSWERS | {"child_name": signup.child}
            return self._press(signup, "submit_form", {"answers": answers})
        if wanted == "credentials_submitted" and wanted not in offered and not _retry(offered):
            return self._press(signup, "connect_account", {}) and self._with_login(signup)
        if wanted in offered:
            payload = {"credential_id": signup.credential_id} if signup.credential_id else {}
            return self._press(signup, wanted, {**offered[wanted], **payload})
        if again := _retry(offered):
            return self._press(signup, again, offered[again])
        if turn["session"]["step"] == "provider_search":
            return self._turn(signup, "message_sent", {"message": "Blackhawk Ski Club, Middleton"})
        return None

    def _with_login(self, signup: Signup) -> Mapping[str, Any] | None:
        """Save a login for this child's club, and go on with it."""
        deed = Deed("credentials_submitted", signup.session_id)
        signup.deeds.append(deed)
        body = {
            "alias": uuid4().hex,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
            "email": self.email,
            "password": "of the club",
            "session_id": signup.session_id,
        }
        saved = self._do(deed, "/api/v1/credentials", body)
        if saved is None:
            return None
        signup.credential_id = saved["id"]
        return self._press(signup, "credentials_submitted", {"credential_id": saved["id"]})

    def _press(
        self, signup: Signup, action: str, payload: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        body = {"action": action, "payload": payload}
        return self._turn(signup, f"action_{action}", body)

    def _turn(
        self, signup: Signup, action: str, body: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        deed = Deed(action, signup.session_id)
        signup.deeds.append(deed)
        door = "messages" if action == "message_sent" else "actions"
        turn = self._do(deed, f"/api/v1/sessions/{signup.session_id}/{door}", body)
        if turn is not None and (said := untruth(turn, signup.session_id, action)):
            signup.untrue.append(said)
        return turn

    def _do(self, deed: Deed, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Ask under one key until there is an answer; return it where it is a good one."""
        key = {} if path.endswith("/token") else {"Idempotency-Key": uuid4().hex}
        for pause in (*PAUSES, None):
            answer, content = self._ask_once(path, body, key)
            deed.answers.append(answer)
            if answer.is_good:
                return content
            if pause is None or not answer.is_wrong or answer.code in BEGUN:
                return None
            time.sleep(pause)
        return None

    def _ask_once(
        self, path: str, body: Mapping[str, Any], key: dict[str, str]
    ) -> tuple[Answer, Mapping[str, Any]]:
        begun = time.monotonic()
        try:
            answer = self.line.post(path, body, headers=key)
            content = answer.json()
        except (requests.RequestException, ValueError):
            now = time.monotonic()
            return Answer(None, seconds=now - begun, at=now), {}
        now = time.monotonic()
        is_replay = answer.headers.get("Idempotency-Replayed") == "true"
        code = "" if answer.ok else str(content.get("code"))
        return Answer(answer.status_code, code, is_replay, now - begun, now), content


def buttons(turn: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield action and payload of each button that a parent with our wishes would press."""
    cards = [button for card in turn["cards"] for button in card["buttons"]]
    for button in [*turn["cta"], *cards]:
        wish = WISHES.get(button["action"], {})
        if wish.items() <= button["payload"].items():
            yield button["action"], button["payload"]


def _retry(offered: Mapping[str, Any]) -> str | None:
    return next((name for name in offered if name.startswith("retry_")), None)
