"""What people type on the pages of their account."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.models import User
from accounts.services import people, second_factor

LONGEST_CODE = 64  # a recovery code, with spaces


def password_field(label: StrOrPromise, *, autocomplete: str) -> forms.CharField:
    """Return a field for a password, taken as it is typed."""
    attributes = {"autocomplete": autocomplete}
    return forms.CharField(label=label, strip=False, widget=forms.PasswordInput(attrs=attributes))


class SignUpForm(allauth.SignupForm):
    """allauth's, which looks for the same e-mail among those who log in with one."""

    def validate_unique_email(self, value: str) -> str:
        if people.find_by_email(value):
            raise get_adapter().validation_error("email_taken")
        return value


class EmailForm(forms.Form):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )


class NewPasswordForm(forms.Form):
    """A password to come, good enough for this person."""

    password1 = password_field(gettext_lazy("New password"), autocomplete="new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password1(self) -> str:
        accepted: str = get_adapter().clean_password(self.cleaned_data["password1"], self.user)
        return accepted


class ChangePasswordForm(NewPasswordForm):
    """The password that counts, and the one to come."""

    password = password_field(gettext_lazy("Current password"), autocomplete="current-password")
    field_order = ("password", "password1")

    def clean_password(self) -> str:
        return must_be_own(self.user, self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if "password" in typed and typed["password"] == typed.get("password1"):
            self.add_error("password1", _("That is your password already."))  # somebody may know it
        return typed


class OwnPasswordForm(forms.Form):
    """The password of whoever is logged in, asked for before something that cannot be undone."""

    password = password_field(gettext_lazy("Your password"), autocomplete="current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        return must_be_own(self.user, self.cleaned_data["password"])


class CodeInput(forms.TextInput):
    """An input that is empty again when a code was refused: it must be typed anew anyway."""

    def format_value(self, value: Any) -> None:
        return None


def code_field() -> forms.CharField:
    """Return a field for a code, however it is written."""
    attributes = {
        "autocomplete": "one-time-code",
        "autocapitalize": "off",
        "autocorrect": "off",
        "spellcheck": "false",
    }
    return forms.CharField(
        label=gettext_lazy("Code"), max_length=LONGEST_CODE, widget=CodeInput(attributes)
    )


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = code_field()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class AppCodeForm(CodeForm):
    """The same, on phones with a keyboard of digits."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class AddSecondFactorForm(forms.Form):
    """The first code of an app, with the sealed secret that the app was given."""

    code = code_field()
    offer = forms.CharField(max_length=1_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class LogInAgainForm(allauth.ReauthenticateForm):
    """allauth's, which also asks for a code where the password alone is not enough."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if second_factor.is_on(self.user.pk):
            self.fields["code"] = code_field()


def must_be_own(user: User, password: str) -> str:
    """Return this person's password, by the limits and records of the log-in.

    :raises ValidationError: if it is not theirs, or after too many failures
    """
    adapter = get_adapter()
    if len(password) > 1_024 or not adapter.reauthenticate(user, password):
        raise ValidationError(adapter.error_messages["incorrect_password"])
    return password
