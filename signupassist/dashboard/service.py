"""The tiles about the service as it runs: signups, the worker, the provider tools, the keys."""

import time
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings

from audit.printing import counted
from credentials.services import ring
from orchestrator.models import NEEDS_A_PERSON, RegistrationSubmission
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import schedules
from sessions_store.models import AgenticCheckoutSession
from signupassist import worker_health
from signupassist.dashboard.tiles import (
    MOST_COUNTED,
    Fact,
    Reader,
    Tile,
    ago,
    capped,
    in_time,
    lasting,
)
from signupassist.health import COUNTED_EVERY, counted_lately
from signupassist.worker_health import WorkerHealth

SESSIONS, RUNS = "sessions_store.agenticcheckoutsession", "sessions_store.jobrun"
REGISTRATIONS, QUEUE = "orchestrator.registrationsubmission", "django_q.ormq"


def sessions(reader: Reader) -> Tile:
    """Return how many signups have time left, how many have none, and what needs a person."""
    rows = AgenticCheckoutSession.objects.order_by("expires_at")
    cap = MOST_COUNTED + 1
    active = rows.filter(expires_at__gt=reader.at)[:cap].count()
    expired = rows.filter(expires_at__lte=reader.at)[:cap].count()
    unclear = RegistrationSubmission.objects.filter(NEEDS_A_PERSON)[:cap].count()
    facts = [
        Fact("Active", capped(active), reader.href(SESSIONS, now="active")),
        Fact("Expired", capped(expired), reader.href(SESSIONS, now="expired")),
        Fact(
            "Registrations for a person",
            capped(unclear),
            reader.href(REGISTRATIONS, needs="person"),
            "bad" if unclear else "plain",
        ),
    ]
    if unclear:
        says = (
            "A registration needs a person: ask the provider what became of it, and settle it."
            if unclear == 1
            else f"{capped(unclear)} registrations need a person: ask the providers what became of"
            " them, and settle them."
        )
        return Tile("", says, "bad", facts)
    if not active and not expired:
        return Tile("", "No signup is under way.", facts=facts)
    says = "A signup has 24 hours. Expired ones are never served, and go in the night."
    return Tile("", says.replace("24", str(settings.SESSION_TTL_HOURS)), facts=facts)


_WRONG = {
    "failed": "failed",
    "died": "died",
    "resting": "rests, since its runs kept dying",
    "overdue": "is overdue",
    "missing": "has no schedule",
}


def worker(reader: Reader) -> Tile:
    """Return whether the worker lives, what waits for it, and how its jobs fared."""
    health = worker_health.look(reader.at, database=in_time)
    beat = health.last_beat
    last = "never" if beat is None else ago(reader.at - timedelta(seconds=beat), reader.at)
    facts = [
        Fact("Last sign of life", last, reader.href(RUNS, job=schedules.BEAT)),
        Fact("Waiting in the queue", _queue(health), reader.href(QUEUE)),
        Fact("Jobs", f"{len(health.jobs)} on the timetable", reader.href("django_q.schedule")),
    ]
    wrong = [
        f"{name} {_WRONG[job.state]}" for name, job in health.jobs.items() if job.state in _WRONG
    ]
    facts += [Fact("Trouble", one, reader.href(RUNS), "bad") for one in wrong]
    links = (reader.link("Runs of its jobs", RUNS),)
    if health.state == "absent":
        says = (
            "No worker is at work: nothing is sealed, cleaned up or followed up. Start one:"
            " manage.py qcluster"
        )
        return Tile("", says, "bad", facts, links=links)
    if health.is_well:
        return Tile("", "The worker is at work.", "ok", facts, links=links)
    return Tile("", _what_is_wrong(health, wrong), "warn", facts, links=links)


def _what_is_wrong(health: WorkerHealth, wrong: list[str]) -> str:
    if health.state == "late":
        return "The worker is behind: it gave no sign of life for a while, or tasks wait too long."
    if wrong:
        return f"The worker is at work, but {counted(len(wrong), 'job')} did not go well."
    if health.queue is None:
        return "The queue cannot be looked at: see whether Redis can be reached."
    return "Expired signups are not cleaned up: look at the runs of cleanup_sessions."


def _queue(health: WorkerHealth) -> str:
    if health.queue is None:
        return "not known"
    waiting = counted(health.queue.waiting, "task")
    if not health.queue.oldest_seconds:
        return waiting
    return f"{waiting}, the first for {lasting(timedelta(seconds=health.queue.oldest_seconds))}"


_CALLS = {"closed": "go through", "open": "held back", "half_open": "one at a time, to see"}
_FAILURES = {
    "timeout": "it did not answer in time",
    "unavailable": "it could not be reached",
    "auth": "it did not accept our token",
    "bad_response": "its answer made no sense",
    "tool_error": "it said no",
}


def tools(reader: Reader) -> Tile:
    """Return how this process stands with the provider tools; nobody is asked."""
    condition = get_toolbox().condition()
    if condition.mode == "mock":
        says = (
            "Sample tools answer: nothing reaches a provider, and no child is registered. Set"
            " USE_REAL_MCP=true for the real ones."
        )
        return Tile("", says, "plain", [Fact("Tools", "samples")])
    failure = condition.last_failure
    facts = [
        Fact("Server", _server()),
        Fact("Calls of this process", _CALLS[condition.breaker]),
        Fact("Last failure", failure or "none since this process started"),
    ]
    if condition.breaker == "closed":
        return Tile("", "The provider tools can be called.", "ok", facts)
    why = _FAILURES.get(failure or "", failure or "it kept failing")
    says = (
        f"The tool server is being left alone for a while: {why}. Parents are asked to try again."
    )
    return Tile("", says, "bad", facts)


def _server() -> str:
    """Return where the tool server is, without a path, a name or a password."""
    address = urlsplit(settings.MCP_SERVER_URL)
    port = f":{address.port}" if address.port else ""
    return f"{address.hostname or ''}{port}"


def keys(reader: Reader) -> Tile:
    """Return whether this process can open everything that is sealed."""
    held = ring()
    missing = counted_lately(held, int(time.monotonic() / COUNTED_EVERY))
    facts = [
        Fact("Key that seals", held.primary.id),
        Fact("Older keys", str(len(held.keys) - 1)),
        *(Fact(table, f"{rows:,} without a key", tone="bad") for table, rows in missing.items()),
    ]
    links = (reader.link("Saved logins", "credentials.storedcredential"),)
    if missing:
        says = (
            f"{sum(missing.values()):,} sealed rows need a key that is not here. Nothing is lost: add"
            " it to CRED_SEAL_KEY again, and start anew. manage.py verify_credentials says which."
        )
        return Tile("", says, "bad", facts, links=links)
    return Tile("", "Everything that is sealed has its key here.", "ok", facts, links=links)
