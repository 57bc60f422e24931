"""/mandates-audit: a parent's own trail, to be read rather than queried."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from audit import finding, naming, selectors, words
from audit.context import user_id_of
from audit.finding import Found, Question, Trail
from audit.kinds import Topic
from audit.paging import BadCursorError, cursor_of, page_of, read
from audit.trail import told

UTC = ZoneInfo("UTC")
DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]
LOOKED_AT_FOR_PROVIDERS = 300  # newest rows: the choice of providers stays cheap on any trail


class FilterForm(forms.Form):
    """What a parent may ask the trail for; a field that cannot be understood asks for nothing."""

    kind = forms.ChoiceField(
        label=_("What happened"),
        required=False,
        choices=[
            ("", _("Everything")),
            *((topic.value, name) for topic, name in words.TOPICS.items()),
        ],
    )
    provider = forms.CharField(required=False, max_length=128)
    since = forms.DateField(label=_("From"), required=False, validators=DAYS)
    until = forms.DateField(label=_("To"), required=False, validators=DAYS)
    session_id = forms.UUIDField(required=False)
    zone = forms.CharField(required=False, max_length=64)

    def clean_zone(self) -> ZoneInfo:
        """Return the time zone that days are meant in: UTC where the browser did not tell."""
        try:
            return ZoneInfo(self.cleaned_data["zone"] or "UTC")
        except (OSError, ValueError, KeyError):  # a folder's name, a path, nobody's zone
            return UTC

    @property
    def zone_asked_for(self) -> ZoneInfo:
        zone: ZoneInfo = self.cleaned_data.get("zone", UTC)
        return zone

    @property
    def asked(self) -> dict[str, str]:
        """What was asked for, as it stands in the address."""
        understood = (name for name in self.fields if self.cleaned_data.get(name))
        return {name: self.data[name] for name in understood if self.data.get(name)}

    @property
    def is_asking(self) -> bool:
        return bool(self.asked.keys() - {"zone"})

    @property
    def limits(self) -> dict[str, Any]:
        """What was asked for beside the kind, as the selectors take it."""
        given = self.cleaned_data
        return {
            "provider": given.get("provider") or None,
            "since": self._midnight(given.get("since")),
            "until": self._midnight(given.get("until"), after=timedelta(days=1)),
        }

    def _midnight(self, day: date | None, *, after: timedelta = timedelta()) -> datetime | None:
        return datetime.combine(day + after, time.min, self.zone_asked_for) if day else None


@require_safe
def mandates_audit(request: HttpRequest) -> HttpResponse:
    """Show one's own audit trail, 50 rows at a time, or those of them that were asked for."""
    user_id = user_id_of(request)
    form = FilterForm(request.GET)
    form.full_clean()
    cursor = request.GET.get("cursor")
    try:
        found = _find(form, user_id, cursor)
    except BadCursorError:
        return redirect(_address(form.asked))
    names = naming.names_of(row.session_id for row in found.rows)
    context = {
        "form": form,
        "days": [form["since"], form["until"]],
        "providers": _providers(user_id, form.cleaned_data.get("provider", "")),
        "groups": told(found.rows, names=names, zone=form.zone_asked_for),
        "older": found.older and _address(form.asked | {"cursor": cursor_of(*found.older)}),
        "newest": _address(form.asked) if cursor else None,
        "stopped_at": found.stopped_at,
    }
    return render(request, "audit/mandates_audit.html", context)


def _find(form: FilterForm, user_id: UUID, cursor: str | None) -> Found:
    """Return a page of one's own rows; of a trail of any length, so many are looked through.

    :raises BadCursorError: for a cursor that no page gave
    """
    topic = form.cleaned_data.get("kind")
    actions = Topic(topic).actions if topic else None
    if session_id := form.cleaned_data.get("session_id"):  # an index answers that: they are few
        rows = selectors.own_rows(user_id, session_id=session_id, **form.limits)
        page = page_of(rows.filter(action__in=actions) if actions else rows, cursor)
        return Found(page.rows, read(page.next) if page.next else None, newer=None)
    own = Trail("user_id", user_id, (user_id,), session_id=None)
    question = Question(trail=own, actions=actions, **form.limits)
    return finding.page(question, before=read(cursor) if cursor else None)


def _providers(user_id: UUID, chosen: str) -> list[tuple[str, str]]:
    """Return the providers that one's newest rows tell of, and the one that was asked for."""
    newest = (
        selectors.own_rows(user_id)
        .order_by("-created_at", "-id")
        .values_list("provider", flat=True)
    )
    found: set[Any] = {*newest[:LOOKED_AT_FOR_PROVIDERS], chosen} - {None, ""}
    return sorted((key, words.as_name(key)) for key in found)


def _address(asked: dict[str, str]) -> str:
    page = reverse("mandates-audit")
    return f"{page}?{urlencode(asked)}" if asked else page
