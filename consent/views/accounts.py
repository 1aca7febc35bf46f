"""The pages of an account that are ours: the start, a case, its sheet, a new secret. The others are allauth's."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import email as change_email
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from consent.accounts import limits, sheet
from consent.accounts.forms import DAY_FULL, KeptForm
from consent.accounts.mfa import name_of
from consent.accounts.reauthentication import reauthenticated
from consent.actions import people
from consent.models import Person
from consent.views.sent import person_of, sent_from
from matching.network import client_address

UNPROCESSABLE = 422
TOO_MANY = 429


@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """By e-mail, or with nothing at all."""
    return (
        redirect(settings.LOGIN_REDIRECT_URL)
        if request.user.is_authenticated
        else render(request, "account/start.html")
    )


@login_required
@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    second_steps = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    context = {
        "person": person,
        "app": Authenticator.Type.TOTP in second_steps,
        "passkeys": Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).count(),
        "sessions": len(UserSession.objects.purge_and_list(person)),
    }
    return render(request, "account/home.html", context)


# ---------- A case: made, shown once, opened when it is kept


def sheet_page(request: HttpRequest, form: KeptForm, action: str, status: int = 200) -> HttpResponse:
    """The one page that ever shows a secret; no cache keeps it."""
    context = {
        "form": form,
        "sheet": form.sheet,
        "action": action,
        "opening": action == "account_case_open",
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    answer = render(request, "account/sheet.html", context, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer


def stale(request: HttpRequest, again: str) -> HttpResponse:
    messages.warning(
        request, _("That sheet is no longer good: more than an hour has passed. Nothing was saved; start again here.")
    )
    return redirect(again)


def in_already(request: HttpRequest, number: str = "") -> HttpResponse:
    """Nobody may take a sheet for theirs that opened nothing, because another account was open in this browser."""
    person = person_of(request)
    if number and person.username == number:  # the same form a second time
        return redirect(settings.LOGIN_REDIRECT_URL)
    said = _(
        "You are logged in already, to the account %(account)s. No other was opened: a sheet with another number opens"
        " nothing."
    )
    messages.warning(request, said % {"account": name_of(person)})
    return redirect("account")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def case(request: HttpRequest) -> HttpResponse:
    """Explains; a POST makes a number and a secret and shows them. Nothing is saved yet, however often it is sent."""
    if request.user.is_authenticated:
        return in_already(request)
    if request.method != "POST":
        return render(request, "account/case.html")
    if not limits.may_open_account(request):
        messages.error(request, DAY_FULL)
        return render(request, "account/case.html", status=TOO_MANY)
    return sheet_page(request, KeptForm(sheet=sheet.new_case()), "account_case_open")


@sent_from("account_case")
@never_cache
@sensitive_post_parameters("secret", "last", "seal")
def open_case(request: HttpRequest) -> HttpResponse:
    """The sheet is kept: the account comes to be, and its person is in. The same sheet again is the same account."""
    try:
        shown = sheet.returned(request.POST.get("seal", ""), request.POST.get("secret", ""), "open")
    except sheet.StaleSheetError:
        return in_already(request) if request.user.is_authenticated else stale(request, "account_case")
    if request.user.is_authenticated:
        return in_already(request, shown.number)
    form = KeptForm(request.POST, sheet=shown)
    if not form.is_valid():
        return sheet_page(request, form, "account_case_open", UNPROCESSABLE)
    if Person.objects.of_case_number(shown.number) is None and limits.accounts_over_cap(request):
        messages.error(request, DAY_FULL)
        return render(request, "account/case.html", status=TOO_MANY)
    try:
        person = people.open_case(number=shown.number, secret=shown.secret)
    except people.CaseTakenError:
        return stale(request, "account_case")
    record_authentication(request, person, method="password", username=person.username)
    answer: HttpResponse = perform_login(request, Login(user=person, signup=True))
    return answer


# ---------- A new address


@login_required
def email(request: HttpRequest) -> HttpResponse:
    """allauth's page, for who came in by e-mail; a case number neither needs nor has an address."""
    if person_of(request).has_case_number:
        return redirect("account")
    answer: HttpResponse = change_email(request)
    return answer


# ---------- A new secret


@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def secret(request: HttpRequest) -> HttpResponse:
    """Explains; a POST makes a new secret and shows it. The old one holds until the new one is kept."""
    person = person_of(request)
    if not person.has_case_number:
        return redirect("account_change_password")
    if request.method != "POST":
        return render(request, "account/secret.html")
    return sheet_page(request, KeptForm(sheet=sheet.new_secret_for(person.username or "")), "account_secret_change")


@login_required
@sent_from("account_secret")
@never_cache
@sensitive_post_parameters("secret", "last", "seal")
def change_secret(request: HttpRequest) -> HttpResponse:
    """No second question who it is: the sheet was shown to who had answered it, at most an hour ago."""
    person = person_of(request)
    try:
        purpose = f"secret:{person.username}"
        shown = sheet.returned(request.POST.get("seal", ""), request.POST.get("secret", ""), purpose)
    except sheet.StaleSheetError:
        return stale(request, "account_secret")
    form = KeptForm(request.POST, sheet=shown)
    if not form.is_valid():
        return sheet_page(request, form, "account_secret_change", UNPROCESSABLE)
    if not person.check_password(shown.secret):
        people.change_secret(by=person, secret=shown.secret)
        update_session_auth_hash(request, person)
        UserSession.objects.create_from_request(request)
    messages.success(request, _("Your new secret holds. Every other session of yours has ended."))
    return redirect("account")


def mail_folder(request: HttpRequest) -> dict[str, str]:
    """Context processor: where mails lie when they are written to files, told only to who sits at this machine."""
    local = client_address(request) in {"127.0.0.1", "::1"}
    return {"mail_folder": settings.MAIL_FOLDER} if local and settings.MAIL_FOLDER else {}
