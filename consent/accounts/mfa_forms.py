"""The forms of the second step in our words, with waits after wrong codes, and proof against nonsense."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from consent.accounts import backoff, codes, words
from consent.accounts.forms import one_time_code
from matching.network import client_network

LONGEST_NAME = 100


class CodeMixin(forms.Form):
    """Six digits can be guessed: each try counts against the account, as a password does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = one_time_code(
            _("Code"), help_text=_("Six digits from your app, or one of your recovery codes.")
        )

    def clean_code(self) -> str:
        try:
            attempt = backoff.attempt(f"second step:{self.user.pk}", client_network(context.request))  # type: ignore[attr-defined]
        except backoff.LockedError as locked:
            raise ValidationError(words.waiting(locked.seconds), code="locked") from None
        code = str(super().clean_code())  # type: ignore[misc]
        attempt.succeeded()
        return code


class AuthenticateForm(CodeMixin, base.AuthenticateForm):
    pass


class ReauthenticateForm(CodeMixin, base.ReauthenticateForm):
    pass


class ActivateTOTPForm(totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = one_time_code(_("The six digits that the app shows"))

    @property
    def secret_shown(self) -> str:
        """For who types it rather than scans it; apps pass over spaces."""
        return codes.grouped(self.secret).replace("-", " ")


class Credential(forms.JSONField):
    """Made by a browser, never shown to anyone again."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None


class CredentialMixin(forms.Form):
    """What a browser's passkey answered. Anyone may post anything there: whatever can't be read is a wrong code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = Credential()

    def _clean_fields(self) -> None:
        try:
            super()._clean_fields()  # type: ignore[misc]
        except (AttributeError, KeyError, TypeError, ValueError):
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))

    def _clean_form(self) -> None:
        try:
            super()._clean_form()  # type: ignore[misc]
        except (AttributeError, KeyError, TypeError, ValueError):
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))


class AddWebAuthnForm(CredentialMixin, webauthn.AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=_("A name for it"),
            help_text=_("For example the device it is kept on."),
            max_length=LONGEST_NAME,
            required=False,
        )
        self.fields["passwordless"] = forms.BooleanField(
            label=_("Log in with it alone, without a password or secret"), required=False, initial=True
        )
        self.order_fields(["name", "passwordless", "credential"])


class AuthenticateWebAuthnForm(CredentialMixin, webauthn.AuthenticateWebAuthnForm):
    pass


class LoginWebAuthnForm(CredentialMixin, webauthn.LoginWebAuthnForm):
    pass


class ReauthenticateWebAuthnForm(CredentialMixin, webauthn.ReauthenticateWebAuthnForm):
    pass


class EditWebAuthnForm(webauthn.EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label=_("A name for it"), max_length=LONGEST_NAME)
