"""The product's paths, a page and a crash of our own, and the answers for what no view answers."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from signupassist.urls import urlpatterns as of_the_product


def page(request: HttpRequest) -> HttpResponse:
    """A page that says nothing about log-ins, and so needs one."""
    return HttpResponse("a page of the product")


@login_not_required
def crash(request: HttpRequest) -> HttpResponse:
    """Break, with a secret in hand."""
    raise RuntimeError("canary-of-the-crash")


urlpatterns = [
    path("", page),
    path("a-page", page),
    path("crash", crash),
    path("api/v1/crash", crash),
    *of_the_product,
]
handler400 = "signupassist.pages.handler400"
handler403 = "signupassist.pages.handler403"
handler404 = "signupassist.pages.handler404"
handler429 = "signupassist.pages.handler429"
handler500 = "signupassist.pages.handler500"
