"""How the API's description names the two ways to log in."""

# drf-spectacular registers subclasses in a method without types:
# mypy: disable-error-code="no-untyped-call"

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class BearerScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer <JWT>`."""

    target_class = "accounts.authentication.JWTAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of ours (`/auth/token`), or of an issuer that we know.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    """The cookie of our own pages."""

    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
