"""What the description of the API shows as examples: one family's signup at the sample club."""

from typing import Any

from orchestrator import catalogue
from orchestrator.flow.finding import greeting
from orchestrator.flow.parts import Screen, cancel, change_program, change_provider

REQUEST_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PERSON = "5f0c6d1e-2b7a-4c55-9d0b-6a1f0e6f2a11"
SESSION = "0198c1d2-7a3e-7c10-8f55-3b1f6f0a9d21"
LOGIN = "0198c1d3-10b4-7e02-a1c9-5d2f4c7b8e32"
SUBMISSION = "9b2f6a57-0c1d-4e8f-8a3b-7c6d5e4f3a43"
RECORD = "0198c1d3-2f60-7b44-9e87-1a2b3c4d5e54"
STATUS_URL = f"/api/v1/submissions/{SUBMISSION}"
BEGAN, ENDS = "2026-07-14T12:00:00Z", "2026-07-15T12:00:00Z"
CLUB = {"provider": "skiclubpro", "org_ref": "blackhawk-ski"}
PROGRAM = "blackhawk-saturday-nordic"
DIGEST = "b0b1c6ffb5d1a730980d911de688fbdd2c80b86907b5a8346928056d6ed3102c"
CHECKPOINT = (
    "example.org/mandate-audit\n1204\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— …\n"
)


def _session(step: str, version: int, **more: Any) -> dict[str, Any]:
    place = {"provider": None, "org_ref": None} if step == "provider_search" else CLUB
    return {
        "id": SESSION,
        "step": step,
        "status": "open",
        "version": version,
        **place,
        "created_at": BEGAN,
        "expires_at": ENDS,
        **more,
    }


def _turn(session: dict[str, Any], screen: Screen, **meta: Any) -> dict[str, Any]:
    known = {"degraded": False, "request_id": REQUEST_ID}
    unknown = dict.fromkeys(("source", "fallback_reason", "llm", "code", "status_url"))
    return {
        "session": session,
        "message": screen.message,
        "cards": screen.cards,
        "cta": screen.cta,
        "form": screen.form,
        "meta": unknown | known | meta,
    }


GREETING = _turn(_session("provider_search", 1), greeting())
FOUND = _turn(
    _session("provider_search", 2),
    Screen(
        "Is it this one?",
        [
            {
                "title": "Blackhawk Ski Club",
                "subtitle": "Middleton, WI",
                "description": "",
                "metadata": CLUB,
                "buttons": [
                    {
                        "label": "Yes, this one",
                        "action": "select_provider",
                        "payload": {"org_ref": CLUB["org_ref"]},
                        "variant": "accent",
                    }
                ],
            }
        ],
    ),
    source="mcp",
)
PROGRAMS = _turn(
    _session("program_selection", 5),
    Screen(
        "You are connected. Which program would you like?",
        [
            {
                "title": "Nordic Kids: Saturday",
                "subtitle": "Saturdays 9:00-11:00 · $180.00 · 6 spots left",
                "description": "Cross-country skiing for ages 6 to 10.",
                "metadata": {"program_ref": PROGRAM, "price_cents": 18000, "currency": "USD"},
                "buttons": [
                    {
                        "label": "Choose",
                        "action": "select_program",
                        "payload": {"program_ref": PROGRAM},
                        "variant": "accent",
                    }
                ],
            }
        ],
        [change_provider(), cancel()],
    ),
    source="mcp",
)
UNCLEAR = _turn(
    _session("confirmation", 9, status="outcome_unknown"),
    Screen(str(catalogue.OUTCOME_UNKNOWN)),
    source="mcp",
    code="submission_outcome_unknown",
    status_url=STATUS_URL,
)
CREDENTIAL = {"id": LOGIN, "alias": "Ours", **CLUB, "created_at": BEGAN, "updated_at": BEGAN}
SECRET = {"email": "pat@example.com", "password": "the one of the club"}
REGISTRATION = {
    "id": SUBMISSION,
    "status": "confirmed",
    "session_id": SESSION,
    **CLUB,
    "program_ref": PROGRAM,
    "confirmation_ref": "SCP-20441",
    "message": "Your registration is confirmed.",
    "created_at": BEGAN,
    "updated_at": BEGAN,
}
AUDITED = {
    "id": RECORD,
    "user_id": PERSON,
    "actor": f"user:{PERSON}",
    "action": "credentials_accessed",
    **CLUB,
    "program_ref": None,
    "credential_id": LOGIN,
    "session_id": SESSION,
    "metadata": {
        "sessionId": SESSION,
        **CLUB,
        "request_id": REQUEST_ID,
        "credential_alias": "Ours",
        "accessed_at": BEGAN,
        "purpose": "find_programs",
    },
    "created_at": "2026-07-14T12:00:00.000000Z",
    "schema_v": 1,
    "content_hash": DIGEST,
}
PROOF = {
    "log_index": 17,
    "subject_seq": 4,
    "subject_tag": DIGEST,
    "tree_size": 1204,
    "checkpoint": CHECKPOINT,
    "inclusion": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
}
EXPORTS = {  # by their kind; the bundle's lines are told in docs/verify.md
    "text/csv; charset=utf-8": ",".join(AUDITED) + "\r\n",
    "application/x-ndjson": '{"format": …}\n{"event": …}\n{"end": true}\n',
}


def _page(row: dict[str, Any]) -> dict[str, Any]:
    return {"results": [row], "next": None}


INTRODUCTION = """\
A responsible delegate that signs children up for activities.

**To try it here**, log in to SignupAssist in this browser, or paste the `access` of
`POST /api/v1/auth/token` under *Authorize*. Problems are `application/problem+json` (RFC 9457): each
request shows those that it can end in. A problem's `detail` is a sentence for the user.
"""
SUMMARIES = {
    "audit_list": "List what was done in one's name",
    "audit_retrieve": "Read one record, with its proof",
    "audit_checkpoint": "Read the newest signed checkpoint of the log",
    "audit_export": "Take one's whole trail home",
    "auth_logout": "End this token, and its log-in",
    "auth_token": "Exchange e-mail and password for a token",
    "credentials_list": "List one's saved logins",
    "credentials_save": "Save a login for a provider",
    "credentials_delete": "Delete a saved login",
    "credentials_reveal": "Show a saved login in plain text",
    "me": "Tell who is logged in",
    "me_delete": "Delete one's account",
    "sessions_list": "List one's signups",
    "sessions_begin": "Begin a signup",
    "sessions_read": "Look at a signup, and where it stands",
    "sessions_delete": "Delete a signup",
    "sessions_action": "Press a button",
    "sessions_message": "Say something",
    "submissions_list": "List one's registrations",
    "submissions_read": "Look at one registration",
}
REQUESTS: dict[str, Any] = {
    "auth_token": {"email": "parent@example.com", "password": "a long pass phrase"},
    "credentials_save": {"alias": "Ours", **CLUB, **SECRET, "session_id": SESSION},
    "sessions_message": {"message": "Blackhawk Ski Club in Middleton"},
    "sessions_action": {"action": "credentials_submitted", "payload": {"credential_id": LOGIN}},
}
# By operation and status; as in the document, statuses are text
ANSWERS: dict[tuple[str, str], Any] = {
    ("audit_list", "200"): _page(AUDITED),
    ("audit_retrieve", "200"): AUDITED | {"proof": PROOF, "proof_error": None},
    ("audit_checkpoint", "200"): CHECKPOINT,
    ("auth_token", "200"): {"access": "eyJ…", "token_type": "Bearer", "expires_in": 3600},
    ("credentials_list", "200"): _page(CREDENTIAL),
    ("credentials_save", "200"): CREDENTIAL,
    ("credentials_save", "201"): CREDENTIAL,
    ("credentials_reveal", "200"): {"id": LOGIN, "alias": "Ours", "provider": "skiclubpro"}
    | SECRET,
    ("me", "200"): {"id": PERSON, "email": "parent@example.com", "is_staff": False},
    ("sessions_list", "200"): _page(_session("program_selection", 5)),
    ("sessions_begin", "201"): GREETING,
    ("sessions_read", "200"): _session("program_selection", 5) | {"last_turn": PROGRAMS},
    ("sessions_action", "200"): PROGRAMS,
    ("sessions_action", "202"): UNCLEAR,
    ("sessions_message", "200"): FOUND,
    ("submissions_list", "200"): _page(REGISTRATION),
    ("submissions_read", "200"): REGISTRATION,
}
# What a problem tells besides its row of the catalogue
WITH: dict[str, dict[str, Any]] = {
    "invalid_request": {"errors": {"field": ["This field is required."]}},
    "already_registering": {"status_url": STATUS_URL},
    "action_not_available": {"turn": PROGRAMS},
    "session_conflict": {"turn": PROGRAMS},
    "turn_in_progress": {"turn": PROGRAMS},
    "session_closed": {
        "turn": PROGRAMS | {"session": _session("completed", 9, status="completed")}
    },
    "submission_in_progress": {"turn": UNCLEAR},
    "provider_rejected": {"cta": [change_program()]},
}
