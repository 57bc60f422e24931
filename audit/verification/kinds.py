"""Is what stands in the log's tables of the kinds that are written there? SQLite takes any for any."""

from django.db import connection, models

from audit.models import Checkpoint, Leaf, Node, Subject, SubjectNode
from audit.verification.flaws import MOST_KEPT, Findings, Flaw

_KINDS = {  # moments are not among them: `seals` reads whatever is there
    "BigIntegerField": "integer",
    "BooleanField": "integer",
    "BinaryField": "blob",
    "CharField": "text",
    "TextField": "text",
    "UUIDField": "text",
}


def check(findings: Findings) -> bool:
    """Return whether the log can be read; each of its rows that cannot is a finding."""
    if connection.vendor != "sqlite":
        return True
    each = " UNION ALL ".join(map(_unreadable, (Leaf, Node, Subject, SubjectNode, Checkpoint)))
    with connection.cursor() as cursor:
        cursor.execute(f"{each} LIMIT {MOST_KEPT}")
        found = cursor.fetchall()
    for name, key in found:
        findings.add(Flaw.OTHER_KIND, f"row {key} of {name}")
    return not found


def _unreadable(table: type[models.Model]) -> str:
    """Return the SQL for the table's name and the beginning of each such row's key."""
    name, is_other = table._meta.db_table, []
    for field in table._meta.concrete_fields:
        if kind := _KINDS.get(field.get_internal_type()):
            kinds = f"'{kind}', 'null'" if field.null else f"'{kind}'"
            is_other.append(f"typeof({field.column}) NOT IN ({kinds})")
    key = f"substr(CAST({table._meta.pk.column} AS TEXT), 1, 99)"
    return f"SELECT '{name}', {key} FROM {name} WHERE {' OR '.join(is_other)}"  # noqa: S608  names of ours
