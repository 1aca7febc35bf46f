"""A second step for a case number: an app's codes, recovery codes, passkeys."""

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.urls import reverse

from consent.accounts.mfa import MfaAdapter, UnreadableSecretError
from consent.models import AuditEvent
from tests.integration.accounts.browser import EMOJI, Browser, Case, hidden, text


def code(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def turn_on(browser: Browser, case: Case) -> str:
    """The app's secret."""
    browser.prove(case.secret)
    page = browser.open("mfa_activate_totp")
    [secret] = re.findall(r'id="totp-key"[^>]*>([A-Z2-7 ]+)<', page.content.decode())
    secret = secret.replace(" ", "")
    token = hidden(page)["csrfmiddlewaretoken"]
    answer = browser.post(reverse("mfa_activate_totp"), {"csrfmiddlewaretoken": token, "code": code(secret, -1)})
    assert answer["Location"] == reverse("mfa_view_recovery_codes"), text(answer)
    return str(secret)


def half_in(case: Case) -> Browser:
    browser = Browser()
    assert browser.log_in(case.number, case.secret)["Location"] == reverse("mfa_authenticate")
    assert not browser.is_in()
    return browser


def test_logging_in_then_asks_for_a_code(browser: Browser, alice: Case) -> None:
    secret = turn_on(browser, alice)
    later = half_in(alice)
    assert "This code isn't right" in text(later.send("mfa_authenticate", code="000000"))
    used = code(secret)
    assert later.send("mfa_authenticate", code=used)["Location"] == reverse("photos")
    assert later.is_in()
    assert half_in(alice).send("mfa_authenticate", code=used).status_code == 200  # each is good once
    assert mail.outbox == []


def test_its_secret_is_sealed_at_rest_and_tells_nothing_in_the_app(browser: Browser, alice: Case) -> None:
    secret = turn_on(browser, alice)
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    with pytest.raises(UnreadableSecretError):
        MfaAdapter().decrypt("nokey:AAAA")
    assert MfaAdapter().get_totp_label(browser.person()) == f"…{alice.number[-4:]}"


def test_it_leaves_a_trace_that_names_nobody(browser: Browser, alice: Case) -> None:
    turn_on(browser, alice)
    browser.send("mfa_deactivate_totp")
    kinds = AuditEvent.objects.filter(by=browser.person().id, action="person.second_step_removed")
    assert {event.facts["kind"] for event in kinds} == {"totp", "recovery_codes"}


def test_a_recovery_code_lets_in_once(browser: Browser, alice: Case) -> None:
    turn_on(browser, alice)
    codes = re.findall(r'keep-code"[^>]*>(\d{8})<', browser.open("mfa_view_recovery_codes").content.decode())
    assert len(codes) == 10
    assert half_in(alice).send("mfa_authenticate", code=codes[0])["Location"] == reverse("photos")
    assert half_in(alice).send("mfa_authenticate", code=codes[0]).status_code == 200


def test_codes_are_not_guessed(browser: Browser, alice: Case) -> None:
    secret = turn_on(browser, alice)
    guesser = half_in(alice)
    for _ in range(5):
        assert "This code isn't right" in text(guesser.send("mfa_authenticate", code="000000"))
    answer = guesser.send("mfa_authenticate", code=code(secret))
    assert "try again in" in text(answer)
    assert not guesser.is_in()


@pytest.mark.parametrize("typed", ["", "🫠" * 6, EMOJI, "\x00", "12345678901234567890"])
def test_any_nonsense_is_a_wrong_code(browser: Browser, alice: Case, typed: str) -> None:
    turn_on(browser, alice)
    assert half_in(alice).send("mfa_authenticate", code=typed).status_code == 200


def test_it_is_turned_off_after_proof(browser: Browser, alice: Case) -> None:
    turn_on(browser, alice)
    browser.send("mfa_deactivate_totp")
    assert Authenticator.objects.count() == 0
    assert Browser().log_in(alice.number, alice.secret)["Location"] == reverse("photos")


def test_the_second_step_is_nobody_elses_business(browser: Browser, alice: Case) -> None:
    turn_on(browser, alice)
    charlie = Browser()
    charlie.prove(charlie.open_case().secret)
    theirs = Authenticator.objects.get(user=browser.person(), type="totp").pk
    for page in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
        assert charlie.open(page, theirs).status_code == 404
    assert charlie.open("mfa_view_recovery_codes").status_code == 404
    assert charlie.open("mfa_deactivate_totp").status_code == 404


NONSENSE = ["", "x", "[]", "{}", '"x"', "null", "7", '{"response": "x"}', '{"response": {"userHandle": 7}}', EMOJI]
NONSENSE += ['{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}', "[" * 5000, '{"response": []}']


@pytest.mark.parametrize("credential", NONSENSE)
def test_a_passkey_that_is_none(credential: str) -> None:
    browser = Browser()
    options = browser.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert options.json()["request_options"]["publicKey"]["challenge"]
    answer = browser.send("mfa_login_webauthn", page="account_login", credential=credential)
    assert answer["Location"] == reverse("account_login")
    assert not browser.is_in()


@pytest.mark.parametrize("credential", NONSENSE)
def test_adding_a_passkey_that_is_none(browser: Browser, alice: Case, credential: str) -> None:
    browser.prove(alice.secret)
    answer = browser.send("mfa_add_webauthn", credential=credential, name=EMOJI[:50], passwordless="on")
    assert answer.status_code == 200
    assert Authenticator.objects.count() == 0
