"""Many writers at once: without records, with ours, and with a global hash chain."""

import hashlib
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier, Event
from statistics import mean, quantiles
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.ledger.goals import goal, row, title

WRITERS = 16
ROUNDS = 4  # of both sides
WORK = 0.020  # seconds of the product's own work within each transaction
LEAST_OF_PLAIN, LEAST_OF_CHAIN, MOST_LAG = 0.9, 10.0, 15.0
SPAWN = multiprocessing.get_context("spawn")

_TABLES = """
CREATE TABLE IF NOT EXISTS bench_business (id bigint PRIMARY KEY, n bigint NOT NULL);
INSERT INTO bench_business SELECT g, 0 FROM generate_series(1, 1000) g ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS bench_chain (
    seq bigserial PRIMARY KEY, body text NOT NULL, digest bytea NOT NULL, previous bytea
);
"""


def measure(seconds: float) -> bool:
    """Print the throughput of each side; return whether the goals are met."""
    title(
        f"{WRITERS} writers, {1000 * WORK:.0f} ms of work in each transaction, {seconds:g} s a side"
    )
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
    connection.close()
    row("side", "tx/s", "x plain", "p50", "p99")
    plain, ours = [_side("plain", seconds)], []
    for _ in range(ROUNDS):  # in turns: neither side has the quieter machine
        ours.append(_side("ours", seconds, with_sealer=True))
        plain.append(_side("plain", seconds))
    chain = _side("chain", seconds)
    floor = mean(side["rate"] for side in plain)
    sides = [("without records", side) for side in plain] + [("ours", side) for side in ours]
    for name, side in [*sides, ("global hash chain", chain)]:
        row(
            name,
            f"{side['rate']:.0f}",
            f"{side['rate'] / floor:.2f}",
            f"{1000 * side['p50']:.1f} ms",
            f"{1000 * side['p99']:.1f} ms",
        )
    lag50, lag99 = (max(side[lag] for side in ours) for lag in ("lag50", "lag99"))
    row("waited to be sealed", f"p50 {lag50:.1f} s", f"p99 {lag99:.1f} s")
    rate = mean(side["rate"] for side in ours)
    of_plain, of_chain = rate / floor, rate / chain["rate"]
    return all(
        [
            goal(
                f"at least {LEAST_OF_PLAIN:.0%} of without: {of_plain:.0%}",
                met=of_plain >= LEAST_OF_PLAIN,
            ),
            goal(f"{of_chain:.1f} x the chain", met=of_chain >= LEAST_OF_CHAIN),
            goal(f"99 of 100 sealed within {MOST_LAG:g} s", met=lag99 < MOST_LAG),
            goal(
                "every committed record sealed once", met=all(side["all_sealed"] for side in ours)
            ),
        ]
    )


def _side(kind: str, seconds: float, *, with_sealer: bool = False) -> dict[str, float]:
    began = timezone.now()
    stop = SPAWN.Event()
    told: Any = SPAWN.Queue()
    ready = SPAWN.Barrier(WRITERS + with_sealer)  # starting a process is not what is measured
    sealer = SPAWN.Process(target=_seal, args=(ready, stop))
    writers = [
        SPAWN.Process(target=_write, args=(kind, seconds, ready, told)) for _ in range(WRITERS)
    ]
    if with_sealer:
        sealer.start()
    for writer in writers:
        writer.start()
    took = [one for _ in writers for one in told.get()]
    for writer in writers:
        writer.join()
    if with_sealer:
        stop.set()
        sealer.join()
    cuts = quantiles(took, n=100, method="inclusive")
    side = {"rate": len(took) / seconds, "p50": cuts[49], "p99": cuts[98]}
    return side | _lags(began) if with_sealer else side


def _lags(began: Any) -> dict[str, float]:
    """Return how long records waited for the checkpoint that holds them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY lag), count(*)
            FROM (
                SELECT extract(epoch FROM (
                    SELECT min(sealed_at) FROM audit_checkpoint WHERE size > log_index
                ) - e.created_at) AS lag
                FROM audit_leaf l JOIN mandate_audit e ON e.id = l.event_id
                WHERE e.created_at >= %s AND e.action = 'message_sent'
            ) t
            """,
            [began],
        )
        (middle, most), sealed = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM mandate_audit WHERE created_at >= %s AND action = 'message_sent'",
            [began],
        )
        all_sealed = cursor.fetchone()[0] == sealed
    connection.close()
    return {"lag50": float(middle), "lag99": float(most), "all_sealed": float(all_sealed)}


# --- What the processes do -----------------------------------------------------------------------


def _setup() -> None:
    import logging

    import django

    django.setup()
    logging.disable(logging.INFO)


def _write(kind: str, seconds: float, ready: Barrier, told: Any) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    _setup()
    deeds: dict[str, Callable[[UUID], None]] = {
        "plain": lambda _: None,
        "ours": _record,
        "chain": _chain,
    }
    deed, user = deeds[kind], uuid4()
    connection.ensure_connection()
    ready.wait()
    deadline = time.perf_counter() + seconds
    took, number = [], os.getpid()
    while (start := time.perf_counter()) < deadline:
        number += 1
        with transaction.atomic():
            deed(user)
            time.sleep(WORK)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE bench_business SET n = n + 1 WHERE id = %s", [number * 7919 % 1000 + 1]
                )
        took.append(time.perf_counter() - start)
    told.put(took)
    connection.close()


def _record(user: UUID) -> None:
    from audit.actions import Action, person
    from audit.services import record

    record(
        action=Action.MESSAGE_SENT,
        user_id=user,
        actor=person(user),
        at=timezone.now(),
        session_id=user,
        metadata={"step": "provider_search", "intent": "search"},
    )


def _chain(user: UUID) -> None:
    """Write a row that holds the digest of the row before it, as a chain over everything must."""
    body = f'{{"action":"message_sent","user":"{user}","at":"{timezone.now().isoformat()}"}}'
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(4711)")
        cursor.execute("SELECT digest FROM bench_chain ORDER BY seq DESC LIMIT 1")
        last = cursor.fetchone()
        previous = bytes(last[0]) if last else b""
        digest = hashlib.sha256(previous + body.encode()).digest()
        cursor.execute(
            "INSERT INTO bench_chain (body, digest, previous) VALUES (%s, %s, %s)",
            [body, digest, previous],
        )


def _seal(ready: Barrier, stop: Event) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    _setup()
    from audit import sealer

    connection.ensure_connection()
    ready.wait()
    while True:
        is_last = stop.wait(5)  # as often as the worker does
        done = sealer.seal(
            at=timezone.now(), signers=settings.AUDIT_SIGNERS, origin=settings.AUDIT_ORIGIN
        )
        if is_last and (done is None or done.is_drained):
            break
    connection.close()
