"""When the worker looks after registrations and kept answers, and seals the ledger."""

from sessions_store.schedules import Entry, plan

RECONCILE = "reconcile_submissions"
FORGET_ANSWERS = "forget_answers"
FORGET_LOGINS = "forget_logins"
SEAL_AUDIT = "seal_audit"


def plan_jobs() -> None:
    """Put the jobs of this app on the timetable; `migrate` makes their schedules."""
    plan(Entry(RECONCILE, "orchestrator.tasks.reconcile_submissions", "* * * * *"))
    plan(Entry(FORGET_ANSWERS, "orchestrator.tasks.forget_answers", "17 * * * *"))
    plan(Entry(FORGET_LOGINS, "orchestrator.tasks.forget_logins", "47 * * * *"))
    plan(Entry(SEAL_AUDIT, "orchestrator.tasks.seal_audit", "* * * * *"))
