"""Is the web server alive? Asked by probes and by the supervisor; the answer needs nobody else."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 from this process alone: no database, no session, no neighbour is asked."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
