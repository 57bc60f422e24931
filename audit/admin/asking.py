"""What staff ask of the ledger: the form above the list, and the address that keeps it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator

from audit import paging
from audit.actions import Action
from audit.admin.choosing import ShortSelect
from audit.finding import Question, trail_named
from audit.kinds import Kind
from audit.models import MandateAudit
from audit.paging import Place
from audit.plain_words import source_of
from audit.reading_room import id_sought
from audit.words import SOURCES

WHEN = {"today": "Today", "7": "Past 7 days", "30": "Past 30 days"}
SUGGESTED_FROM = 500  # of the newest records
LAST_DAY = date(9999, 12, 30)
PLACES = ("before", "after")
OF_BUTTONS = ("as", "csrfmiddlewaretoken")  # what is sent beside the filters
NAMES = {
    "id": "one record",
    "user_id": "one person",
    "session_id": "one signup",
    "credential_id": "one saved login",
}
VIEWS = (
    ("Failed tool calls today", {"action": "tool_failed", "when": "today"}),
    ("Logins opened this week", {"kind": "opened", "when": "7"}),
    ("Refused registrations", {"action": "registration_rejected"}),
    ("Registrations for a person to check", {"action": "registration_needs_operator"}),
    ("Booked this month", {"kind": "booked", "when": "30"}),
    ("Read or exported by staff", {"kind": "staff", "when": "30"}),
)


def _any(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "Any"), *choices]


class QuestionForm(forms.Form):
    """All choices are known beforehand: nothing is looked up in the ledger to offer them."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=254,
        widget=forms.SearchInput({"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(choices=_any(Kind.choices), required=False, widget=ShortSelect)
    action = forms.ChoiceField(
        label="What happened",
        choices=[
            ("", "Any"),
            *((kind.label, [(it.value, it.label) for it in kind.actions]) for kind in Kind),
        ],
        required=False,
        widget=ShortSelect,
    )
    provider = forms.CharField(required=False, max_length=128)
    source = forms.ChoiceField(
        label="Tool answered by",
        choices=_any((name, source_of(name)) for name in SOURCES),
        required=False,
        widget=ShortSelect,
    )
    when = forms.ChoiceField(
        label="Recorded", choices=_any(WHEN.items()), required=False, widget=ShortSelect
    )
    since = forms.DateField(label="From", required=False)
    until = forms.DateField(label="To", required=False, validators=[MaxValueValidator(LAST_DAY)])
    before = forms.CharField(required=False, max_length=32)
    after = forms.CharField(required=False, max_length=32)

    @property
    def is_understood(self) -> bool:
        """Return whether each field is, and nothing is asked for that there is no field of."""
        return self.is_valid() and not set(self.data) - {*self.fields, *OF_BUTTONS}

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="filter_%s", label_suffix="")
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.fields["provider"].widget.attrs |= {"list": "providers", "placeholder": "Any"}

    def clean_before(self) -> Place | None:
        """Return the place that the cursor names."""
        return _place(self.cleaned_data["before"])

    def clean_after(self) -> Place | None:
        """Return the place that the cursor names."""
        return _place(self.cleaned_data["after"])


def _place(cursor: str) -> Place | None:
    try:
        return paging.read(cursor) if cursor else None
    except paging.BadCursorError:
        raise forms.ValidationError("This is no page of the list.") from None


@dataclass(frozen=True)
class Asked:
    """A question, as it was asked."""

    question: Question | None  # None: it names what does not exist
    said: dict[str, str]  # what stands in the address, but for the page
    before: Place | None = None
    after: Place | None = None
    is_of_nobody: bool = False  # an e-mail is searched for that no account here has

    @property
    def filters(self) -> list[str]:
        """Return the names of what narrows the list."""
        return sorted(self.said)

    @property
    def is_filtered(self) -> bool:
        """Return whether more than the search narrows the list."""
        return bool(set(self.said) - {"q"})

    def address(self, **more: str) -> str:
        """Return what stands behind the `?`."""
        return urlencode(self.said | more)

    def lasting_address(self) -> str:
        """Return the same to be kept: a person by their id, for an e-mail goes with its account.

        Nothing, where it names what does not exist.
        """
        if self.question is None:
            return ""
        trail = self.question.trail
        return urlencode(self.said | ({"q": str(trail.name)} if trail else {}))

    def in_words(self) -> str:
        """Return what is looked for, without anybody's name: a title for bookmarks."""
        said = self.said
        words = [
            str(Kind(said["kind"]).label) if "kind" in said else "",
            Action.describe(said["action"]) if "action" in said else "",
            said.get("provider", ""),
            f"answered by {source_of(said['source'])}" if "source" in said else "",
            WHEN.get(said.get("when", ""), "").lower(),
            f"from {said['since']}" if "since" in said else "",
            f"to {said['until']}" if "until" in said else "",
            self._of_whom(),
        ]
        return ", ".join(word for word in words if word)

    def _of_whom(self) -> str:
        if self.question and self.question.trail:
            return f"of {NAMES[self.question.trail.named_by]}"
        if self.question and self.question.program_ref:
            return f"program {self.question.program_ref}"
        return ""


def asked(form: QuestionForm, now: datetime) -> Asked:
    """Return what a valid form asks.

    A search is an id, an e-mail, or else a program.
    """
    given = form.cleaned_data
    said = {
        name: str(form.data[name]).strip()
        for name in form.fields
        if name not in PLACES and given[name]
    }
    sought = id_sought(term) if (term := given["q"].strip()) else None
    trail = trail_named(sought) if sought else None
    is_of_nobody = "@" in term and sought is None
    is_nothing = is_of_nobody or bool(sought and not trail)
    question = Question(
        trail=trail,
        actions=_actions(given["kind"], given["action"]),
        provider=given["provider"] or None,
        program_ref=term if term and not trail else None,
        source=given["source"] or None,
        since=max(
            filter(None, (_midnight(given["since"]), _since(given["when"], now))), default=None
        ),
        until=_midnight(given["until"] and given["until"] + timedelta(days=1)),
    )
    return Asked(
        question=None if is_nothing else question,
        said=said,
        before=given["before"],
        after=given["after"],
        is_of_nobody=is_of_nobody,
    )


def _actions(kind: str, action: str) -> tuple[str, ...] | None:
    of_kind = tuple(map(str, Kind(kind).actions)) if kind else None
    if not action:
        return of_kind
    return (action,) if of_kind is None or action in of_kind else ()


def _since(when: str, now: datetime) -> datetime | None:
    if when == "today":
        return _midnight(now.date())
    return now - timedelta(days=int(when)) if when else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=UTC) if day else None


def providers() -> list[str]:
    """Return the providers that the newest records name: suggestions, for a few rows' price."""
    newest = MandateAudit.objects.order_by("-created_at", "-id")
    named = newest.values_list("provider", flat=True)[:SUGGESTED_FROM]
    return sorted({name for name in named if name})
