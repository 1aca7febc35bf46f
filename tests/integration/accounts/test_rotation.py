"""People when Django's key, or that of second steps, has changed: they stay in, and what they were sent is good."""

from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings as standing
from django.core import mail
from django.urls import reverse

from consent.accounts import mfa
from consent.accounts.mfa import UnreadableSecretError
from tests.integration.accounts.browser import Browser, Case, hidden, text
from tests.integration.accounts.test_email import PASSWORD, an_account, an_address, confirm, sign_up, the_link


@pytest.fixture
def rotate(settings: Any) -> Any:
    def rotate(*, keep: bool = True) -> None:
        before = settings.SECRET_KEY
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [before] if keep else []

    return rotate


def test_who_is_logged_in_stays_so_on_every_device(browser: Browser, alice: Case, rotate: Any) -> None:
    other = Browser()
    other.log_in(alice.number, alice.secret)
    rotate()
    assert "You are logged in in 2 places" in text(browser.open("account"))
    assert other.is_in()
    browser.send("usersessions_list")
    assert (browser.is_in(), other.is_in()) == (True, False)


def test_without_the_old_key_every_session_ends(browser: Browser, alice: Case, rotate: Any) -> None:
    rotate(keep=False)
    assert not browser.is_in()


def test_links_in_mails_and_a_sheet_that_is_shown_are_still_good(browser: Browser, rotate: Any) -> None:
    address, other = an_account(browser), an_address()
    waiting, case = Browser(), Browser()
    sign_up(waiting, other)
    verification = the_link()
    Browser().send("account_reset_password", email=address)
    reset, sheet = the_link(), case.see_sheet()
    rotate()
    assert case.keep(sheet)["Location"] == reverse("photos")
    confirm(waiting, verification)
    assert Browser().log_in(other, PASSWORD)["Location"] == reverse("photos")
    helper = Browser()
    page = helper.get(reset, follow=True)
    form, new = page.redirect_chain[-1][0], "eight loud herons"  # type: ignore[attr-defined]
    answer = helper.post(form, hidden(page) | {"password1": new, "password2": new})
    assert answer["Location"] == reverse("account_reset_password_from_key_done")
    assert len(mail.outbox) == 3


def test_a_second_step_is_sealed_anew_and_then_needs_no_old_key(alice: Case, browser: Browser, settings: Any) -> None:
    sealed = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    person = browser.person()
    totp = Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": sealed})
    passkey = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    settings.FINGERPRINT_KEYS = {"new": b"n" * 32, **standing.FINGERPRINT_KEYS}
    assert sum(done for done, _ in mfa.reseal_second_steps()) >= 1
    assert list(mfa.reseal_second_steps()) == []
    settings.FINGERPRINT_KEYS = {"new": b"n" * 32}
    totp.refresh_from_db()
    passkey.refresh_from_db()
    assert get_adapter().decrypt(totp.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert passkey.data == {"name": "Phone"}
    settings.FINGERPRINT_KEYS = {"newer": b"o" * 32}
    [[done, faults]] = [each for each in mfa.reseal_second_steps() if str(totp.pk) in str(each)]
    assert (done, faults) == (0, [f"Authenticator {totp.pk}: no key 'new' in FINGERPRINT_KEYS"])
    with pytest.raises(UnreadableSecretError):
        get_adapter().decrypt(totp.data["secret"])
