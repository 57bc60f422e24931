"""Where sealed text lies besides the logins: the apps that keep it there say so.

Sealed logins are sealed anew when the key changes, and so is what lies elsewhere and stays. The rest is
short-lived: it keeps its key until it is deleted, and an old key must stay for as long as one such row
needs it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import Count, JSONField, Model, Q, QuerySet
from django.db.models.functions import Cast

from audit.actions import Action
from credentials.fields import KeyIdIn, SealedTextField
from credentials.keyring import Key

BATCH = 200  # rows in memory at a time

KEY_ID = re.compile(r"[0-9a-f]{16}")
_KEY_IDS_IN_TEXT = re.compile(rf"\bsa1\.({KEY_ID.pattern})\.")


@dataclass(frozen=True)
class SealedText:
    """A column that holds sealed text, or JSON with sealed text in it, and when its rows go."""

    model: type[Model]
    column: str
    goes: str  # "within two days", for operators

    @property
    def name(self) -> str:
        """Return what operators know it by."""
        return f"{self.model._meta.db_table}.{self.column}"

    def rows_by_key(self) -> Counter[str]:
        """Return how many rows need each key."""
        if isinstance(self.model._meta.get_field(self.column), JSONField):
            return self._rows_by_key_in_json()
        return rows_by_key(self.model, self.column)

    def _rows_by_key_in_json(self) -> Counter[str]:
        rows = self._texts().filter(text__contains="sa1.").order_by("pk").values_list("pk", "text")
        counted: Counter[str] = Counter()
        batch = list(rows[:BATCH])
        while batch:
            for _, text in batch:
                counted.update(set(_KEY_IDS_IN_TEXT.findall(text)))
            batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH])
        return counted

    def rows_without(self, key_ids: Iterable[str], *, among: int) -> int:
        """Return how many of the first rows need a key that is none of these."""
        first = self.model._default_manager.order_by("pk").values("pk")[:among]
        others = rf"sa1\.(?!{'|'.join(key_ids)}){KEY_ID.pattern}\."
        return self._texts().filter(pk__in=first, text__regex=others).count()

    def _texts(self) -> QuerySet[Any]:
        as_text = Cast(self.column, SealedTextField())
        rows: QuerySet[Any] = self.model._default_manager.annotate(text=as_text)
        return rows


class PlaceOf(TypedDict):
    """The place of a sealed text, in words: what `credentials.services` takes."""

    table: str
    row_id: UUID
    user_id: UUID
    label: str


@dataclass(frozen=True)
class LastingText(SealedText):
    """Sealed text whose rows stay, so that it is sealed anew, as logins are.

    It stands under a member of a JSON column, at most one row of it a person: it opens for that person
    alone, whatever the row's own id is.
    """

    member: str
    label: str
    thing: str  # "second factor", for operators
    action: Action  # what is recorded when it is sealed anew

    def place_of(self, user_id: UUID) -> PlaceOf:
        """Return where this person's text belongs."""
        table = self.model._meta.db_table
        return {"table": table, "row_id": user_id, "user_id": user_id, "label": self.label}

    def text_in(self, row: Any) -> str:
        """Return the sealed text that stands in a row."""
        return str(getattr(row, self.column)[self.member])

    def not_sealed_with(self, key: Key) -> QuerySet[Any]:
        """Return the rows whose text is sealed with another key."""
        starts = f"{self.column}__{self.member}__startswith"
        rows = self.model._default_manager.filter(Q(**{starts: "sa1."}))
        return rows.exclude(Q(**{starts: f"sa1.{key.id}."}))


def rows_by_key(model: type[Model], column: str) -> Counter[str]:
    """Return how many rows of a column of sealed texts need each key, as the texts themselves say."""
    return by_key(model._default_manager.annotate(named=KeyIdIn(column)))


def by_key(rows: QuerySet[Any]) -> Counter[str]:
    """Return how many of these rows need each key, where `named` is what their texts name."""
    counted = rows.order_by().values_list("named").annotate(Count("pk"))
    return Counter({key_id: number for key_id, number in counted if KEY_ID.fullmatch(key_id)})


_texts: dict[str, SealedText] = {}


def declare(text: SealedText) -> None:
    """Remember a place of sealed text; once more changes nothing."""
    _texts[text.name] = text


def sealed_texts() -> list[SealedText]:
    """Return the places that were declared."""
    return list(_texts.values())


def lasting_texts() -> list[LastingText]:
    """Return those of them whose texts are sealed anew."""
    return [text for text in _texts.values() if isinstance(text, LastingText)]
