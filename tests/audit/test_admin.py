"""The admin's list of the ledger…"""

from datetime import timedelta
from html import unescape
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit import finding
from audit.actions import Action
from audit.models import MandateAudit
from tests.audit.attacking import put_in
from tests.audit.conftest import MakeRow

LIST = "/admin/audit/mandateaudit/"


@pytest.fixture
def console(staff: User, client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(staff)
    return client


def _shown(console: Client, **query: str) -> list[MandateAudit]:
    """Return the rows of the list, but for those that tell of the looking itself."""
    answer = console.get(LIST, query)
    assert answer.status_code == 200, answer
    rows = [line.row for line in answer.context["lines"]]
    return [row for row in rows if row.action != Action.AUDIT_VIEWED]


def _detail(row: MandateAudit) -> str:
    return f"{LIST}{row.pk}/change/"


def test_shows_newest_first(make_row: MakeRow, console: Client) -> None:
    now = timezone.now()
    old, new = make_row(at=now - timedelta(days=1)), make_row(at=now)

    assert _shown(console) == [new, old]


def test_names_people_by_e_mail_while_there_is_an_account(
    make_row: MakeRow, parent: User, console: Client
) -> None:
    row = make_row(parent.pk)

    page = console.get(LIST).content.decode()
    assert f'<a href="{LIST}?q={row.user_id}">pat@example.com</a>' in page
    assert "themselves" in page

    parent.delete()
    page = console.get(LIST).content.decode()
    assert "pat@example.com" not in page
    assert f'<a href="{LIST}?q={row.user_id}">{str(row.user_id)[:8]}…</a>' in page


def test_links_to_all_that_belongs_to_a_session_or_a_login(
    make_row: MakeRow, console: Client
) -> None:
    row = make_row(session_id=uuid4(), credential_id=uuid4(), program_ref="alpine & more")

    page = console.get(LIST).content.decode()

    assert f'<a href="{LIST}timeline/{row.session_id}/"' in page
    assert f'<a href="{LIST}?q={row.credential_id}"' in page
    assert f'<a href="{LIST}?q=alpine%20%26%20more">alpine &amp; more</a>' in page


def test_shows_whatever_somebody_put_there_as_the_actor(console: Client) -> None:
    put_in(actor="staff:zz")
    put_in(actor="")

    assert "staff:zz" in console.get(LIST).content.decode()


def test_offers_no_way_to_add(console: Client) -> None:
    before = MandateAudit.objects.count()

    assert console.get(f"{LIST}add/").status_code == 403
    assert console.post(f"{LIST}add/", {"actor": "forged"}).status_code == 403
    assert MandateAudit.objects.count() == before


def test_offers_no_way_to_change(make_row: MakeRow, console: Client) -> None:
    row = make_row()

    assert console.post(_detail(row), {"actor": "forged"}).status_code == 403

    page = console.get(_detail(row)).content.decode()
    assert 'name="_save"' not in page
    assert MandateAudit.objects.get(pk=row.pk).actor == row.actor


def test_offers_no_way_to_delete(make_row: MakeRow, console: Client) -> None:
    row = make_row()

    assert console.get(f"{LIST}{row.pk}/delete/").status_code == 403
    assert console.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    console.post(LIST, chosen)

    assert "delete_selected" not in console.get(LIST).content.decode()
    assert MandateAudit.objects.filter(pk=row.pk).exists()


def test_is_closed_to_parents_and_to_staff_without_the_right(
    make_row: MakeRow, parent: User, stranger: User, client: Client
) -> None:
    row = make_row()
    stranger.is_staff = True
    stranger.save()

    for person, status in ((parent, 302), (stranger, 403)):
        client.force_login(person)
        assert client.get(LIST).status_code == status
        assert client.get(_detail(row)).status_code == status
    assert not MandateAudit.objects.filter(action=Action.AUDIT_VIEWED).exists()


def test_opens_to_staff_who_may_view(make_row: MakeRow, stranger: User, client: Client) -> None:
    row = make_row()
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_mandateaudit"))
    client.force_login(stranger)

    assert _shown(client) == [row]
    assert client.get(_detail(row)).status_code == 200


@pytest.mark.parametrize("named_by", ["id", "user_id", "session_id", "credential_id"])
def test_finds_by_an_exact_id(make_row: MakeRow, console: Client, named_by: str) -> None:
    sought = make_row(session_id=uuid4(), credential_id=uuid4())
    make_row(session_id=uuid4(), credential_id=uuid4())

    term = str(getattr(sought, named_by))

    assert _shown(console, q=term) == [sought]
    assert _shown(console, q=f"  {term.upper()} ") == [sought]


def test_finds_a_person_by_e_mail(make_row: MakeRow, parent: User, console: Client) -> None:
    sought = make_row(parent.pk)
    make_row()

    assert _shown(console, q="pat@example.com") == [sought]
    assert _shown(console, q="Pat@Example.COM") == [sought]
    assert _shown(console, q="nobody@example.com") == []
    nobody = "No account here has this e-mail."
    assert nobody in console.get(LIST, {"q": "nobody@example.com"}).content.decode()
    assert nobody not in console.get(LIST, {"q": "nothing"}).content.decode()


@pytest.mark.parametrize("term", ["blackhawk", "skiclubpro", "%", "user:", "1", "@"])
def test_finds_nothing_by_anything_else(make_row: MakeRow, console: Client, term: str) -> None:
    make_row()

    assert _shown(console, q=term) == []


def test_finds_nothing_by_an_id_of_nothing(make_row: MakeRow, console: Client) -> None:
    make_row()

    assert _shown(console, q=str(uuid4())) == []


def test_filters_by_action(make_row: MakeRow, console: Client) -> None:
    sought = make_row(action=Action.MESSAGE_SENT)
    make_row()

    assert _shown(console, action="message_sent") == [sought]
    page = console.get(LIST).content.decode()
    assert all(f'<option value="{action}">' in page for action in Action.values)


def test_filters_by_days(make_row: MakeRow, console: Client) -> None:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = make_row(at=midnight)
    week = make_row(at=min(midnight - timedelta(microseconds=1), now - timedelta(days=6)))
    month = make_row(at=now - timedelta(days=29))
    make_row(at=now - timedelta(days=31))

    assert _shown(console, when="today") == [today]
    assert _shown(console, when="7") == [today, week]
    assert _shown(console, when="30") == [today, week, month]


@pytest.mark.parametrize(
    "lookup", ["metadata__icontains", "org_ref__icontains", "actor__startswith", "o", "_facets"]
)
def test_refuses_look_ups_that_would_read_the_whole_ledger(console: Client, lookup: str) -> None:
    assert console.get(LIST, {lookup: "x"}).status_code == 400


def test_costs_a_fixed_number_of_queries(
    make_row: MakeRow, console: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        row = make_row()
    console.get(LIST)  # the first request of a while notes that its log-in is in use

    with django_assert_max_num_queries(6):  # log-in, person, count, rows, e-mails, providers
        console.get(LIST)
    with django_assert_max_num_queries(6):
        console.get(LIST, {"action": "message_sent", "when": "7"})
    with django_assert_max_num_queries(10):  # and which kind of id it is
        console.get(LIST, {"q": str(row.session_id or uuid4())})
    with django_assert_max_num_queries(12):
        console.get(_detail(row))


def test_counts_no_further_than_the_cap(
    make_row: MakeRow, console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = finding.PAGE + 1
    monkeypatch.setattr(finding, "MOST_COUNTED", most)
    for _ in range(most):
        make_row()
    exact = console.get(LIST).content.decode()
    make_row()
    capped = console.get(LIST).content.decode()

    assert f"{most} records" in exact
    assert "More than" not in exact
    assert f"More than {most} records" in capped


def test_shows_a_record_with_its_metadata_as_words(make_row: MakeRow, console: Client) -> None:
    hostile = "</pre><script>alert(1)</script>"
    told = {"credential_alias": hostile, "was_fp": "a1b2c3d4e5f60718"}
    row = make_row(action=Action.CREDENTIALS_DELETED, metadata=told)

    page = console.get(_detail(row)).content.decode()

    assert hostile not in page
    assert f'"credential_alias": "{hostile}"' in unescape(page)
    assert '"was_fp": "a1b2c3d4e5f60718"' in unescape(page)
    assert row.content_hash in page


def test_records_who_looked_in_the_trail_that_was_looked_at(
    make_row: MakeRow, parent: User, staff: User, console: Client
) -> None:
    row = make_row(parent.pk, session_id=uuid4())

    console.get(_detail(row))

    viewed = MandateAudit.objects.get(action=Action.AUDIT_VIEWED)
    assert (viewed.user_id, viewed.actor) == (parent.pk, f"staff:{staff.pk}")
    assert viewed.session_id == row.session_id
    told = {name: viewed.metadata[name] for name in ("table", "view", "viewed")}
    assert told == {"table": "mandate_audit", "view": "detail", "viewed": str(row.pk)}


@pytest.mark.parametrize("named_by", ["user_id", "session_id", "credential_id", "id", "e-mail"])
def test_records_who_read_a_trail_in_that_trail(
    make_row: MakeRow, parent: User, staff: User, console: Client, named_by: str
) -> None:
    row = make_row(parent.pk, session_id=uuid4(), credential_id=uuid4())
    make_row()
    by_e_mail = named_by == "e-mail"
    term = parent.email if by_e_mail else str(getattr(row, named_by))

    console.get(LIST, {"q": term, "action": Action.MESSAGE_SENT})

    viewed = MandateAudit.objects.get(action=Action.AUDIT_VIEWED)
    assert (viewed.user_id, viewed.actor) == (parent.pk, f"staff:{staff.pk}")
    assert viewed.metadata["view"] == "timeline"
    assert viewed.metadata["named_by"] == ("user_id" if by_e_mail else named_by)
    assert viewed.session_id == (row.session_id if named_by in {"session_id", "id"} else None)
    assert parent.email not in str(viewed.metadata)


@pytest.mark.parametrize("term", ["", "nobody@example.com", "nothing"])
def test_records_nothing_where_nobodys_trail_was_read(
    make_row: MakeRow, console: Client, term: str
) -> None:
    make_row()

    console.get(LIST, {"q": term})
    console.get(LIST, {"q": str(uuid4())})

    assert not MandateAudit.objects.filter(action=Action.AUDIT_VIEWED).exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "head"])
def test_records_a_reading_by_whatever_method(
    make_row: MakeRow, console: Client, method: str
) -> None:
    row = make_row()

    getattr(console, method)(_detail(row))

    assert MandateAudit.objects.filter(action=Action.AUDIT_VIEWED).count() == 1


def test_has_one_address_for_a_record(make_row: MakeRow, console: Client) -> None:
    row = make_row()

    assert console.get(_detail(row), {"_to_field": "content_hash"}).status_code == 400
    assert console.get(f"{LIST}{row.content_hash}/change/", {"_to_field": "id"}).status_code == 400
    assert console.get(f"{LIST}{row.pk}/history/").status_code == 404


@pytest.mark.parametrize("trail", [False, True])
def test_shows_nothing_that_it_cannot_record(
    make_row: MakeRow, console: Client, trail: bool
) -> None:
    row = make_row(org_ref="somewhere-secret")

    with mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone")):
        answer = console.get(LIST, {"q": str(row.user_id)}) if trail else console.get(_detail(row))

    assert answer.status_code == 503
    assert answer.content.decode() == (
        "We could not record this action, so it was not done. Please try again shortly."
    )
