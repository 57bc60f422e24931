"""A parent behind the proxy, whose every request may land on another web process."""

import re
from typing import Any, cast

import requests
from rest_framework.test import APIClient

from tests.deploy.container import Container
from tests.servers.web_process import Api

SITE = "signupassist.localhost"
PASSWORD = "skis in the cellar"


class Visitor(Api):
    """Asks the web processes in turn, and remembers which one answered what."""

    def __init__(self, webs: list[Container]) -> None:
        super().__init__()
        self.headers |= {
            "Host": SITE,
            "X-Forwarded-For": "203.0.113.7",
            "Origin": f"https://{SITE}",
        }
        self.webs = webs
        self.asked: list[str] = []  # names of web processes
        self.turns: list[str] = []  # of those that a message or an action came to

    def sign_up(self, email: str) -> None:
        """Make an account on the page, and log in to the API with it."""
        page = self.get("/auth/signup")
        token = re.search(r'name="csrf-token" content="(\w+)"', page.text)
        assert token, page.text
        cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
        form = {"email": email, "password1": PASSWORD, "csrfmiddlewaretoken": token[1]}
        made = self._ask(
            "POST", "/auth/signup", headers={"Cookie": cookies}, data=form, allow_redirects=False
        )
        assert (made.status_code, made.headers["Location"]) == (302, "/"), made.text
        login = self.post("/api/v1/auth/token", {"email": email, "password": PASSWORD})
        self.headers["Authorization"] = f"Bearer {login.json()['access']}"

    def as_client(self) -> APIClient:
        """Return what a `Chat` takes for a client of its own."""
        return cast("APIClient", self)

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        web = self.webs[len(self.asked) % len(self.webs)]
        self.asked.append(web.name)
        if method == "POST" and path.startswith("/api/v1/sessions"):
            self.turns.append(web.name)
        return requests.request(
            method,
            f"http://127.0.0.1:{web.environment['PORT']}{path}",
            headers=self.headers | (headers or {}),
            timeout=60,
            **more,
        )
