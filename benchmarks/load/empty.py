"""`gunicorn benchmarks.load.empty`: the floor, a Django REST framework view that does nothing."""

from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Nothing(APIView):
    """Reads what comes, and answers."""

    def post(self, request: Request) -> Response:
        """Return an empty object."""
        assert request.data is not None
        return Response({})


urlpatterns = [path("", Nothing.as_view())]
application = get_wsgi_application()
