"""Pressing a button…"""

from uuid import uuid4

import pytest

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from orchestrator.services.logins import MOST
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.orchestrator.chat import ANSWERS, MISSING, NO_FORM, SATURDAY, Chat

TURN = {"session", "message", "cards", "cta", "form", "meta"}
SESSION = {"id", "step", "status", "version", "provider", "org_ref", "created_at", "expires_at"}
META = {
    "source",
    "degraded",
    "fallback_reason",
    "llm",
    "code",
    "status_url",
    "request_id",
}
FIELD = {"name", "label", "type", "required", "options", "help", "role"}


def test_greets_with_a_turn_of_the_agreed_shape(chat: Chat) -> None:
    turn = chat.begin()
    assert chat.status == 201
    assert set(turn) == TURN
    assert set(turn["session"]) == SESSION
    assert set(turn["meta"]) == META
    assert turn["session"]["step"] == "provider_search"
    assert turn["session"]["status"] == "open"
    assert turn["session"]["provider"] is None
    assert turn["meta"]["source"] is None
    assert chat.response["ETag"] == f'"{turn["session"]["version"]}"'
    assert chat.response["Location"] == f"/api/v1/sessions/{chat.id}"
    assert chat.trail() == ["session_created"]


def test_carries_a_whole_signup(any_chat: Chat) -> None:
    chat = any_chat
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton")
    source = chat.last["meta"]["source"]
    assert chat.actions == ["select_provider", "reject_provider"]

    chat.press("select_provider", org_ref="blackhawk-ski")
    assert (chat.step, chat.last["session"]["provider"]) == ("login", "skiclubpro")
    assert chat.last["session"]["org_ref"] == "blackhawk-ski"

    chat.press("connect_account")
    dialog = chat.last["cards"][-1]["buttons"][0]
    assert dialog["action"] == "show_login_dialog"
    assert dialog["payload"] == {
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "session_id": chat.id,
    }

    credential_id = chat.save_login()
    chat.press("credentials_submitted", credential_id=credential_id)
    assert chat.step == "program_selection"

    chat.press("select_program", program_ref=SATURDAY)
    assert chat.step == "prerequisite_check"
    assert all(set(card["metadata"]) >= {"prerequisite", "status"} for card in chat.last["cards"])

    chat.press("complete_prereqs")
    assert chat.step == "form_fill"
    assert all(set(field) == FIELD for field in chat.last["form"])

    chat.press("submit_form", answers=ANSWERS)
    assert chat.step == "confirmation"
    assert "Emma Larsen" in chat.last["cards"][0]["description"]

    chat.press("confirm_registration", summary=chat.summary)
    assert (chat.status, chat.step) == (200, "completed")
    assert chat.last["session"]["status"] == "completed"
    assert chat.last["meta"]["source"] == source

    receipt = RegistrationSubmission.objects.get()
    assert receipt.status == "confirmed"
    assert receipt.is_real is (source == "mcp")
    assert receipt.confirmation_ref
    assert chat.trail() == [
        "session_created",
        "message_sent",
        "tool_succeeded",
        "action_select_provider",
        "action_connect_account",
        "credentials_submitted",
        "action_credentials_submitted",
        "credentials_accessed",
        "tool_succeeded",
        "action_select_program",
        "credentials_accessed",
        "tool_succeeded",
        "action_complete_prereqs",
        "credentials_accessed",
        "tool_succeeded",
        "action_submit_form",
        "action_confirm_registration",
        "registration_submitted",
        "credentials_accessed",
        "tool_succeeded",
        "registration_completed",
    ]
    opened = MandateAudit.objects.filter(action="credentials_accessed").order_by("created_at")
    assert {str(row.credential_id) for row in opened} == {credential_id}
    assert [row.metadata["purpose"] for row in opened] == [
        "find_programs",
        "check_prerequisites",
        "discover_fields",
        "submit_registration",
    ]


def test_marks_sample_data(chat: Chat) -> None:
    chat.begin()
    chat.say("Blackhawk")
    assert chat.last["meta"] | {"request_id": ""} == {
        "source": "mock",
        "degraded": False,
        "fallback_reason": None,
        "llm": None,
        "code": None,
        "status_url": None,
        "request_id": "",
    }
    assert "sample data" in chat.last["message"]


@pytest.mark.parametrize(
    ("step", "action", "payload"),
    [
        ("provider_search", "connect_account", {}),
        ("provider_search", "confirm_registration", {"summary": "x"}),
        ("login", "select_program", {"program_ref": SATURDAY}),
        ("login", "submit_form", {"answers": {}}),
        ("program_selection", "complete_prereqs", {}),
        ("prerequisite_check", "submit_form", {"answers": ANSWERS}),
        ("form_fill", "confirm_registration", {"summary": "x"}),
        ("confirmation", "submit_form", {"answers": ANSWERS}),
        ("program_selection", "retry_last", {}),
        ("program_selection", "retry_programs", {}),
    ],
)
def test_refuses_what_is_not_legal_and_leaves_no_row(
    chat: Chat, step: str, action: str, payload: dict[str, object]
) -> None:
    chat.walk_to(step)
    trail, version = chat.trail(), chat.last["session"]["version"]
    chat.press(action, **payload)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert "You can" in chat.last["detail"]
    assert chat.last["turn"]["session"]["version"] == version
    assert chat.trail() == trail


def test_refuses_an_unknown_action(chat: Chat) -> None:
    chat.begin()
    for action in ("show_login_dialog", "search", "drop_table"):
        chat.press(action)
        assert (chat.status, chat.last["code"]) == (400, "unknown_action")
    assert chat.trail() == ["session_created"]


@pytest.mark.parametrize(
    ("step", "action", "payload"),
    [
        ("provider_search", "select_provider", {"org_ref": "riverside-swim-rockford"}),
        ("program_selection", "select_program", {"program_ref": "sunfish-level-1"}),
        ("login", "credentials_submitted", {"credential_id": str(uuid4())}),
    ],
)
def test_refuses_a_value_that_was_not_offered(
    chat: Chat, step: str, action: str, payload: dict[str, str]
) -> None:
    chat.walk_to(step)
    chat.press(action, **payload)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")


@pytest.mark.parametrize(
    ("step", "action", "payload"),
    [
        ("provider_search", "select_provider", {}),
        ("login", "credentials_submitted", {"credential_id": "no uuid"}),
        ("login", "credentials_submitted", {"credential_id": ["x"]}),
        ("form_fill", "submit_form", {}),
        ("form_fill", "submit_form", {"answers": [1]}),
        ("confirmation", "confirm_registration", {}),
        ("confirmation", "confirm_registration", {"summary": 7}),
    ],
)
def test_refuses_a_payload_that_lacks_something(
    chat: Chat, step: str, action: str, payload: dict[str, object]
) -> None:
    chat.walk_to(step)
    chat.press(action, **payload)
    assert (chat.status, chat.last["code"]) == (400, "invalid_request")
    assert chat.last["errors"]["payload"]


def test_refuses_somebody_elses_login(chat: Chat, stranger: User) -> None:
    theirs = Chat(stranger)
    theirs.walk_to("login")
    foreign = theirs.save_login()
    chat.walk_to("login")
    chat.press("credentials_submitted", credential_id=foreign)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert "credentials_accessed" not in chat.trail()


def test_refuses_a_login_for_another_club(chat: Chat) -> None:
    chat.walk_to("login")
    other = chat.save_login(org_ref="northern-pines-ski")
    chat.press("credentials_submitted", credential_id=other)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")


def test_offers_the_saved_logins_that_fit(chat: Chat) -> None:
    chat.walk_to("login")
    here = chat.save_login(alias="Here")
    everywhere = chat.save_login(alias="Everywhere", org_ref="")
    chat.save_login(alias="Elsewhere", org_ref="northern-pines-ski")
    chat.press("connect_account")
    offered = [
        button["payload"].get("credential_id")
        for card in chat.last["cards"]
        for button in card["buttons"]
    ]
    assert offered == [everywhere, here, None]


def test_says_so_where_more_logins_fit_than_are_shown(chat: Chat) -> None:
    chat.walk_to("login")
    for number in range(MOST):
        chat.save_login(alias=f"{number}")
    assert chat.press("connect_account")["message"] == "Which login shall I use?"

    chat.save_login(alias="one more")
    chat.press("connect_account")
    assert "These are the newest 20;" in chat.last["message"]
    *offered, another = [card["title"] for card in chat.last["cards"]]
    assert (len(offered), offered[0], another) == (MOST, "one more", "Another login")


def test_stays_at_login_when_the_provider_refuses_it(any_chat: Chat) -> None:
    chat = any_chat
    chat.walk_to("login")
    chat.press("credentials_submitted", credential_id=chat.save_login("wrong-password"))
    assert (chat.status, chat.last["code"]) == (422, "login_failed")
    assert chat.last["detail"] == "The provider did not accept this login."
    replace = chat.last["cta"][0]
    assert replace["action"] == "show_login_dialog"
    assert replace["payload"]["replace"] is True
    assert replace["payload"]["alias"] == "Ours"
    session = chat.read()
    assert session["step"] == "login"
    assert session["last_turn"]["cards"][0]["buttons"][0] == replace
    assert chat.trail()[-1] == "tool_failed"


def test_shows_what_is_missing_and_does_not_pass(any_chat: Chat) -> None:
    chat = any_chat
    chat.walk_to("prerequisite_check", program=MISSING)
    statuses = {
        card["metadata"]["prerequisite"]: card["metadata"]["status"] for card in chat.last["cards"]
    }
    assert statuses == {"membership": "required", "safety_course": "missing"}
    chat.press("complete_prereqs")
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert "Club membership" in chat.last["detail"]
    assert "take care of them" in chat.last["detail"]
    chat.press("check_prereqs")
    assert (chat.status, chat.step) == (200, "prerequisite_check")


def test_goes_straight_to_the_confirmation_where_there_is_no_form(any_chat: Chat) -> None:
    chat = any_chat
    chat.walk_to("prerequisite_check", program=NO_FORM)
    chat.press("complete_prereqs")
    assert chat.step == "confirmation"
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.last["session"]["status"] == "completed"


def test_names_the_fields_that_need_another_look(chat: Chat) -> None:
    chat.walk_to("form_fill")
    trail = chat.trail()
    chat.press("submit_form", answers={"date_of_birth": "31.5.2018", "shoe": "4"})
    assert (chat.status, chat.last["code"]) == (400, "invalid_request")
    assert set(chat.last["errors"]) == {
        "child_name",
        "date_of_birth",
        "emergency_phone",
        "shoe",
    }
    assert chat.trail() == trail


def test_fills_the_form_with_the_answers_when_it_is_edited(chat: Chat) -> None:
    chat.walk_to("confirmation")
    chat.press("edit_form")
    assert {field["name"]: field.get("value") for field in chat.last["form"]} == ANSWERS
    chat.press("submit_form", answers=ANSWERS | {"child_name": "Ole"})
    assert "Ole" in chat.last["cards"][0]["description"]


def test_keeps_childrens_answers_sealed(chat: Chat) -> None:
    chat.walk_to("confirmation")
    stored = str(AgenticCheckoutSession.objects.values_list("state", flat=True)[0])
    bodies = "".join(SessionTurn.objects.values_list("body", flat=True))
    recorded = str(list(MandateAudit.objects.values()))
    for text in (stored, bodies, recorded):
        for answer in ANSWERS.values():
            assert answer not in text


def test_drops_the_answers_when_the_program_changes(chat: Chat) -> None:
    chat.walk_to("confirmation")
    chat.press("change_program")
    assert chat.step == "program_selection"
    chat.press("select_program", program_ref=SATURDAY)
    chat.press("complete_prereqs")
    assert all("value" not in field for field in chat.last["form"])


def test_begins_again_with_another_provider(chat: Chat) -> None:
    chat.walk_to("confirmation")
    chat.press("change_provider")
    assert chat.step == "provider_search"
    assert chat.last["session"]["provider"] is None


def test_cancels_and_then_takes_nothing_but_reset(chat: Chat) -> None:
    chat.walk_to("program_selection")
    chat.press("cancel_registration")
    assert chat.last["session"]["status"] == "cancelled"
    old = chat.id
    for action in ("change_provider", "cancel_registration"):
        chat.press(action)
        assert (chat.status, chat.last["code"]) == (409, "session_closed")
    chat.say("hello")
    assert (chat.status, chat.last["code"]) == (409, "session_closed")
    chat.press("reset")
    assert chat.status == 200
    assert chat.last["session"]["id"] != old
    assert chat.last["session"]["step"] == "provider_search"


def test_resets_an_open_session_into_a_new_one(chat: Chat) -> None:
    chat.walk_to("form_fill")
    chat.press("reset")
    assert chat.last["session"]["status"] == "open"
    assert chat.last["session"]["id"] != chat.id
    assert chat.read()["status"] == "cancelled"
    assert chat.trail()[-1] == "action_reset"


def test_shows_the_pending_step_on_reload(chat: Chat) -> None:
    for step in ("provider_search", "login", "program_selection", "form_fill", "confirmation"):
        turn = chat.walk_to(step)
        session = chat.read()
        assert session["last_turn"] == turn
        assert chat.response["ETag"] == f'"{turn["session"]["version"]}"'
        chat.last = turn


def test_asks_for_a_new_login_when_the_saved_one_was_deleted(chat: Chat) -> None:
    chat.walk_to("program_selection")
    StoredCredential.objects.all().delete()
    chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert chat.last["turn"]["session"]["step"] == "login"
    assert chat.trail()[-1] == "credentials_access_denied"


@pytest.mark.parametrize("given", ["{}", '"{}"', 'W/"{}"'])
def test_takes_the_version_in_every_spelling(chat: Chat, given: str) -> None:
    version = chat.begin()["session"]["version"]
    chat.press_if(given.format(version), "retry_search")
    assert chat.status == 200
    chat.press_if(given.format(version), "retry_search")
    assert (chat.status, chat.last["code"]) == (409, "session_conflict")
    assert chat.last["turn"]["session"]["version"] > version


def test_refuses_a_version_that_is_none(chat: Chat) -> None:
    chat.begin()
    chat.press_if("yesterday", "retry_search")
    assert (chat.status, chat.last["code"]) == (400, "invalid_request")
