"""Is everything recorded, and can nobody change it?"""

from collections.abc import Iterator
from datetime import datetime

from audit import doctor, sealing_run
from signupassist.readiness.findings import Finding, advised, needed, unseen


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found."""
    for sign in doctor.look(sealing_run.configured(), at):
        judge = needed if sign.is_needed else advised
        yield judge(sign.what, sign.is_well, sign.found, sign.remedy)
    yield unseen(
        "The whole log",
        "is not walked here",
        "Run from time to time: manage.py verify_audit",
    )
