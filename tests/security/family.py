"""A family whose every byte is a canary, and all that the product keeps of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services.logins import AUTHENTICATED_AT
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat

EMAIL = "canary-parent@family.example"
PASSWORD = "canary of the account"
ALIAS = "Canary alias"
LOGIN = {"email": "canary-login@club.example", "password": "canary of the login 9"}
CHILD = "Canary Larsen"
PHONE = "608-555-0177"
SAID = "Blackhawk Ski Club in Middleton for our canary child"
CLUB = "canary-club"  # the clubs of the samples are for everybody to see
PROGRAM = "Canary Nordic Kids"
REFERENCE = "CANARY-BSC-1"
WORDS = [EMAIL, PASSWORD, ALIAS, *LOGIN.values(), CHILD, PHONE, SAID, CLUB, PROGRAM, REFERENCE]


@dataclass
class Family:
    """The parent, what is theirs by the name of its placeholder, and what nobody else may read."""

    parent: User
    ids: dict[str, str]
    secrets: list[str] = field(default_factory=list)

    @classmethod
    def settle(cls) -> "Family":
        """Return a family in the middle of a signup, with a login, a receipt and a trail."""
        parent = User.objects.create_user(EMAIL, PASSWORD)
        chat = Chat(parent)
        chat.begin()
        chat.say(SAID)
        chat.press("select_provider", org_ref="blackhawk-ski")
        chat.press("connect_account")
        login = chat.save_login(LOGIN["password"], ALIAS, email=LOGIN["email"])
        chat.press("credentials_submitted", credential_id=login)
        chat.save_login(LOGIN["password"], ALIAS, email=LOGIN["email"], org_ref=CLUB)
        chat.walk_to("form_fill")
        chat.press(
            "submit_form",
            answers={"child_name": CHILD, "date_of_birth": "2018-05-31", "emergency_phone": PHONE},
        )
        assert chat.step == "confirmation"
        now = timezone.now()
        receipt = RegistrationSubmission.objects.create(
            user_id=parent.pk, session_id=uuid4(), provider="skiclubpro", org_ref=CLUB,
            program_ref="nordic", program_title=PROGRAM, participant="c" * 64, request_digest="d" * 64,
            confirmation_ref=REFERENCE, status="needs_operator", is_real=True, created_at=now,
            updated_at=now, sent_at=now, news_at=now,
        )  # fmt: skip
        own: dict[type[Model], Any] = {
            User: parent.pk,
            AgenticCheckoutSession: chat.id,
            StoredCredential: login,
            RegistrationSubmission: receipt.pk,
            MandateAudit: MandateAudit.objects.filter(user_id=parent.pk).latest("created_at").pk,
        }
        ids = {
            "session_id": str(chat.id),
            "credential_id": str(login),
            "submission_id": str(receipt.pk),
            "record_id": str(own[MandateAudit]),
            "key": f"{parent.pk}-set-password",
            "content_type_id": "1",
            "object_id": str(login),
            **{_label(model): "1" for model in apps.get_models()},
            **{_label(model): str(pk) for model, pk in own.items()},
        }
        sealed = StoredCredential.objects.get(pk=login).ciphertext
        return cls(parent, ids, [*WORDS, sealed, *{str(pk) for pk in own.values()}])

    def unknown(self) -> dict[str, str]:
        """Return ids like theirs, of nothing and nobody."""
        return {name: _like(value) for name, value in self.ids.items()}

    def told_by(self, answer: Any, asked: Iterable[str]) -> list[str]:
        """Return what an answer gives away that the request did not name itself."""
        heard = text_of(answer)
        for said in asked:
            heard = heard.replace(said, "")
        return [secret for secret in self.secrets if secret.lower() in heard.lower()]

    def belongings(self) -> list[Any]:
        """Return all that is theirs, as it stands."""
        models = (AgenticCheckoutSession, StoredCredential, RegistrationSubmission, MandateAudit)
        mine = [
            list(one.objects.filter(user_id=self.parent.pk).order_by("pk").values())
            for one in models
        ]
        return [*mine, User.objects.filter(pk=self.parent.pk).values().get()]


def text_of(answer: Any) -> str:
    """Return all that an answer says: status, headers, cookies, body."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    head = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return f"{head}\n{answer.cookies.output()}\n\n{body.decode('utf-8', 'replace')}"


def logged_in(user: User) -> Client:
    """Return a browser in which this person has just logged in."""
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    session = browser.session
    session[AUTHENTICATED_AT] = timezone.now().isoformat()
    session.save()
    return browser


def _label(model: type[Model]) -> str:
    return model._meta.label_lower


def _like(value: str) -> str:
    """Return another value of the same look: every UUID in it is replaced by a new one."""
    return re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda _: str(uuid4()), value)


def same(answer: Any, asked: Iterable[str]) -> tuple[int, list[str], str]:
    """Return an answer without what differs from request to request, to be compared to another."""
    said = text_of(answer)
    for one in asked:
        said = said.replace(one, "<id>")
    said = said.replace(answer.headers.get("X-Request-ID", ""), "<request>")
    said = re.sub(
        r"[A-Za-z0-9]{64}|[A-Za-z0-9]{32}|:[\w-]+:[\w-]+", "<chance>", said
    )  # CSRF, signatures
    said = re.sub(r"expires=[^;]+", "", said)
    return answer.status_code, sorted(answer.headers), said


def is_uuid(value: str) -> bool:
    """Return whether a value is one of the ids."""
    try:
        UUID(value)
    except ValueError:
        return False
    return True
