"""/api/v1/credentials: save, list, reveal and delete one's own logins."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.context import user_id_of
from audit.paging import page_of
from audit.services import AuditUnavailableError
from audit.strict import NothingInput
from credentials import services
from credentials.models import StoredCredential
from credentials.serializers import (
    CredentialInput,
    CredentialOutput,
    CredentialPage,
    RevealOutput,
)


class ReauthenticationRequiredError(Exception):
    """Revealing or deleting a login needs a log-in that is at most ten minutes old."""


class RecordedView(APIView):
    """A door whose deeds are done with their record or not at all: without a database, not at all."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Error) and self.request.method not in SAFE_METHODS:
            unavailable = AuditUnavailableError("the database does not answer")
            unavailable.__cause__ = exc
            exc = unavailable
        return super().handle_exception(exc)


class CredentialsView(RecordedView):
    """Save a login, or list one's own."""

    owns_session: Callable[[UUID, UUID], bool] | None = None  # given by the project's urls

    @extend_schema(
        operation_id="credentials_list",
        parameters=[OpenApiParameter("cursor", str)],
        responses=CredentialPage,
    )
    def get(self, request: Request) -> Response:
        own = StoredCredential.objects.for_user(user_id_of(request))
        page = page_of(own, request.query_params.get("cursor"))
        return Response({"results": CredentialOutput(page.rows, many=True).data, "next": page.next})

    @extend_schema(
        operation_id="credentials_save",
        request=CredentialInput,
        responses={201: CredentialOutput, 200: CredentialOutput},
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        typed = CredentialInput(data=request.data)
        typed.is_valid(raise_exception=True)
        user_id, session_id = user_id_of(request), typed.validated_data["session_id"]
        if session_id and not (self.owns_session and self.owns_session(user_id, session_id)):
            raise ValidationError({"session_id": [_("You have no such signup session.")]})
        credential, created = services.store(
            **typed.validated_data, user_id=user_id, at=timezone.now()
        )
        return Response(
            CredentialOutput(credential).data,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
        )


class CredentialView(RecordedView):
    """Delete a login."""

    @extend_schema(operation_id="credentials_delete", responses={204: None})
    def delete(self, request: Request, credential_id: UUID) -> Response:
        at = timezone.now()
        must_be_recent(request.auth, at)
        services.delete(user_id=user_id_of(request), credential_id=credential_id, at=at)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RevealView(RecordedView):
    """Show a login in plain text to its owner: recorded first, and so many times an hour."""

    @extend_schema(operation_id="credentials_reveal", request=None, responses=RevealOutput)
    @method_decorator(sensitive_variables())
    def post(self, request: Request, credential_id: UUID) -> Response:
        at = timezone.now()
        must_be_recent(request.auth, at)
        NothingInput(data=request.data).is_valid(raise_exception=True)
        opened = services.open_login(
            user_id=user_id_of(request),
            credential_id=credential_id,
            purpose=services.REVEAL,
            session_id=None,
            at=at,
        )
        named = {
            "id": str(opened.credential.id),
            "alias": opened.credential.alias,
            "provider": opened.credential.provider,
        }
        return Response(named | opened.reveal(), headers={"Cache-Control": "no-store"})


def must_be_recent(login: Any, at: datetime) -> None:
    """Refuse a log-in that is too old to move a secret (`login` is what authenticated it)."""
    is_recent: Callable[[datetime], bool] | None = getattr(login, "is_recent", None)
    if is_recent is None or not is_recent(at):
        raise ReauthenticationRequiredError
