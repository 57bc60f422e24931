"""Every page of the admin, and what becomes of who opens it: the matrix of the roles."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.signing import SignedPackage

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession, JobRun
from tests.credentials.canary import LOGIN
from tests.orchestrator.chat import ANSWERS, Chat

CANARY = "canary-of-the-console"
PASSWORD = "a long pass phrase"  # of the parent, see tests/conftest.py

LEDGER = {MandateAudit, StoredCredential}
FAMILIES = {User, AgenticCheckoutSession, RegistrationSubmission}
WORKER = {JobRun, Schedule, Success, Failure, OrmQ}
ROOMS: dict[str, set[type[Model]]] = {
    "nobody": set(),
    "parent": set(),
    "staff without a role": set(),
    "auditor": LEDGER,
    "support": FAMILIES | WORKER,
    "superuser": LEDGER | FAMILIES | WORKER,
}
DEEDS: dict[str, type[Model]] = {  # the pages on which something can be done, each by a POST
    "end_signup": AgenticCheckoutSession,
    "registration_found": RegistrationSubmission,
    "registration_not_found": RegistrationSubmission,
    "disable_account": User,
    "enable_account": User,
}
DOERS = {"support", "superuser"}
SAID = {"reason": "The club said so.", "booked": "confirmed", "confirmation_ref": "BSC-1"}
CLOSED = {302, 403}

# GET and POST of what belongs to no room, for staff of any kind
ELSEWHERE: dict[str, tuple[int, int]] = {
    "index": (200, 200),
    "login": (302, 302),  # they are logged in
    "logout": (200, 302),
    "password_change": (404, 404),
    "password_change_done": (404, 404),
    "jsi18n": (200, 405),
    "autocomplete": (403, 405),  # no form of the console asks for it
    "unknown": (404, 404),
}


@dataclass(frozen=True)
class Page:
    """A page of the admin: its name in the URL configuration, its address, whose room it is in."""

    name: str
    path: str
    model: type[Model] | None = None

    @property
    def kind(self) -> str:
        """What the page is in its room: its list, a record of it, a deed."""
        if self.model is None or self.name in DEEDS:
            return self.name
        return self.name.rpartition("_")[2]

    def expected(self, who: str) -> tuple[set[int], set[int]]:
        """Return what a GET and a POST are answered with."""
        if who == "nobody":
            return {302}, {302}
        if who == "parent":
            return ({200}, {302}) if self.name == "logout" else (CLOSED | {404}, CLOSED | {404})
        if self.model is None:
            get, post = ELSEWHERE[self.name]
            return {get}, {post}
        seen = self.model in ROOMS[who]
        looks = {200} if seen else {403}
        moves = who == "superuser" and self.model is Schedule  # a setting, and no record
        match self.kind:
            case "timeline":
                return looks, looks
            case "found" | "verify" | "views":  # to be pressed
                return ({405}, {200, 302, 400}) if seen else ({403}, {403})
            case "changelist" if self.model is MandateAudit:  # a page of our own
                return looks, {405} if seen else {403}
            case "changelist":
                return looks, looks
            case "change":
                return looks, looks if moves else {403}
            case "history":
                return ({200} if moves else {404}), ({200} if moves else {404})
            case "add" | "delete":
                return {403}, {403}
            case "list":  # of an app: whatever of it can be seen
                any_seen = {one for one in ROOMS[who] if one._meta.app_label == self.app}
                return ({200}, {200}) if any_seen else ({404}, {404})
            case "redirect":
                return {302}, {302}
        assert self.kind in DEEDS, f"what is {self.name} for?"
        return ({200}, {302, 409}) if who in DOERS else ({403}, {403})

    @property
    def app(self) -> str:
        return self.model._meta.app_label if self.model else ""


def pages(world: dict[type[Model], Any]) -> list[Page]:
    """Return every page that the admin's URL configuration knows, deeds last.

    A page that nobody has thought about fails here, or in `expected`.
    """
    found = list(_pages(admin.site.get_urls(), world))
    return sorted(found, key=lambda page: (page.name in DEEDS, page.name == "logout"))


def _pages(urls: list[Any], world: dict[type[Model], Any]) -> Iterator[Page]:
    for resolver in (url for url in urls if isinstance(url, URLResolver)):
        app_label, model_name = str(resolver.pattern).rstrip("/").split("/")
        model = next(one for one in world if _named(one) == (app_label, model_name))
        for url in resolver.url_patterns:
            assert isinstance(url, URLPattern)
            yield _page_of(model, url, world[model])
        yield Page("app_list", reverse("admin:app_list", args=[app_label]), model)
    for url in (url for url in urls if isinstance(url, URLPattern)):
        match url.name:
            case "app_list":
                continue  # with each model
            case "autocomplete":
                of_sessions = "app_label=sessions_store&model_name=agenticcheckoutsession"
                query = f"?{of_sessions}&field_name=user&term=pat"
                yield Page(url.name, reverse("admin:autocomplete") + query)
            case None:
                yield Page("unknown", "/admin/nothing-of-this-name/")
            case name:
                yield Page(name, reverse(f"admin:{name}"))


def _page_of(model: type[Model], url: URLPattern, pk: Any) -> Page:
    route = re.sub(r"<path:object_id>|<uuid:record_id>", str(pk), str(url.pattern))
    if "<uuid:session_id>" in route:
        told = MandateAudit.objects.exclude(session_id=None).values_list("session_id", flat=True)
        route = route.replace("<uuid:session_id>", str(told[0]))
    assert "<" not in route, f"no example for {url.pattern}"
    app_label, model_name = _named(model)
    return Page(url.name or "redirect", f"/admin/{app_label}/{model_name}/{route}", model)


def _named(model: type[Model]) -> tuple[str, str]:
    return model._meta.app_label, str(model._meta.model_name)


def make_world(parent: User) -> dict[type[Model], Any]:
    """Return the id of a record in each room; all that staff must not see is told of in some."""
    chat = Chat(parent)
    chat.walk_to("login")
    chat.press("connect_account")
    credential_id = chat.save_login(LOGIN["password"], email=LOGIN["email"])
    chat.press("credentials_submitted", credential_id=credential_id)
    chat.walk_to("confirmation")
    now = timezone.now()
    submission = RegistrationSubmission.objects.create(
        user_id=parent.pk, session_id=uuid4(), provider="skiclubpro", org_ref="blackhawk-ski",
        program_ref="nordic", participant=CANARY, request_digest="d" * 64, message=CANARY,
        response={"message": CANARY}, status="needs_operator", is_real=True, created_at=now,
        updated_at=now, sent_at=now,
    )  # fmt: skip
    tasks = {
        success: Task.objects.create(
            id=uuid4().hex, name="night", func="sessions_store.tasks.forget_expired_sessions",
            args=(CANARY,), kwargs={"key": CANARY}, result=CANARY, success=success, started=now,
            stopped=now,
        )
        for success in (True, False)
    }  # fmt: skip
    package = SignedPackage.dumps({"id": "1", "name": CANARY, "args": (CANARY,)})
    queued = OrmQ.objects.create(key="signupassist", payload=package, lock=now)
    run = JobRun.objects.create(job="forget", host="here", process=1, started_at=now)
    schedule = Schedule.objects.first()
    if schedule is None:  # taken away by a flush
        call_command("migrate", verbosity=0)
        schedule = Schedule.objects.get()
    return {
        MandateAudit: MandateAudit.objects.filter(user_id=parent.pk).latest("created_at").pk,
        StoredCredential: credential_id,
        User: parent.pk,
        AgenticCheckoutSession: chat.id,
        RegistrationSubmission: submission.pk,
        JobRun: run.pk,
        Schedule: schedule.pk,
        Success: tasks[True].pk,
        Failure: tasks[False].pk,
        OrmQ: queued.pk,
    }


def hidden(parent: User) -> list[str]:
    """Return what must stand on no page, besides the login of the canary."""
    token = AgenticCheckoutSession.objects.get().turn_token
    words = [CANARY, "sa1.", parent.password, PASSWORD, *ANSWERS.values()]
    return [*words, str(token)] if token else words


def contents() -> dict[str, list[Any]]:
    """Return all rows of all tables but those that looking writes to: the trail, the log-ins."""
    names = set(connection.introspection.table_names()) - {
        "mandate_audit",
        "audit_pending",
        "django_session",
    }
    with connection.cursor() as cursor:
        found = {}
        for name in sorted(names):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")  # noqa: S608
            found[name] = sorted(map(str, cursor.fetchall()))
    return found
