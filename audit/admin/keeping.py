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


class NameForm(forms.Form):
    """A name to keep the filters under, or one to forget."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)
    forget = forms.CharField(required=False, max_length=LONGEST_NAME)


def answer(request: HttpRequest, ledger: str) -> HttpResponse:
    """Do what is asked, and lead back to the list.

    :param ledger: the list's address
    """
    names, form = NameForm(request.POST), QuestionForm(request.POST)
    if not (names.is_valid() and form.is_valid()):
        messages.error(request, f"Nothing was kept: a name has {LONGEST_NAME} letters at most.")
        return redirect(ledger)
    if gone := names.cleaned_data["forget"]:
        saved_views.forget(user_id_of(request), name=gone)
        messages.success(request, f"“{gone}” is no longer among your views.")
        return redirect(ledger)
    return _keep(request, ledger, names.cleaned_data["name"], form)


def _keep(request: HttpRequest, ledger: str, name: str, form: QuestionForm) -> HttpResponse:
    query = asked(form, timezone.now()).lasting_address()
    if not (name and query):
        messages.warning(request, "Choose filters first, and a name for them: nothing was kept.")
        return redirect(ledger)
    try:
        saved_views.keep(user_id_of(request), name=name, query=query)
    except saved_views.TooManyViewsError:
        messages.warning(request, f"You have {saved_views.MOST} views: remove one of them first.")
    else:
        messages.success(request, f"Kept as “{name}”, among your views above the list.")
    return redirect(f"{ledger}?{query}")
