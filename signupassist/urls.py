"""Every path of the product, app by app."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts import urls as accounts
from audit import urls as audit
from credentials import urls as credentials
from orchestrator import urls as orchestrator
from orchestrator.views import LoginsView, MeView
from sessions_store.services import owns as owns_session
from signupassist import pages
from signupassist.words import words_for_scripts

api_v1 = [
    *accounts.api_urlpatterns(MeView.as_view()),
    *orchestrator.api_urlpatterns,
    *credentials.api_urlpatterns(LoginsView.as_view(owns_session=owns_session)),
    *audit.api_urlpatterns,
]

urlpatterns = [
    *orchestrator.page_urlpatterns,
    *audit.page_urlpatterns,
    *credentials.page_urlpatterns,
    *accounts.page_urlpatterns,
    path("admin/", admin.site.urls),
    path("api/v1/", include(api_v1)),
    path("api/schema", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path(
        "api/docs",
        login_not_required(SpectacularSwaggerSplitView.as_view(url_name="schema")),
        name="docs",
    ),
    path("words.js", words_for_scripts, name="words"),
    orchestrator.nothing_here,
]

handler400 = pages.handler400
handler403 = pages.handler403
handler404 = pages.handler404
handler500 = pages.handler500
handler429 = pages.handler429  # allauth asks for it by this name
