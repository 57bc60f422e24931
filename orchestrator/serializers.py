"""The shape of what crosses the API of the conversation."""

from typing import Any

from rest_framework import serializers

from audit.strict import StrictSerializer
from orchestrator.models import RegistrationSubmission
from orchestrator.submissions.words import words_for

# --- In ------------------------------------------------------------------------------------------


class LocationInput(StrictSerializer):
    """Where the parent is, in degrees (WGS 84)."""

    lat = serializers.FloatField(min_value=-90, max_value=90)
    lng = serializers.FloatField(min_value=-180, max_value=180)


class MessageInput(StrictSerializer):
    """What a parent types."""

    message = serializers.CharField(max_length=2_000)
    location = LocationInput(required=False, allow_null=True, default=None)


class ActionInput(StrictSerializer):
    """The button a parent pressed, with its payload unchanged."""

    action = serializers.CharField(max_length=64)
    payload = serializers.DictField(required=False, default=dict)


# --- Out: documentation of what the services build -----------------------------------------------
# Some fields are called as the framework's own attributes are (label, source): fields win.
# mypy: disable-error-code="assignment"


class ButtonOutput(serializers.Serializer[Any]):
    """What can be pressed."""

    label = serializers.CharField()
    action = serializers.CharField()
    payload = serializers.DictField()
    variant = serializers.CharField()


class CardOutput(serializers.Serializer[Any]):
    """One thing to look at, with its buttons."""

    title = serializers.CharField()
    subtitle = serializers.CharField()
    description = serializers.CharField()
    metadata = serializers.DictField()
    buttons = ButtonOutput(many=True)


class OptionOutput(serializers.Serializer[Any]):
    """One choice of a field."""

    value = serializers.CharField()
    label = serializers.CharField()


class FormFieldOutput(serializers.Serializer[Any]):
    """One question of the form; `value` holds an earlier answer where the form is edited."""

    name = serializers.CharField()
    label = serializers.CharField()
    type = serializers.CharField()
    required = serializers.BooleanField()
    options = OptionOutput(many=True)
    help = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    value = serializers.JSONField(required=False)


class SessionOutput(serializers.Serializer[Any]):
    """A signup session as every Turn shows it."""

    id = serializers.UUIDField()
    step = serializers.CharField()
    status = serializers.CharField()
    version = serializers.IntegerField()
    provider = serializers.CharField(allow_null=True)
    org_ref = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class MetaOutput(serializers.Serializer[Any]):
    """Where a turn's data came from, and what else to know of it."""

    source = serializers.CharField(allow_null=True)
    degraded = serializers.BooleanField()
    fallback_reason = serializers.CharField(allow_null=True)
    llm = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    status_url = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)


class TurnOutput(serializers.Serializer[Any]):
    """The answer to a message or an action."""

    session = SessionOutput()
    message = serializers.CharField()
    cards = CardOutput(many=True)
    cta = ButtonOutput(many=True)
    form = FormFieldOutput(many=True, allow_null=True)
    meta = MetaOutput()


class SessionDetailOutput(SessionOutput):
    """A session with its newest answer, so that a reloaded page shows the pending step."""

    last_turn = TurnOutput(allow_null=True)


class SessionPage(serializers.Serializer[Any]):
    """A page of one's own sessions, newest first."""

    results = SessionOutput(many=True)
    next = serializers.CharField(allow_null=True)


class SubmissionOutput(serializers.ModelSerializer[RegistrationSubmission]):
    """A registration as its parent sees it."""

    confirmation_ref = serializers.SerializerMethodField()
    message = serializers.SerializerMethodField()

    class Meta:
        model = RegistrationSubmission
        fields = (
            "id",
            "status",
            "session_id",
            "provider",
            "org_ref",
            "program_ref",
            "confirmation_ref",
            "message",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    def get_confirmation_ref(self, submission: RegistrationSubmission) -> str | None:
        return submission.confirmation_ref or None

    def get_message(self, submission: RegistrationSubmission) -> str:
        return words_for(submission)


class SubmissionPage(serializers.Serializer[Any]):
    """A page of one's own registrations, newest first."""

    results = SubmissionOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ProblemOutput(serializers.Serializer[Any]):
    """How every request that cannot be done is answered (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    retryable = serializers.BooleanField()
    cta = ButtonOutput(many=True)
    redirect = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)
    turn = TurnOutput(required=False)
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    status_url = serializers.CharField(required=False)
    retry_at = serializers.DateTimeField(required=False)


class LeaveInput(StrictSerializer):
    """What somebody who deletes their account proves: their password, if they have one here."""

    password = serializers.CharField(
        max_length=1_024, required=False, trim_whitespace=False, write_only=True
    )
