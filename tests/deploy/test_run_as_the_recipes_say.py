"""The service that compose.yaml describes…"""

import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import pairwise

import pytest
import requests

from accounts.models import User
from benchmarks.load.deeds import bounds_of, disagreements
from benchmarks.load.parents import Line, Parent
from benchmarks.load.service import records_in
from tests.deploy.container import PATIENCE, Container
from tests.deploy.stack import Stack
from tests.deploy.visitor import Visitor
from tests.orchestrator.chat import STEPS, Chat
from tests.scripts.checkout import free_port

pytestmark = pytest.mark.once


def test_carries_a_signup_over_processes_that_die_and_move(everything: Stack) -> None:
    first, second = everything.webs
    visitor = Visitor(everything.webs)
    visitor.sign_up("pat@example.com")
    chat = Chat(User(), visitor.as_client())

    chat.walk_to("login")
    first.kill()
    first.start(PORT=str(free_port()))  # it comes back at another address, and knows nothing
    first.wait_until_healthy(everything.image.health)
    chat.walk_to("form_fill")
    assert second.stop(45) == 0
    second.start(PORT=str(free_port()))
    second.wait_until_healthy(everything.image.health)
    chat.walk_to("completed")

    assert (chat.status, chat.step) == (200, STEPS[-1])
    assert chat.last["meta"]["source"] == "mcp"
    assert "DEMO-" in str(chat.last)
    assert len(visitor.turns) == 9
    assert all(one != next_one for one, next_one in pairwise(visitor.turns))
    assert set(visitor.turns) == {"web 1", "web 2"}
    trail = visitor.get(f"/api/v1/audit?session_id={chat.id}").json()["results"]
    actions = [row["action"] for row in trail]
    assert actions.count("registration_completed") == 1
    assert "session_resumed" in actions, "a process that had not been there took it up"
    own = visitor.get("/api/v1/submissions").json()["results"]
    assert [one["status"] for one in own] == ["confirmed"]


def test_has_the_workers_seal_what_the_web_processes_recorded(everything: Stack) -> None:
    Visitor(everything.webs).sign_up("sam@example.com")
    for web in everything.webs:
        eventually(partial(is_worker_well, web))
    others = (  # the sealer's own record waits for its next seal
        "SELECT count(*) FROM audit_pending JOIN mandate_audit ON id = event_id"
        " WHERE action <> 'audit_sealed'"
    )
    eventually(lambda: everything.rows(others) == [(0,)])
    assert everything.rows("SELECT count(*) > 0 FROM audit_checkpoint") == [(True,)]
    eventually(partial(is_published, everything))


def test_records_all_that_a_parent_did_and_nothing_else(everything: Stack) -> None:
    with closing(Line(everything.webs, 0)) as line:
        parent = Parent(line, "lou")
        parent.make_account()
        before = records_in(everything)
        parent.log_in()
        signup = parent.sign_up()
    assert (signup.is_over, signup.untrue) == (True, [])
    own = {parent.user_id, signup.session_id}
    made = {key: count for key, count in (records_in(everything) - before).items() if key[0] in own}
    done = bounds_of([parent.log_in_deed, *signup.deeds])
    assert sum(made.values()) >= 20
    assert disagreements(done, made) == []


def is_published(everything: Stack) -> bool:
    """Return whether a checkpoint stands outside of the database, where it comes after its row."""
    log = everything.home / "checkpoints" / "log"
    return log.exists() and everything.variables["AUDIT_ORIGIN"] in log.read_text()


def eventually(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def is_worker_well(web: Container) -> bool:
    """Return whether the workers fare well, told by a web process that is well itself."""
    answer = requests.get(f"http://127.0.0.1:{web.environment['PORT']}/readyz", timeout=10)
    assert answer.status_code == 200
    return bool(answer.json()["checks"]["worker"]["state"] == "ok")


def test_asks_the_database_in_the_roles_of_web_and_worker_by_way_of_pgbouncer(
    everything: Stack,
) -> None:
    Visitor(everything.webs).sign_up("kim@example.com")
    connected = "FROM pg_stat_activity WHERE datname = 'signupassist' AND usename <> 'owner'"
    both = {("web",), ("worker",)}
    eventually(lambda: set(everything.rows(f"SELECT usename {connected}")) == both)
    owner = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'owner'"
    assert everything.rows(owner) == [(False, False, False)]
    for container in (*everything.webs, *everything.workers):
        assert "row-level security is off" not in container.log.read_text()


def test_shows_what_a_worker_counted_to_who_knows_the_token(everything: Stack) -> None:
    port = everything.workers[0].environment["WORKER_METRICS_PORT"]
    address = f"http://127.0.0.1:{port}/metrics"
    assert requests.get(address, timeout=10).status_code == 401
    token = {"Authorization": f"Bearer {everything.variables['METRICS_TOKEN']}"}
    shown = requests.get(address, headers=token, timeout=10).text
    closed = re.search(r'signupassist_mcp_breakers\{state="closed"\} (\S+)', shown)
    assert closed, shown
    assert float(closed[1]) >= 1, "each process of its cluster that may ask the tools has one"


def test_tells_the_owner_how_ready_it_is(everything: Stack) -> None:
    """`docker compose run --rm manage readiness`, which the guide has right after the start."""
    Visitor(everything.webs).sign_up("lee@example.com")  # so that there is something to seal
    for web in everything.webs:
        eventually(partial(is_worker_well, web))
    eventually(partial(is_published, everything))
    told = everything.manage().stdout
    assert "Production score" in told, told
    [needed] = [line for line in told.splitlines() if line.startswith("  needed")]
    assert "do not wait for the disk" in needed, "the PostgreSQL of tests is a hasty one"
    assert "  ok      Published checkpoints" in told, told


def test_writes_each_line_as_one_json_object(everything: Stack) -> None:
    for container in (*everything.webs, *everything.workers):
        lines = container.log.read_text().splitlines()
        assert lines, container.name
        assert [line for line in lines if not isinstance(json.loads(line), dict)] == []


def test_looks_after_itself_by_the_health_checks_as_written(everything: Stack) -> None:
    web = everything.webs[0]
    assert web.outcome(everything.image.health).returncode == 0
    for service in ("postgres", "pgbouncer", "redis"):
        assert web.outcome(everything.health_check(service)).returncode == 0, service
    alive, web.environment["PORT"] = web.environment["PORT"], str(free_port())
    try:
        assert web.outcome(everything.image.health).returncode == 1
    finally:
        web.environment["PORT"] = alive


def test_runs_as_nobody_and_changes_nothing_of_the_image(everything: Stack) -> None:
    if everything.prefix:
        expected = {int(everything.image.user.partition(":")[0])}
        for container in everything.containers:
            assert not container.is_running or container.uids() == expected, container.name
    made = {path for path in everything.files.rglob("*") if path.suffix != ".pyc"}
    Visitor(everything.webs).get("/auth")
    assert {path for path in everything.files.rglob("*") if path.suffix != ".pyc"} == made
    static = requests.get(
        f"http://127.0.0.1:{everything.webs[0].environment['PORT']}/auth",
        headers=Visitor(everything.webs).headers,
        timeout=10,
    )
    assert "/static/" in static.text


def test_ends_a_worker_within_its_grace(everything: Stack) -> None:
    worker = everything.workers[1]
    grace = int(everything.services["worker"]["stop_grace_period"].removesuffix("s"))
    assert worker.stop(grace) == 0
    assert worker.uids() == set(), "it leaves nothing behind"
