"""Sign a child up over the API, from log-in to audit trail; needs `pip install requests`.

SIGNUPASSIST_PASSWORD=… python docs/example_client.py http://127.0.0.1:8000 parent@example.com
"""

import os
import sys
import time
import uuid
from typing import Any

import requests

API, EMAIL = f"{sys.argv[1]}/api/v1", sys.argv[2]
SAMPLES = {"date": "2018-05-31", "tel": "608-555-0123", "number": 8, "checkbox": True}
http = requests.Session()


def call(method: str, path: str, body: Any = None, key: str = "", pauses: Any = (1, 5)) -> Any:
    """Return the answer. What may be tried again is, under the same key: so it is done once."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    try:
        answer = http.request(method, API + path, json=body, headers=headers, timeout=60)
        content = answer.json()
    except requests.RequestException as error:
        sys.exit(f"No answer from {API}: {type(error).__name__}")
    if answer.ok:
        return content
    if pauses and content["retryable"]:  # a problem (RFC 9457); its `detail` is for the user
        time.sleep(pauses[0])
        return call(method, path, body, headers["Idempotency-Key"], pauses[1:])
    sys.exit(f"{content['code']}: {content['detail']} {content.get('errors', '')}")


def press(turn: Any, action: str, wish: str = "", **payload: Any) -> Any:
    """Press the first button of this action, on a card that fits the wish; return the next Turn."""
    buttons = [each for card in turn["cards"] if wish in card["title"] for each in card["buttons"]]
    offered = [each["payload"] for each in buttons + turn["cta"] if each["action"] == action]
    pressed = {"action": action, "payload": payload or (offered or [{}])[0]}
    turn = call("POST", f"/sessions/{turn['session']['id']}/actions", pressed)
    print(f"{turn['session']['step']}: {turn['message']}")
    return turn


account = {"email": EMAIL, "password": os.environ["SIGNUPASSIST_PASSWORD"]}
http.headers["Authorization"] = f"Bearer {call('POST', '/auth/token', account)['access']}"
session = call("POST", "/sessions")["session"]["id"]
found = call("POST", f"/sessions/{session}/messages", {"message": "Blackhawk Ski Club, Middleton"})
turn = press(found, "select_provider", "Blackhawk")
club = {"alias": session, "provider": turn["session"]["provider"]}  # a name, and what it is for
saved = call("POST", "/credentials", club | {"email": EMAIL, "password": "of the club"})["id"]
turn = press(turn, "credentials_submitted", credential_id=saved)
turn = press(press(turn, "select_program", "Nordic Kids"), "complete_prereqs")
answers = {one["name"]: SAMPLES.get(one["type"], f"Emma {session[-8:]}") for one in turn["form"]}
press(press(turn, "submit_form", answers=answers), "confirm_registration")
while (mine := call("GET", "/submissions")["results"][0])["status"] in ("sent", "outcome_unknown"):
    time.sleep(5)
print(f"{mine['status']}: {mine['message']} {mine['confirmation_ref']}")
for row in call("GET", f"/audit?session_id={session}")["results"]:
    print(row["created_at"], row["action"])
