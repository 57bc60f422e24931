"""Walking every route with somebody else's ids…"""

import json

import pytest
from django.test import Client

from accounts.models import User
from audit.models import MandateAudit
from tests.roles import staff_with
from tests.security.family import Family, is_uuid, logged_in, same
from tests.security.routes import BODIES, METHODS, Route, routes

FEW = ("GET", "POST", "DELETE")

# Where nobody needs to have logged in
PUBLIC = {
    "/auth",
    "/auth/signup",
    "/auth/logout",
    "/auth/reauthenticate",
    "/auth/reset",
    "/auth/reset/sent",
    "/auth/reset/<str:key>",
    "/auth/2fa",
    "/api/v1/auth/token",
    "/api/v1/audit/checkpoint",
    "/api/schema",
    "/api/docs",
    "/api/nowhere",
    "/admin/logout/",
    "/words.js",
}
ENDS_ONES_OWN = {  # done last, or the rest of the walk would be nobody's
    "/auth/logout",
    "/admin/logout/",
    "/auth/security/everywhere",
    "/auth/security/delete",
}


def walk(browser: Client, family: Family, among: list[Route], methods: tuple[str, ...]) -> None:
    """Ask every route for what is the family's; nothing of it may be told, and nothing may break."""
    asked: set[str] = set()  # who names an id may hear it again, in their own trail as well
    for route in sorted(among, key=_turn):
        for method in methods:
            if method not in FEW and (route.is_admin or route.pattern in ENDS_ONES_OWN):
                continue
            request = route.request(method, family.ids)
            asked |= {part for part in request[0].split("/") if len(part) > 8}
            answer = browser.generic(method, *request)
            where = f"{method} {route.pattern} → {answer.status_code}"
            assert answer.status_code < 500, where
            assert family.told_by(answer, asked) == [], where


def _turn(route: Route) -> tuple[bool, bool]:
    """Return when a route comes: lists before what names an id, and the end at the end."""
    return route.pattern in ENDS_ONES_OWN, bool(route.placeholders)


def doors() -> list[Route]:
    """Return the routes for everybody; how the admin's tell staff apart has a walk of its own."""
    return [route for route in routes() if not route.is_admin]


def test_needs_an_example_for_every_placeholder(family: Family) -> None:
    assert len(routes()) > 50
    for route in routes():
        route.path(family.ids)


def test_needs_a_body_for_every_operation_that_takes_one(client: Client, db: None) -> None:
    as_json = {"accept": "application/vnd.oai.openapi+json"}
    described = json.loads(client.get("/api/schema", headers=as_json).content)["paths"]
    known = {route.pattern.replace("uuid:", "") for route in routes()}
    lacking = [
        f"{method.upper()} {path}"
        for path, operations in described.items()
        for method, operation in operations.items()
        if "requestBody" in operation
        and f"{method.upper()} {path}".replace("{", "<uuid:").replace("}", ">") not in BODIES
    ]
    assert lacking == []
    assert {path.replace("{", "<").replace("}", ">") for path in described} <= known


def test_tells_nobody_anything(family: Family) -> None:
    before = family.belongings()

    walk(Client(raise_request_exception=False), family, routes(), METHODS)

    assert family.belongings() == before


def test_sends_nobody_away_wherever_it_is_not_said_otherwise(family: Family) -> None:
    browser = Client(raise_request_exception=False)
    for route in routes():
        answer = browser.generic("GET", *route.request("GET", family.ids))
        is_public = answer.status_code not in (401, 302)
        if not is_public and answer.status_code == 302:
            is_public = not answer["Location"].startswith("/auth?next=")
        assert not is_public or route.pattern in PUBLIC, route.pattern


def test_tells_another_parent_nothing(family: Family, stranger: User) -> None:
    before = family.belongings()

    walk(logged_in(stranger), family, routes(), METHODS)

    assert family.belongings() == before


@pytest.mark.once
@pytest.mark.parametrize("roles", [(), ("auditor", "support")])
def test_tells_staff_nothing_beyond_the_admin(family: Family, roles: tuple[str, ...]) -> None:
    before = family.belongings()

    walk(logged_in(staff_with(*roles)), family, doors(), FEW)

    assert family.belongings() == before


@pytest.mark.once
def test_tells_a_superuser_nothing_beyond_the_admin(family: Family, staff: User) -> None:
    walk(logged_in(staff), family, doors(), FEW)


@pytest.mark.parametrize("who", ["nobody", "stranger"])
def test_answers_for_foreign_things_as_for_unknown_ones(
    family: Family, stranger: User, who: str
) -> None:
    known = logged_in(stranger)
    unknown = family.unknown()
    with_ids = [route for route in doors() if route.placeholders]
    assert len(with_ids) > 5
    for route in with_ids:
        for method in METHODS:
            answers = []
            for ids in (family.ids, unknown):
                browser = known if who == "stranger" else Client(raise_request_exception=False)
                answer = browser.generic(method, *route.request(method, ids))
                answers.append(same(answer, [one for one in ids.values() if len(one) > 8]))
            assert answers[0] == answers[1], f"{method} {route.pattern}"


def test_finds_what_is_told_to_the_family_itself(family: Family) -> None:
    """The walk can see: the same requests, by the family, are answered with what is theirs."""
    browser = logged_in(family.parent)
    told: set[str] = set()
    for route in doors():
        if route.pattern not in ENDS_ONES_OWN:
            told |= set(
                family.told_by(browser.generic("GET", *route.request("GET", family.ids)), [])
            )
    missing = [one for one in family.secrets if one not in told and not is_uuid(one)]
    # never told, not even to them: secrets, what was said to the chat, answers under a seal
    assert len(missing) < len(family.secrets) / 2, missing
    assert MandateAudit.objects.filter(user_id=family.parent.pk).exists()
