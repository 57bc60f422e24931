"""Who may see metrics, whichever process shows them."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="metrics"'}
WORDS = {
    HTTPStatus.NOT_FOUND: "There is nothing here.\n",
    HTTPStatus.UNAUTHORIZED: "Send METRICS_TOKEN as a Bearer token.\n",
}


def refusal(*, authorization: str, address: str) -> HTTPStatus | None:
    """Return how to refuse whoever asks from this address, or None where they may see them."""
    if settings.METRICS_TOKEN:
        return None if _has_token(authorization) else HTTPStatus.UNAUTHORIZED
    return None if settings.DEBUG and _is_this_machine(address) else HTTPStatus.NOT_FOUND


def _has_token(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    is_same = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return scheme.lower() == "bearer" and is_same


def _is_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
