"""Keeping what the list shows under a name, for the one person who does so."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from audit import saved_views
from audit.admin.asking import QuestionForm, asked
from audit.context import user_id_of
from audit.models.saved_view import LONGEST_NAME

BAD_NAME = f"That name cannot be used: please choose one of at most {LONGEST_NAME} letters."
BAD_FILTERS = "Nothing was kept: these filters could not be understood. Please choose them anew."
NO_NAME = "Nothing was kept: please give the view a name."
NO_FILTERS = "Nothing was kept: please choose filters first, or search for something."
NOBODY = "Nothing was kept: there are no records of what you searched for."


class NameForm(forms.Form):
    """A name to keep the filters under, or one to forget."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)
    forget = forms.CharField(required=False, max_length=LONGEST_NAME)


def answer(request: HttpRequest, ledger: str) -> HttpResponse:
    """Do what is asked, and lead back to the list.

    :param ledger: the list's address
    """
    names, form = NameForm(request.POST), QuestionForm(request.POST)
    if not names.is_valid():
        messages.error(request, BAD_NAME)
        return redirect(ledger)
    if gone := names.cleaned_data["forget"]:
        saved_views.forget(user_id_of(request), name=gone)
        messages.success(request, f"“{gone}” is no longer among your views.")
        return redirect(ledger)
    if not form.is_valid():
        messages.error(request, BAD_FILTERS)
        return redirect(ledger)
    return _keep(request, ledger, names.cleaned_data["name"], form)


def _keep(request: HttpRequest, ledger: str, name: str, form: QuestionForm) -> HttpResponse:
    wanted = asked(form, timezone.now())
    query = wanted.lasting_address()
    if not (name and query):
        messages.warning(request, NO_NAME if query else NOBODY if wanted.said else NO_FILTERS)
        return redirect(ledger)
    try:
        saved_views.keep(user_id_of(request), name=name, query=query)
    except saved_views.TooManyViewsError:
        messages.warning(request, f"You have {saved_views.MOST} views: remove one of them first.")
    else:
        messages.success(request, f"Kept as “{name}”, among your views above the list.")
    return redirect(f"{ledger}?{query}")
