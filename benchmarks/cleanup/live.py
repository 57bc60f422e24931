"""A session that goes on while others are deleted."""

import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.cleanup.processes import Told
from benchmarks.cleanup.rows import BODY_BYTES, STATE_BYTES

PAUSE = 0.01  # seconds between two of its turns


def write_turns(until: Connection) -> Told:
    """Write one turn after the other until told to stop; say when each write began and ended."""
    from django.db import DatabaseError, transaction
    from django.utils import timezone

    from accounts.models import User
    from audit.actions import Action
    from sessions_store import services
    from sessions_store.status import Status

    user = User.objects.create_user("live@example.com")
    state = {"plan": "x" * STATE_BYTES}
    session = services.new(user_id=user.pk, step="form_fill", state=state, at=timezone.now())
    services.begin(session, body="", at=timezone.now())
    writes: list[tuple[float, float]] = []
    errors: list[str] = []

    def timed(deed: Callable[[], Any]) -> Any:
        began = time.time()
        try:
            return deed()
        finally:
            writes.append((began, time.time()))

    def claim() -> services.Claim:
        with transaction.atomic():
            claimed = services.claim(session, intent="message", at=timezone.now())
            services.record_for(session, Action.MESSAGE_SENT, at=timezone.now(), intent="message")
        return claimed

    def finish(claimed: services.Claim) -> int:
        return services.finish(
            claimed,
            step="form_fill",
            status=Status.OPEN,
            provider_id="skiclubpro",
            state=state,
            body="sa1." + "x" * BODY_BYTES,
            failed=False,
            at=timezone.now(),
        )

    until.send("ready")
    while not until.poll():
        try:
            session.version = timed(partial(finish, timed(claim)))
        except DatabaseError as error:
            errors.append(str(error).splitlines()[0])
        time.sleep(PAUSE)
    return {"writes": writes, "errors": errors}
