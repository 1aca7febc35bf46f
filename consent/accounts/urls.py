"""The addresses of accounts: ours, and those of allauth's that we use."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as sessions
from django.urls import path, re_path

from consent.views import accounts

urlpatterns = [
    path("account", accounts.home, name="account"),
    path("account/start", accounts.start, name="account_start"),
    path("account/case", accounts.case, name="account_case"),
    path("account/case/open", accounts.open_case, name="account_case_open"),
    path("account/secret", accounts.secret, name="account_secret"),
    path("account/secret/change", accounts.change_secret, name="account_secret_change"),
    # In and out
    path("account/login", account.login, name="account_login"),
    path("account/login/code", mfa.authenticate, name="mfa_authenticate"),
    path("account/login/passkey", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("account/logout", account.logout, name="account_logout"),
    path("account/again", account.reauthenticate, name="account_reauthenticate"),
    path("account/again/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/again/passkey", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    # By e-mail
    path("account/signup", account.signup, name="account_signup"),
    path("account/sent", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^account/confirm/(?P<key>[-:\w]+)$", account.confirm_email, name="account_confirm_email"),
    path("account/email", accounts.email, name="account_email"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/reset", account.password_reset, name="account_reset_password"),
    path("account/reset/sent", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/reset/done", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    # Second step, passkeys, sessions
    path("account/protection", mfa.index, name="mfa_index"),
    path("account/protection/app", totp.activate_totp, name="mfa_activate_totp"),
    path("account/protection/app/off", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/protection/codes", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/protection/codes/new", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/protection/passkeys", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/protection/passkeys/add", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("account/protection/passkeys/<int:pk>/remove", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/protection/passkeys/<int:pk>/name", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/sessions", sessions.list_usersessions, name="usersessions_list"),
]
