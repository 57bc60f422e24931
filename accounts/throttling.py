"""The API's limit of requests a person, behind the doors that know who is asking."""

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import limits

if TYPE_CHECKING:  # the views read the settings, which name this module
    from rest_framework.views import APIView


class PersonThrottle(BaseThrottle):
    """Counts what one person asks for, however many devices, tokens and processes are in it."""

    def __init__(self) -> None:
        self._seconds = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Return whether this minute allows them another request; addresses are counted before."""
        if request.user.is_authenticated:
            self._seconds = limits.seconds_to_wait(
                "person", str(request.user.pk), at=timezone.now()
            )
        return self._seconds == 0

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self._seconds
