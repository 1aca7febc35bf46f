"""The forms of allauth's pages in our words. Each states its limits; what a password is, is never shown again."""

from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.account.internal import flows
from allauth.core import context
from django import forms
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from consent.accounts import codes, limits
from consent.accounts.addresses import AddressField, address
from consent.accounts.sheet import Sheet
from consent.actions import people
from consent.models import Person

LONGEST_PASSWORD = 1024
LONGEST_NAME = 320
SAME_CLICK = 20  # seconds within which the same form from the same browser is one click too many

PLAIN = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}
CHOOSE = _("At least 10 characters, and nothing that others would guess. Several words in a row are good.")
AGAIN = _("These two are not the same. Type the new one again, in both fields.")
DAY_FULL = _(
    "Several accounts were opened from here today, so no more can be opened until tomorrow. If you have one, log in."
)


def password(label: Any, purpose: str, **more: Any) -> forms.CharField:
    """A password is taken to the letter; the hint is ours, not a list of rules."""
    widget = forms.PasswordInput(attrs={"autocomplete": purpose} | PLAIN)
    return forms.CharField(label=label, widget=widget, max_length=LONGEST_PASSWORD, strip=False, **more)


def email(label: Any, purpose: str = "email") -> AddressField:
    return AddressField(
        label=label, max_length=LONGEST_NAME, widget=forms.EmailInput(attrs={"autocomplete": purpose} | PLAIN)
    )


def one_time_code(label: Any, **more: Any) -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric"} | PLAIN
    return forms.CharField(label=label, max_length=64, widget=forms.TextInput(attrs=attributes), **more)


class LoginForm(account.LoginForm):
    """One form for everyone: an e-mail address or a case number, a password or a secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = forms.TextInput(attrs={"autocomplete": "username webauthn"} | PLAIN)
        self.fields["login"] = forms.CharField(
            label=_("E-mail address or case number"), max_length=LONGEST_NAME, widget=names
        )
        self.fields["password"] = password(_("Password or secret"), "current-password")
        self.order_fields(["login", "password"])

    def clean_login(self) -> str:
        """A slip in a case number is said at once, without a look at who is known: its check characters show it."""
        login = str(self.cleaned_data["login"]).strip()
        if "@" in login:
            return address(login)
        try:
            return codes.case_number(login)
        except codes.MistypedError:
            raise ValidationError(
                _("A character of this case number is wrong, or two are swapped. Compare it with your sheet.")
            ) from None
        except codes.NotACaseNumberError:
            raise ValidationError(
                _("This is neither an e-mail address nor a case number, which has 28 letters and digits.")
            ) from None

    def user_credentials(self) -> dict[str, str]:
        login = self.cleaned_data["login"]
        return {"email" if "@" in login else "username": login, "password": self.cleaned_data["password"]}


class SignupForm(account.SignupForm):
    """By e-mail. Known and unknown addresses get the same answer, after the same work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = email(_("E-mail address"), "username")
        self.fields["password1"] = password(_("Password"), "new-password", help_text=CHOOSE)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not self.errors and not limits.may_open_account(context.request):
            raise ValidationError(DAY_FULL, code="limit")
        return cleaned

    def validate_unique_email(self, value: str) -> str:
        """An account that nobody ever verified nor entered is no claim on an address: a new one takes its place."""
        person = Person.objects.of_email(value)
        unclaimed = person is None or people.is_unclaimed(person)
        self.account_already_exists = not unclaimed
        return value

    def try_save(self, request: Any) -> tuple[Person | None, HttpResponse | None]:
        address = self.cleaned_data["email"]
        sent = get_adapter(request).respond_email_verification_sent(request, None)
        if not cache.add(self._click(address), True, timeout=SAME_CLICK):
            return None, sent
        limits.accounts_over_cap(request)
        if not self.account_already_exists:
            try:
                people.forget_unverified(email=address)
                return self.save(request), None
            except IntegrityError:  # someone else, at this very moment
                pass
        Person().set_password(self.cleaned_data["password1"])  # takes as long as opening one
        return None, flows.signup.prevent_enumeration(request, email=address)

    def _click(self, address: str) -> str:
        both = f"{address}|{self.cleaned_data['password1']}"
        return f"signup:{salted_hmac('consent.accounts.signup', both, algorithm='sha256').hexdigest()[:40]}"


class ReauthenticateForm(account.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = _("Your secret") if self.user.has_case_number else _("Your password")
        self.fields["password"] = password(label, "current-password")


class TwiceMixin(forms.Form):
    """A new password, typed twice."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second and "password2" not in self.errors:
            self.add_error("password2", AGAIN)
        return cleaned

    def clean_password1(self) -> str:
        chosen = str(self.cleaned_data["password1"])
        password_validation.validate_password(chosen, getattr(self, "user", None))
        return chosen


class ChangePasswordForm(TwiceMixin, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.user is not None and self.user.has_case_number
        old, new = (
            (_("Your current secret"), _("The secret you choose"))
            if case
            else (
                _("Your current password"),
                _("New password"),
            )
        )
        self.fields["oldpassword"] = password(old, "current-password")
        self.fields["password1"] = password(new, "new-password", help_text=CHOOSE)
        self.fields["password2"] = password(_("The same once more"), "new-password")

    def clean_oldpassword(self) -> str:
        """Counted like a log-in: whoever sits at an open session may not guess without end."""
        typed = str(self.cleaned_data["oldpassword"])
        if not get_adapter(context.request).reauthenticate(self.user, typed):
            raise get_adapter().validation_error("enter_current_password")
        return typed


class ResetPasswordForm(account.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = email(_("E-mail address"), "username")


class ResetPasswordKeyForm(TwiceMixin, account.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = password(_("New password"), "new-password", help_text=CHOOSE)
        self.fields["password2"] = password(_("The same once more"), "new-password")


class AddEmailForm(account.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = email(_("New e-mail address"))


class KeptForm(forms.Form):
    """The sheet comes back: someone has kept it, or at least its end."""

    seal = forms.CharField(widget=forms.HiddenInput, max_length=1000)
    secret = forms.CharField(widget=forms.HiddenInput, max_length=64)
    last = forms.CharField(
        label=_("The last five characters of your secret"),
        help_text=_("Read them from your copy, not from this page: so you know that you have them."),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off"} | PLAIN),
    )

    def __init__(self, data: Any = None, *, sheet: Sheet) -> None:
        self.sheet = sheet
        super().__init__(data, initial={"seal": sheet.seal, "secret": sheet.secret})

    def clean_last(self) -> str:
        typed = str(self.cleaned_data["last"])
        if not self.sheet.is_last_group(typed):
            raise ValidationError(
                _("This is not how the secret ends. Look at your copy: the secret is the second line.")
            )
        return typed
