"""Row-level security, from one statement to the next…"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from audit import acting
from audit.models import MandateAudit
from tests.audit.asking import ask, change, refused, whom

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has none"),
]


def test_forgets_who_asked_with_each_statement_of_a_kept_connection() -> None:
    first, second = uuid4(), uuid4()
    kept = connections.create_connection("default")
    try:
        login = whom(kept)
        for user_id in (first, second, first):
            with acting.for_person(user_id):
                assert whom(kept) == ("signupassist_app", str(user_id))
            assert whom(kept) == login
    finally:
        kept.close()


def test_goes_by_who_asks_in_a_transaction_too() -> None:
    login, first, second = whom(), uuid4(), uuid4()
    with transaction.atomic():
        for user_id in (first, second):
            with acting.for_person(user_id):
                assert whom() == ("signupassist_app", str(user_id))
        with acting.as_jobs():
            assert whom() == ("signupassist_jobs", "")
        assert whom() == login


def test_is_not_undone_with_a_savepoint(both: tuple[UUID, UUID]) -> None:
    login = whom()
    with acting.for_person(both[0]):
        with refused():
            change("DELETE FROM audit_leaf")
        assert whom() == ("signupassist_app", str(both[0]))
    with acting.for_person(both[1]):
        whom()
        sid = transaction.savepoint()
    assert whom() == login
    transaction.savepoint_rollback(sid)  # back to where the role was taken
    assert whom() == login


def test_is_held_to_where_one_statement_has_many_values(both: tuple[UUID, UUID]) -> None:
    [(theirs,)] = ask("SELECT id FROM stored_credentials WHERE user_id = %s", both[1])
    with acting.for_person(both[0]):
        [(ours,)] = ask("SELECT id FROM stored_credentials")
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM stored_credentials WHERE id = %s", [[ours], [theirs]])
    assert ask("SELECT id FROM stored_credentials") == [(theirs,)]


def test_is_what_a_stream_asks_for_batch_by_batch(both: tuple[UUID, UUID]) -> None:
    def rows(*, for_each: bool) -> Iterator[int]:
        for _ in range(2):
            if for_each:
                with acting.for_person(both[0]):
                    seen = MandateAudit.objects.count()
            else:
                seen = MandateAudit.objects.count()
            yield seen

    server: AbstractContextManager[None] = acting._asking(acting._Asker(acting.Role.APP))
    with server:  # what a web process is when no request is served any more
        assert list(rows(for_each=True)) == [1, 1]
        assert list(rows(for_each=False)) == [0, 0]
