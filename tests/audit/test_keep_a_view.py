"""A person of the staff keeps what the list shows under a name…"""

from urllib.parse import parse_qs

import pytest
from django.test import Client

from accounts.models import User
from audit import saved_views
from audit.models import MandateAudit, SavedView
from tests.audit.conftest import MakeRow

LIST = "/admin/audit/mandateaudit/"


@pytest.fixture
def console(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


def _keep(console: Client, **said: str) -> str:
    answer = console.post(f"{LIST}views/", said)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_and_finds_it_above_the_list(console: Client) -> None:
    back = _keep(console, name="My failures", kind="failed", when="7", q="")

    assert parse_qs(back.partition("?")[2]) == {"kind": ["failed"], "when": ["7"]}
    page = console.get(back).content.decode()
    kept = back.partition("?")[2].replace("&", "&amp;")
    assert f'<a href="?{kept}" aria-current="page">My failures</a>' in page
    assert "Kept as “My failures”" in page


def test_and_may_choose_other_filters_for_it(console: Client, staff: User) -> None:
    _keep(console, name="Mine", kind="failed")
    _keep(console, name="Mine", kind="booked")

    assert [view.query for view in saved_views.of(staff.pk)] == ["kind=booked"]


def test_and_forgets_it_again(console: Client, staff: User) -> None:
    for name in ("Mine", "Another"):
        _keep(console, name=name, kind="failed")

    _keep(console, forget="Mine")

    assert [view.name for view in saved_views.of(staff.pk)] == ["Another"]


def test_but_no_e_mail_with_it(console: Client, parent: User, make_row: MakeRow) -> None:
    make_row(parent.pk)

    back = _keep(console, name="Pat", q="pat@example.com")

    view = SavedView.objects.get()
    assert view.query == f"q={parent.pk}"
    assert 'aria-current="page">Pat<' in console.get(back).content.decode()


def test_where_others_neither_see_nor_forget_it(console: Client) -> None:
    other = User.objects.create_superuser("other@example.com", "another pass phrase")
    saved_views.keep(other.pk, name="Theirs", query="kind=failed")

    _keep(console, forget="Theirs")

    assert not console.get(LIST).context["own_views"]
    assert SavedView.objects.filter(user=other).exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": "", "kind": "failed"}, "please give the view a name"),
        ({"name": "n" * 41, "kind": "failed"}, "at most 40 letters"),
        ({"name": "a\0b", "kind": "failed"}, "That name cannot be used"),
        ({"name": "All of it"}, "please choose filters first"),
        ({"name": "Nobody", "q": "nobody@example.com"}, "no records of what you searched for"),
        ({"name": "Nonsense", "kind": "nonsense"}, "these filters could not be understood"),
        ({"forget": "a\0b"}, "That name cannot be used"),
        ({"forget": "n" * 41}, "That name cannot be used"),
    ],
)
def test_but_nothing_without_a_name_and_filters(
    console: Client, said: dict[str, str], told: str
) -> None:
    assert _keep(console, **said) == LIST
    assert not SavedView.objects.exists()
    assert told in console.get(LIST).content.decode()


def test_up_to_a_number(console: Client, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    _keep(console, name="First", kind="failed")

    back = _keep(console, name="Second", kind="booked")

    assert "remove one of them first" in console.get(back).content.decode()
    assert [view.name for view in saved_views.of(staff.pk)] == ["First"]


def test_or_copies_a_link_without_the_e_mail(
    console: Client, parent: User, make_row: MakeRow
) -> None:
    make_row(parent.pk)

    page = console.get(LIST, {"q": parent.email, "kind": "failed"}).content.decode()
    assert f'data-copy-link="q={parent.pk}&amp;kind=failed"' in page

    page = console.get(LIST, {"q": "nobody@example.com"}).content.decode()
    assert "data-copy-link" not in page


def test_which_goes_with_the_account(staff: User) -> None:
    saved_views.keep(staff.pk, name="Mine", query="kind=failed")

    staff.delete()

    assert not SavedView.objects.exists()


def test_only_if_they_may_see_the_list(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("s@example.com", "a pass phrase", is_staff=True))

    assert client.post(f"{LIST}views/", {"name": "Mine", "kind": "failed"}).status_code == 403
    assert not SavedView.objects.exists()


def test_by_the_button_alone(console: Client) -> None:
    assert console.get(f"{LIST}views/").status_code == 405
    assert not MandateAudit.objects.filter(action="audit_viewed").exists()
