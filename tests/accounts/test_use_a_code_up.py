"""Using a code up, by several at once…"""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import second_factor
from accounts.services.second_factor import CodeRefusedError
from tests.accounts.two_steps import turn_on


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_lets_one_of_them_in(kind: str, parent: User) -> None:
    app, at = turn_on(parent), timezone.now()
    code = app.code() if kind == "app" else app.recovery_codes[0]
    good = [second_factor.recognise(parent.pk, code, at=at) for _ in range(4)]
    start, ends = threading.Barrier(4), []

    def use_up(mine: second_factor.GoodCode) -> None:
        start.wait()
        try:
            with transaction.atomic():
                second_factor.use_up(mine, at=at)
            ends.append("in")
        except CodeRefusedError:
            ends.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=use_up, args=(one,)) for one in good]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["in", "refused", "refused", "refused"]


@pytest.mark.parametrize("change", ["off", "new codes"])
def test_lets_nobody_in_where_it_changed_meanwhile(parent: User, change: str, db: Any) -> None:
    app, at = turn_on(parent), timezone.now()
    good = second_factor.recognise(parent.pk, app.recovery_codes[0], at=at)
    if change == "off":
        second_factor.remove(parent.pk, at=at)
    else:
        second_factor.make_recovery_codes(parent.pk, at=at)

    with pytest.raises(CodeRefusedError):
        second_factor.use_up(good, at=at)
