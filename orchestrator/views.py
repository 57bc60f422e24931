"""The doors of the conversation: /api/v1/sessions, /api/v1/submissions and the chat page."""

import math
import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_variables
from django.views.generic import TemplateView
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import accounts.views
from accounts.forms import must_be_own
from accounts.models import User
from audit.context import user_id_of
from audit.paging import page_of
from audit.strict import NothingInput
from credentials.serializers import CredentialInput, CredentialOutput
from credentials.views import CredentialsView, RecordedView, must_be_recent
from orchestrator import services
from orchestrator.errors import SOURCE_HEADER
from orchestrator.idempotency.door import DESCRIBED, repeatable
from orchestrator.models import RegistrationSubmission
from orchestrator.serializers import (
    ActionInput,
    LeaveInput,
    MessageInput,
    SessionDetailOutput,
    SessionPage,
    SubmissionOutput,
    SubmissionPage,
    TurnOutput,
)
from orchestrator.services import leaving, news
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Turn, session_view

VERSION = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})')
CURSOR = OpenApiParameter("cursor", str, description="`next` of the page before")
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="the session's version (its ETag)"
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="the session's version, for If-Match",
)


def _begun(turn: Turn) -> Response:
    """Return the first Turn of a new session."""
    location = f"/api/v1/sessions/{turn['session']['id']}"
    return _answer(turn, status.HTTP_201_CREATED, Location=location)


def _answer(turn: Turn, code: int | None = None, **headers: Any) -> Response:
    """Return a Turn; one whose registration nobody knows the outcome of is a 202."""
    unknown = turn["meta"]["code"] == "submission_outcome_unknown"
    code = code or (status.HTTP_202_ACCEPTED if unknown else status.HTTP_200_OK)
    headers["ETag"] = f'"{turn["session"]["version"]}"'
    if source := turn["meta"]["source"]:
        headers[SOURCE_HEADER] = source
    return Response(turn, status=code, headers=headers)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class ChatView(TemplateView):
    """The page to talk to, with the news of registrations above."""

    template_name = "chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            notices=news.notices(user_id=user_id_of(self.request)),
            tool_deadline=math.ceil(settings.MCP_TIMEOUT_SECONDS),
            shows_debug=settings.DEBUG or self.request.user.is_staff,
            **kwargs,
        )


class NoticedView(View):
    """Take note that a parent has read how a registration stands; the form says what they read."""

    def post(self, request: HttpRequest, submission_id: UUID) -> HttpResponse:
        status_read = request.POST.get("status")
        if not status_read:
            return HttpResponseBadRequest(_("Which status was read?"), content_type="text/plain")
        try:
            news.noticed(
                user_id=user_id_of(request),
                submission_id=submission_id,
                status=status_read,
                at=timezone.now(),
            )
        except RegistrationSubmission.DoesNotExist:
            raise Http404 from None
        return redirect("chat")


class SessionsView(APIView):
    """Begin a signup, or list one's own."""

    @extend_schema(operation_id="sessions_list", parameters=[CURSOR], responses=SessionPage)
    def get(self, request: Request) -> Response:
        own = services.own_sessions(user_id=user_id_of(request), at=timezone.now())
        page = page_of(own, request.query_params.get("cursor"))
        return Response({"results": [session_view(one) for one in page.rows], "next": page.next})

    @extend_schema(
        operation_id="sessions_begin",
        parameters=[ETAG, *DESCRIBED],
        request=None,
        responses={201: TurnOutput},
    )
    @repeatable(answer=_begun)
    def post(self, request: Request) -> Response:
        NothingInput(data=request.data).is_valid(raise_exception=True)
        return _begun(services.start(user_id=user_id_of(request), at=timezone.now()))


class SessionView(APIView):
    """Look at a signup, or delete it."""

    @extend_schema(operation_id="sessions_read", parameters=[ETAG], responses=SessionDetailOutput)
    def get(self, request: Request, session_id: UUID) -> Response:
        session, turn = services.read(
            user_id=user_id_of(request), session_id=session_id, at=timezone.now()
        )
        shown = turn["session"] if turn else session_view(session)
        body = {**shown, "last_turn": turn}
        return Response(body, headers={"ETag": f'"{shown["version"]}"'})

    @extend_schema(operation_id="sessions_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        services.delete_session(
            user_id=user_id_of(request),
            session_id=session_id,
            if_match=_if_match(request),
            at=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class MessagesView(APIView):
    """Say something."""

    @extend_schema(
        operation_id="sessions_message",
        parameters=[IF_MATCH, ETAG, *DESCRIBED],
        request=MessageInput,
        responses=TurnOutput,
    )
    @repeatable(answer=_answer)
    def post(self, request: Request, session_id: UUID) -> Response:
        said = MessageInput(data=request.data)
        said.is_valid(raise_exception=True)
        turn = services.take_message(
            user_id=user_id_of(request),
            session_id=session_id,
            text=said.validated_data["message"],
            coords=said.validated_data["location"],
            if_match=_if_match(request),
            at=timezone.now(),
        )
        return _answer(turn)


class ActionsView(APIView):
    """Press a button."""

    @extend_schema(
        operation_id="sessions_action",
        parameters=[IF_MATCH, ETAG, *DESCRIBED],
        request=ActionInput,
        responses={200: TurnOutput, 202: TurnOutput},
    )
    @repeatable(answer=_answer)
    def post(self, request: Request, session_id: UUID) -> Response:
        pressed = ActionInput(data=request.data)
        pressed.is_valid(raise_exception=True)
        turn = services.take_action(
            user_id=user_id_of(request),
            session_id=session_id,
            action=pressed.validated_data["action"],
            payload=pressed.validated_data["payload"],
            if_match=_if_match(request),
            at=timezone.now(),
        )
        return _answer(turn)


class LoginsView(CredentialsView):
    """Save a login so that the request may be repeated, or list one's own."""

    @extend_schema(
        operation_id="credentials_save",
        parameters=DESCRIBED,
        request=CredentialInput,
        responses={201: CredentialOutput, 200: CredentialOutput},
    )
    @repeatable(in_one_commit=True)
    def post(self, request: Request) -> Response:
        return super().post(request)


class MeView(accounts.views.MeView, RecordedView):
    """Tell who is logged in, or delete their account."""

    @extend_schema(operation_id="me_delete", request=LeaveInput, responses={204: None})
    @method_decorator(sensitive_variables())
    def delete(self, request: Request) -> Response:
        at = timezone.now()
        must_be_recent(request.auth, at)
        given = LeaveInput(data=request.data)
        given.is_valid(raise_exception=True)
        user = User.objects.get(pk=user_id_of(request))
        if user.is_local:
            try:
                must_be_own(user, given.validated_data.get("password", ""))
            except DjangoValidationError as error:
                raise ValidationError({"password": error.messages}) from None
        leaving.delete_account(user_id=user.pk, at=at)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SubmissionsView(APIView):
    """List one's own registrations."""

    @extend_schema(operation_id="submissions_list", parameters=[CURSOR], responses=SubmissionPage)
    def get(self, request: Request) -> Response:
        own = RegistrationSubmission.objects.for_user(user_id_of(request))
        page = page_of(own, request.query_params.get("cursor"))
        rows = SubmissionOutput(page.rows, many=True).data
        return Response({"results": rows, "next": page.next})


class SubmissionView(APIView):
    """Look at one registration."""

    @extend_schema(operation_id="submissions_read", responses=SubmissionOutput)
    def get(self, request: Request, submission_id: UUID) -> Response:
        found = services.submission(
            user_id=user_id_of(request), submission_id=submission_id, at=timezone.now()
        )
        return Response(SubmissionOutput(found).data)


@extend_schema(exclude=True)
class NothingHereView(APIView):
    """Answer what no other path below /api/ takes, with DEBUG on as well: in JSON, as a problem."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound


def _if_match(request: Request) -> int | None:
    """Return the version that the caller expects, or None where they expect none.

    A proxy that compresses turns `"3"` into `W/"3"`: both are taken, and the bare number.
    """
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    match = VERSION.fullmatch(given)
    if match is None:
        raise RefusedError(
            "invalid_request", errors={"If-Match": ['A session\'s version, like "3".']}
        )
    return int(match[1] or match[2])
