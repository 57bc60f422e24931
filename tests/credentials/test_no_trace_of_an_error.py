"""A login in plain text leaves no trace where something breaks: whatever, and with it in its hands…"""

import base64
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.views import APIView

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError, record
from credentials import services
from credentials.models import StoredCredential
from tests.credentials.canary import (
    EMAIL,
    LOGIN,
    PASSWORD,
    Listening,
    Traces,
    content_of,
    found_in,
    listening,
    paths,
    routes,
)
from tests.orchestrator.chat import Chat

BROKEN = "broken for a test"
VIEWS: dict[str, type[APIView]] = {
    route: view
    for route, pattern in routes()
    if route.startswith("/api/v1/") and (view := getattr(pattern.callback, "cls", None))
}
API = [
    (route, method)
    for route, view in VIEWS.items()
    for method in ("get", "post", "delete")
    if hasattr(view, method)
]
PAGES = sorted(
    {route for route, _ in routes() if not route.startswith("/api/") and "^" not in route}
)


@pytest.fixture(autouse=True)
def traces(db: None, capfd: pytest.CaptureFixture[str]) -> Iterator[Traces]:
    with listening(capfd) as found:
        yield found


@pytest.fixture
def client(parent: User) -> Listening:
    return Listening(parent)


@pytest.fixture
def chat(parent: User, client: Listening) -> Chat:
    return Chat(parent, client)


@pytest.fixture
def login(parent: User) -> StoredCredential:
    """The canary, saved."""
    return services.store(
        **LOGIN, user_id=parent.pk, session_id=None, replace=False, at=timezone.now()
    )[0]


def break_with_all_it_has(*args: Any, **kwargs: Any) -> Any:
    """Raise an error that tells everything it was given, spelled in every way."""
    raise RuntimeError(f"{BROKEN}: {args} {list(spelled([args, kwargs]))}")


def spelled(value: Any) -> Iterator[str]:
    """Yield what stands in a value, without the names that would give a secret away."""
    if isinstance(value, str | bytes):
        raw = value.encode() if isinstance(value, str) else value
        yield raw.decode(errors="replace")
        yield quote(raw)
        yield raw.hex()
        yield base64.b64encode(raw).decode()
    elif isinstance(value, dict):
        yield from spelled(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from spelled(one)
    elif hasattr(value, "__dict__") and not isinstance(value, type | ModuleType):
        yield from spelled([one for one in vars(value).values() if one is not value])


def break_silently(*args: Any, **kwargs: Any) -> Any:
    """Raise an error that has everything in its frame, and says nothing."""
    raise RuntimeError(BROKEN)


@pytest.mark.parametrize(
    "name",
    [
        "credentials.services.sealing.seal",
        "credentials.sealing._pad",
        "credentials.sealing._prepare",
        "credentials.sealing.AESGCM",
        "credentials.services.StoredCredential.save",
        "credentials.services.fingerprint",
        "credentials.services.record",
        "audit.models.MandateAudit.save",
        "credentials.views.CredentialOutput",
        "credentials.views.services.store",
    ],
)
def test_as_it_is_saved(
    client: Listening, monkeypatch: pytest.MonkeyPatch, traces: Traces, name: str
) -> None:
    monkeypatch.setattr(name, break_with_all_it_has)

    answer = client.post("/api/v1/credentials", LOGIN)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert BROKEN in traces.log
    assert found_in("".join(client.heard)) == []
    monkeypatch.undo()
    assert traces.found() == {}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("credentials.sealing._parse", break_with_all_it_has),
        ("credentials.sealing._prepare", break_with_all_it_has),
        ("credentials.sealing._unpad", break_silently),  # nobody knows yet what it holds
        ("credentials.sealing.unseal", break_with_all_it_has),
        ("credentials.services.record", break_with_all_it_has),
        ("audit.services.canonical.new_hash", break_with_all_it_has),
        ("audit.models.MandateAudit.save", break_with_all_it_has),
        ("credentials.services.OpenedLogin", break_with_all_it_has),
        ("credentials.services.OpenedLogin.reveal", break_with_all_it_has),
        ("credentials.views.Response", break_with_all_it_has),
    ],
)
def test_as_it_is_revealed(
    client: Listening,
    login: StoredCredential,
    monkeypatch: pytest.MonkeyPatch,
    traces: Traces,
    name: str,
    how: Callable[..., Any],
) -> None:
    monkeypatch.setattr(name, how)

    answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert BROKEN in traces.log
    assert found_in("".join(client.heard)) == []
    monkeypatch.undo()
    assert traces.found() == {}


@pytest.mark.parametrize(
    "name",
    [
        "orchestrator.services.calls.argument_digest",
        "orchestrator.tools.toolbox.MockToolbox.call",
        "orchestrator.tools.toolbox._together",
        "orchestrator.tools.mock.tools.MockTools.call",
        "orchestrator.tools.mock.tools.catalogue.provider",
        "orchestrator.tools.toolbox.contract.parse",
        "orchestrator.services.calls.Answer",
        "orchestrator.services.turns.assemble",
        "orchestrator.services.turns.seal_body",
        "sessions_store.services.finish",
    ],
)
def test_as_a_tool_gets_it(
    chat: Chat, client: Listening, monkeypatch: pytest.MonkeyPatch, traces: Traces, name: str
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    monkeypatch.setattr(name, break_with_all_it_has)

    chat.press("credentials_submitted", credential_id=credential_id)

    assert (chat.status, chat.last["code"]) == (500, "internal_error")
    assert BROKEN in traces.log
    assert found_in("".join(client.heard)) == []
    monkeypatch.undo()
    assert traces.found() == {}


@pytest.mark.parametrize(
    "name",
    [
        "orchestrator.services.confirming.ledger.intend",
        "orchestrator.services.calls.vault.open_login",
        "orchestrator.tools.mock.tools.MockTools.call",
        "orchestrator.services.settling.ledger.settle",
        "orchestrator.services.settling.Settling.booked",
    ],
)
def test_as_the_registration_is_sent(
    chat: Chat, client: Listening, monkeypatch: pytest.MonkeyPatch, traces: Traces, name: str
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    chat.walk_to("confirmation")
    monkeypatch.setattr(name, break_with_all_it_has)

    chat.press("confirm_registration", summary=chat.summary)

    assert chat.status in {202, 500}
    assert found_in("".join(client.heard)) == []
    monkeypatch.undo()
    assert traces.found() == {}


def test_as_the_name_of_a_login_would_hold_it(parent: User, traces: Traces) -> None:
    named = LOGIN | {"alias": f"Ours, {PASSWORD}"}

    with pytest.raises(AuditUnavailableError):
        services.store(
            **named, user_id=parent.pk, session_id=None, replace=False, at=timezone.now()
        )

    assert traces.found() == {}


def test_as_a_record_would_hold_it(
    client: Listening, login: StoredCredential, monkeypatch: pytest.MonkeyPatch, traces: Traces
) -> None:
    def careless(*, metadata: dict[str, Any], **rest: Any) -> object:
        return record(metadata=metadata | {"credential_alias": f"in {PASSWORD}"}, **rest)

    monkeypatch.setattr("credentials.services.record", careless)

    answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert "SecretInRecordError" in traces.log
    assert not MandateAudit.objects.filter(action="credentials_accessed").exists()
    assert found_in("".join(client.heard)) == []
    assert traces.found() == {}


# --- In each view ---------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(("route", "method"), API)
def test_in_any_view_of_the_api(
    chat: Chat,
    client: Listening,
    login: StoredCredential,
    monkeypatch: pytest.MonkeyPatch,
    traces: Traces,
    route: str,
    method: str,
) -> None:
    chat.begin()
    ids = dict.fromkeys(["credential_id", "submission_id"], str(login.pk))
    path, *_ = paths(route, ids | {"session_id": chat.id})

    def broken(self: APIView, request: Any, **kwargs: Any) -> Any:
        typed, opened = request.data, None
        if "credential_id" in kwargs:
            opened = services.open_login(
                user_id=request.user.pk,
                credential_id=kwargs["credential_id"],
                purpose="reveal",
                session_id=None,
                at=timezone.now(),
            ).reveal()
        break_with_all_it_has(typed, opened)

    monkeypatch.setattr(VIEWS[route], method, broken)
    typed = LOGIN | {"message": PASSWORD, "payload": {"answers": {"child_name": PASSWORD}}}
    answer = getattr(client, method)(path, {} if method == "get" else typed)

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert BROKEN in traces.log
    assert found_in("".join(client.heard)) == []
    assert traces.found() == {}


@pytest.mark.once
@pytest.mark.parametrize("route", PAGES)
def test_in_any_page(
    login: StoredCredential,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    traces: Traces,
    route: str,
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(staff)
    ids = dict.fromkeys(["credential_id", "submission_id", "session_id"], str(login.pk))
    addresses = paths(route, ids)

    def breaking(handler: BaseHandler, view: Callable[..., HttpResponse]) -> Callable[..., Any]:
        def broken(request: HttpRequest, *args: Any, **kwargs: Any) -> None:
            typed = request.POST.dict()
            services.open_login(
                user_id=login.user_id,
                credential_id=login.pk,
                purpose="reveal",
                session_id=None,
                at=timezone.now(),
            )
            break_with_all_it_has(typed, LOGIN)

        return broken

    monkeypatch.setattr(BaseHandler, "make_view_atomic", breaking)
    for address in addresses[:1]:
        for answer in (browser.get(address), browser.post(address, LOGIN)):
            assert answer.status_code == 500
            assert found_in(content_of(answer)) == []
            assert BROKEN in traces.log
    assert traces.found() == {}
