"""The tiles about the ledger: what was done, and whether it can be proved.

What was done is read from the tallies, a few hundred rows; no tile counts the ledger itself.
"""

from collections import Counter
from datetime import UTC, date, timedelta

from django.conf import settings
from django.db.models import Count

from audit import notes, tally, tally_gaps
from audit.actions import Action
from audit.doctor import BEHIND
from audit.kinds import Topic, topic_of
from audit.models import Checkpoint, MandateAudit, Pending
from audit.sealer import HEARTBEAT
from audit.tally import DAYS, Step
from audit.verification import glance
from audit.verification.unsealed import LONGEST_WAIT
from signupassist.dashboard import charts
from signupassist.dashboard.charts import Bar, Bars, Series
from signupassist.dashboard.tiles import (
    LEDGER,
    MOST_COUNTED,
    Fact,
    Reader,
    Tile,
    ago,
    capped,
    lasting,
)

WEEK = 7
MOST_PROVIDERS = 8
NEWEST = 50  # leaves that are held against their records for the page
OLDEST = 100  # of what waits, by its random id, to find since when
VERIFY_ALL = "For all of it run: manage.py verify_audit"

TOPICS = tuple(Series(topic.value, str(topic.label)) for topic in Topic)
_WENT_WELL, _FAILED = Series("good", "worked"), Series("bad", "failed")
_SOURCES = {
    "mcp": "Provider (MCP)",
    "mock": "Samples",
    "google": "Google Places",
    "": "Source not known",
}


def _since(reader: Reader, days: int) -> date:
    return reader.at.astimezone(UTC).date() - timedelta(days=days - 1)


def actions(reader: Reader) -> Tile:
    """Return how much was done on each of fourteen days, by kind."""
    since = _since(reader, DAYS)
    found = tally.actions_by_day(since=since)
    days: dict[date, Counter[str]] = {
        since + timedelta(days=ahead): Counter() for ahead in range(DAYS)
    }
    for day, by_action in found.items():
        if day in days:
            for action, number in by_action.items():
                days[day][topic_of(action)] += number
    total = sum(numbers.total() for numbers in days.values())
    links = (reader.link("The past 7 days in the ledger", LEDGER, when="7"),)
    if not total:
        says = (
            "Nothing was done in these 14 days. Every step of a signup, every tool call and every"
            " opened login will show here, a few seconds after it was recorded."
        )
        return Tile("", _not_counted(since) or says, links=links)
    picture = charts.columns("Actions per day by kind", TOPICS, days)
    says = (
        f"{counted_up(total, 'action')} in {DAYS} days, {days[max(days)].total():,} of them today."
    )
    missing = _not_counted(since)
    return Tile("", missing or says, "warn" if missing else "plain", picture=picture, links=links)


def _not_counted(since: date) -> str:
    """Return what to do where some of these days are not counted in full; usually nothing."""
    if not tally_gaps.are_there(since=since):
        return ""
    return "Some of these days were not counted in full. Run: manage.py seal_audit --tally"


def counted_up(number: int, thing: str) -> str:
    """Return "1 action", "12,345 actions"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def funnel(reader: Reader) -> Tile:
    """Return how many signups of a week came how far."""
    taken = tally.signups_by_step(since=_since(reader, WEEK))
    started = taken[Step.STARTED]
    most = max(taken.values())
    if not most:
        return Tile("", "No signup was started in the past 7 days.")
    bars = [
        Bar(
            step.label,
            None,  # a step is counted once a signup, by a button or a sentence: no list is the same
            number,
            charts.percent(number, started),
            charts.pieces([(Topic.SIGNUPS, number)], of=most),
        )
        for step, number in taken.items()
    ]
    done = taken[Step.REGISTERED]
    says = f"{counted_up(started, 'signup')} started, {done:,} came to a registration"
    says += f" ({charts.percent(done, started)})." if started else "."
    picture = Bars("Signups by step reached", ("Step", "Signups"), (), bars)
    return Tile("", says, picture=picture)


def tools(reader: Reader) -> Tile:
    """Return how the calls of tools went in a week, by where their answers came from."""
    by_source = tally.calls_by_source(since=_since(reader, WEEK))
    links = (
        reader.link("Failed calls", LEDGER, action=Action.TOOL_FAILED, when="7"),
        reader.link("Calls that worked", LEDGER, action=Action.TOOL_SUCCEEDED, when="7"),
    )
    if not by_source:
        return Tile("", "No provider tool was called in the past 7 days.", links=links)
    most = max(numbers.total() for numbers in by_source.values())
    bars = []
    for source, numbers in by_source.items():
        good, bad = numbers[Action.TOOL_SUCCEEDED], numbers[Action.TOOL_FAILED]
        lines = charts.pieces([("good", good), ("bad", bad)], of=most)
        href = reader.href(LEDGER, source=source, when="7") if source else None
        bars.append(Bar(_SOURCES.get(source, source), href, good + bad, f"{bad:,} failed", lines))
    calls = sum(numbers.total() for numbers in by_source.values())
    failed = sum(numbers[Action.TOOL_FAILED] for numbers in by_source.values())
    is_much = failed * 3 > calls  # samples refuse now and then, too
    says = f"{counted_up(calls, 'call')} in 7 days, {failed:,} failed"
    says += f" ({charts.percent(failed, calls)})." if failed else "."
    if is_much:
        says += " That is more than one in three: look at the failed calls for the reason."
    picture = Bars("Tool calls by source", ("Source", "Calls"), (_WENT_WELL, _FAILED), bars)
    return Tile("", says, "warn" if is_much else "plain", picture=picture, links=links)


def openings(reader: Reader) -> Tile:
    """Return how often saved logins were opened in a week, by provider."""
    by_provider = tally.openings_by_provider(since=_since(reader, WEEK), most=MOST_PROVIDERS)
    links = (
        reader.link("Openings", LEDGER, action=Action.CREDENTIALS_ACCESSED, when="7"),
        reader.link("Refused", LEDGER, action=Action.CREDENTIALS_ACCESS_DENIED, when="7"),
        reader.link("Failed", LEDGER, action=Action.CREDENTIALS_ACCESS_FAILED, when="7"),
    )
    if not by_provider:
        return Tile("", "No saved login was opened in the past 7 days.", links=links)
    most = max(numbers.total() for numbers in by_provider.values())
    bars, opened, not_opened = [], 0, 0
    for provider, numbers in by_provider.items():
        good = numbers[Action.CREDENTIALS_ACCESSED]
        bad = numbers.total() - good
        opened, not_opened = opened + good, not_opened + bad
        lines = charts.pieces([(Topic.LOGINS, good), ("bad", bad)], of=most)
        said = f"{bad:,} not opened" if bad else ""
        href = _openings_at(reader, provider) if provider else None
        bars.append(Bar(provider or "No provider named", href, good, said, lines))
    says = f"{counted_up(opened, 'opening')} in 7 days."
    if not_opened:
        says += f" {not_opened:,} times a login was not opened: refused, or its key was missing."
    series = (Series(Topic.LOGINS.value, "opened"), Series("bad", "not opened"))
    picture = Bars("Saved logins opened by provider", ("Provider", "Openings"), series, bars)
    return Tile("", says, picture=picture, links=links)


def _openings_at(reader: Reader, provider: str) -> str | None:
    action = Action.CREDENTIALS_ACCESSED
    return reader.href(LEDGER, action=action, provider=provider, when="7")


# --- The log -------------------------------------------------------------------------------------


def log(reader: Reader) -> Tile:
    """Return how far the log is signed, and whether its end holds when it is looked at now."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        says = "There is no checkpoint yet: the first is made seconds after the first record."
        return Tile("", says)
    facts = [
        Fact("Checkpoint", f"{newest.size:,}"),
        Fact("It signs", _signed(newest), reader.href(LEDGER)),
        Fact("Signed", ago(newest.sealed_at, reader.at)),
        Fact("Signed by", ", ".join(_signed_by(newest)) or "nobody whose key is known here"),
    ]
    links = (reader.link("How sealing goes", "sessions_store.jobrun", job="seal_audit"),)
    if not settings.AUDIT_VERIFIERS:
        says = f"This process has no key to check with. Set AUDIT_VERIFY_KEY. {VERIFY_ALL}"
        return Tile("", says, "warn", facts, links=links)
    found = glance.look(
        newest, known=settings.AUDIT_VERIFIERS, origin=settings.AUDIT_ORIGIN, size=NEWEST
    )
    if found.number:
        says = (
            f"The log does not hold: {found.kept[0]}. Keep the database as it is, and run:"
            " manage.py verify_audit"
        )
        return Tile("", says, "bad", facts, links=links)
    if reader.at - newest.sealed_at > HEARTBEAT + BEHIND:
        says = (
            "The newest checkpoint is too old: see whether the worker runs and has"
            " AUDIT_SIGNING_KEY."
        )
        return Tile("", says, "bad", facts, links=links)
    says = f"The signature, the tree and the newest records hold, looked at now. {VERIFY_ALL}"
    return Tile("", says, "ok", facts, links=links)


def _signed(newest: Checkpoint) -> str:
    """Return what the size of the log is made of: each seal takes a place of its own."""
    seals = newest.size - newest.events_total
    return f"{counted_up(newest.events_total, 'record')} and {counted_up(seals, 'seal')}"


def _signed_by(newest: Checkpoint) -> list[str]:
    """Return the keys that signed, of those that are known here, by name and id."""
    found = []
    for verifier in settings.AUDIT_VERIFIERS:
        try:
            notes.verified_text(newest.note, [verifier])
        except notes.NoteError:
            continue
        found.append(f"{verifier.name} ({verifier.key_id.hex()})")
    return found


def waiting(reader: Reader) -> Tile:
    """Return how much waits for its seal, and since when."""
    some = Pending.objects.all()[: MOST_COUNTED + 1]
    number = some.aggregate(all=Count("pk"), left_out=Count("left_out_at"))
    links = (reader.link("How sealing goes", "sessions_store.jobrun", job="seal_audit"),)
    if not number["all"]:
        return Tile("", "Everything that was recorded is sealed.", "ok", links=links)
    first = Pending.objects.filter(left_out_at=None).order_by("event_id")[:OLDEST]
    ids = list(first.values_list("event_id", flat=True))
    # a seal's own record waits for company
    rows = MandateAudit.objects.filter(id__among=ids).exclude(action=Action.AUDIT_SEALED)
    # no MIN: PostgreSQL would look for it by the time, along all that is sealed
    oldest = min(rows.values_list("created_at", flat=True), default=None)
    facts = [Fact("Waiting", capped(number["all"]))]
    is_sample = number["all"] - number["left_out"] > OLDEST
    if oldest:
        waited = lasting(reader.at - oldest)
        facts.append(Fact("The longest for", f"at least {waited}" if is_sample else waited))
    if number["left_out"]:
        facts.append(Fact("Left out", capped(number["left_out"]), tone="bad"))
        says = (
            "Some records are gone, or not what was recorded, and were left out. Keep the database"
            " as it is, and run: manage.py verify_audit"
        )
        return Tile("", says, "bad", facts, links=links)
    if oldest and reader.at - oldest > LONGEST_WAIT:
        says = "Records wait too long: see whether the worker runs and has AUDIT_SIGNING_KEY."
        return Tile("", says, "bad", facts, links=links)
    if is_sample:
        says = f"Of those that wait, {OLDEST} were looked at: none waits too long."
        return Tile("", says, "ok", facts, links=links)
    return Tile("", "Sealed within seconds, as it should be.", "ok", facts, links=links)
