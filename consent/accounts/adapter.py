"""Where allauth asks how we do it."""

import smtplib
from typing import Any, cast

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent.accounts import backoff, words
from consent.actions import people
from consent.models import Person
from matching.network import client_network

log = structlog.get_logger(__name__)

# One sentence for all that can be wrong with a log-in, so that it tells nothing of who is known.
NO_MATCH = gettext_lazy(
    "These two don't go together. Look at both for a slip: the address or case number, and its password or secret."
)
WRONG_CODE = gettext_lazy("This code isn't right, or it was used before. Wait for the next one, or try another.")
SECRETS_IN_DOUBT = gettext_lazy(
    "After a fault on our side, what you had changed lately of your password or secret, your second step or your "
    "passkeys is as it was before. Change it again."
)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": NO_MATCH,
        "username_password_mismatch": NO_MATCH,
        "invalid_login": NO_MATCH,
        "incorrect_password": gettext_lazy("This isn't the password or secret of this account."),
        "enter_current_password": gettext_lazy("This isn't your current password or secret."),
        "incorrect_code": WRONG_CODE,
        "duplicate_email": gettext_lazy("This is your address already."),
        "rate_limited": gettext_lazy("Too many attempts. Wait a few minutes, then try again."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Wait a few minutes, then try again."),
    }

    # ----- coming in

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Counts each attempt, on an account that exists or not. Raises ValidationError that says how long to wait."""
        name = credentials.get("email") or credentials.get("username") or ""
        try:
            attempt = backoff.attempt(name.lower(), client_network(request))
        except backoff.LockedError as locked:
            raise ValidationError(words.waiting(locked.seconds), code="locked") from None
        person = authenticate(request, **credentials)
        if person is not None:
            attempt.succeeded()
        return person

    def login(self, request: HttpRequest, user: Any) -> None:
        doubt = people.secrets_in_doubt(user)
        super().login(request, user)
        if doubt:
            messages.warning(request, SECRETS_IN_DOUBT)

    def reauthenticate(self, user: Any, password: str) -> bool:
        name = {"username": user.username} if user.has_case_number else {"email": user.email}
        found = self.authenticate(self.request, password=password, **name)
        return found is not None and found.pk == user.pk

    def get_login_stages(self) -> list[str]:
        return [
            "consent.accounts.stages.EmailVerificationStage",
            "allauth.mfa.stages.AuthenticateStage",
        ]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def is_safe_url(self, url: str) -> bool:
        """Where a log-in may lead: an address of this site, written from its root."""
        return bool(url) and url.startswith("/") and super().is_safe_url(url)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """By passkey; a password of theirs is already refused as if it were wrong."""
        messages.error(request, NO_MATCH)
        return redirect("account_login")

    def respond_email_verification_sent(self, request: HttpRequest, user: Any) -> HttpResponse:
        return redirect("account_email_verification_sent")

    # ----- opening and changing an account

    def save_user(self, request: HttpRequest, user: Any, form: BaseForm, commit: bool = True) -> Person:
        data = form.cleaned_data
        return people.open_account(email=data["email"], password=data["password1"])

    def set_password(self, user: Any, password: str) -> None:
        people.change_secret(by=user, secret=password)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        person = cast("Person", email_address.user)
        if people.verify_email(by=person, address=email_address):
            messages.success(request, _("Your address is verified."))
            return True
        messages.error(request, _("This address can't be used for this account."))
        return False

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """An address that is not verified yet, and so is only wanted; the one to log in with stays."""
        return not email_address.verified

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url("account")

    # ----- mails: text only, and a subject that tells nothing

    def format_email_subject(self, subject: str) -> str:
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is no reason for a fault page, nor for an answer that differs."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as error:
            log.exception("mail not sent", template=template_prefix, error=type(error).__name__)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Where the same address signed up once more this very moment, that account took the place of this one, and its
        link goes out.
        """
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except Person.DoesNotExist:
            log.info("sign_up_was_replaced")

    # ----- who asks

    def get_client_ip(self, request: HttpRequest) -> str:
        """For allauth's limits. It never reaches its session list: see consent/accounts/sessions.py."""
        return client_network(request).partition("/")[0]

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages are pages; only the passkey module asks for data."""
        return request.method == "GET" and request.headers.get("Accept") == "application/json"

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Our own words for what allauth tells; what the page itself shows needs none."""
        said = message or MESSAGES.get(message_template or "", "")
        if said:
            messages.add_message(request, level, str(said), extra_tags=extra_tags)


MESSAGES = {
    "account/messages/logged_out.txt": gettext_lazy("You are logged out."),
    "account/messages/password_changed.txt": gettext_lazy("Changed. Every other session of yours has ended."),
    "mfa/messages/totp_activated.txt": gettext_lazy("Saved. Logging in now asks for a code as well."),
    "mfa/messages/totp_deactivated.txt": gettext_lazy("Saved. Logging in no longer asks for a code from the app."),
    "mfa/messages/recovery_codes_generated.txt": gettext_lazy(
        "These recovery codes are new. Earlier ones no longer work."
    ),
    "mfa/messages/webauthn_added.txt": gettext_lazy("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": gettext_lazy("The passkey is removed."),
    "usersessions/messages/sessions_logged_out.txt": gettext_lazy("Every other session has ended."),
}
