"""Settings that a slip of the hand could undo."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from config.environment import ROOT

NAMES = (
    "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME",
    "ACCOUNT_DEFAULT_HTTP_PROTOCOL", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN",
)  # fmt: skip


def settings_with(**environment: str) -> dict[str, Any]:
    code = f"import json; from config import settings; print(json.dumps([getattr(settings, n) for n in {NAMES}]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return dict(zip(NAMES, json.loads(done.stdout), strict=True))


def test_over_https_cookies_go_no_other_way() -> None:
    assert list(settings_with(SERVED_OVER_HTTPS="true").values()) == [
        True, True, "__Host-session", "__Host-csrf", "https", False,
    ]  # fmt: skip


def test_on_ones_own_machine_they_do() -> None:
    assert list(settings_with(SERVED_OVER_HTTPS="false").values()) == [False, False, "session", "csrf", "http", True]


def test_https_is_what_happens_when_nothing_is_said() -> None:
    from config.environment import Environment

    assert Environment.model_fields["served_over_https"].default is True


def test_what_must_hold() -> None:
    assert settings.SESSION_ENGINE == "consent.accounts.session_store"  # ended is ended: no cache brings it back
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert settings.ACCOUNT_PREVENT_ENUMERATION == "strict"
    assert settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"
    assert settings.AUTHENTICATION_BACKENDS == ["consent.accounts.backend.Backend"]
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert settings.PASSWORD_RESET_TIMEOUT == 3600


@pytest.mark.parametrize(
    "name", ["account_signup_by_passkey", "socialaccount_connections", "account_request_login_code"]
)
def test_what_is_not_used_has_no_address(name: str) -> None:
    from django.urls import NoReverseMatch, reverse

    with pytest.raises(NoReverseMatch):
        reverse(name)
