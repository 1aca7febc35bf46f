"""An account by e-mail: opened, verified, its password forgotten, its address changed."""

import re
import secrets
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse
from django.utils import translation

from consent.accounts.passwords import OwnWordsValidator
from consent.models import Person
from tests.integration.accounts.browser import Browser, hidden, text

PASSWORD = "seven quiet herons"


def an_address() -> str:
    return f"{secrets.token_hex(6)}@example.org"


def the_link() -> str:
    [address] = re.findall(r"http://localhost(\S+)", str(mail.outbox[-1].body))
    return str(address)


def sign_up(browser: Browser, address: str, password: str = PASSWORD) -> None:
    answer = browser.send("account_signup", email=address, password1=password)
    assert answer["Location"] == reverse("account_email_verification_sent"), text(answer)


def confirm(browser: Browser, link: str = "") -> None:
    page = browser.get(link or the_link())
    browser.post(link or the_link(), hidden(page))


def an_account(browser: Browser, address: str = "") -> str:
    address = address or an_address()
    sign_up(browser, address)
    confirm(browser)
    assert browser.is_in()
    return address


def test_an_address_is_verified_before_anyone_is_in(browser: Browser) -> None:
    address = an_address()
    sign_up(browser, address)
    assert not browser.is_in()
    answer = browser.log_in(address, PASSWORD)
    assert answer["Location"] == reverse("account_email_verification_sent")
    confirm(browser)
    assert browser.is_in()
    assert browser.person().email == address
    assert browser.person().username is None
    assert browser.person().assurance == 1


def test_the_link_opened_elsewhere_verifies_and_lets_nobody_in(browser: Browser) -> None:
    address = an_address()
    sign_up(browser, address)
    other = Browser()
    assert "Is this your address?" in text(other.get(the_link()))
    confirm(other)
    assert not other.is_in()
    assert Browser().log_in(address.upper(), PASSWORD)["Location"] == reverse("photos")


def test_opening_the_link_alone_changes_nothing(browser: Browser) -> None:
    """Mail scanners open links."""
    address = an_address()
    sign_up(browser, address)
    Browser().get(the_link())
    assert not EmailAddress.objects.get(email=address).verified


@pytest.mark.parametrize("language", ["en", "fr"])
def test_mails_tell_nothing_but_where_to_click(language: str) -> None:
    browser = Browser()
    browser.cookies["language"] = language
    address = an_account(browser)
    Browser().send("account_signup", email=address, password1=PASSWORD)
    browser.send("account_logout")
    browser.send("account_reset_password", email=address)
    browser.send("account_reset_password", email=an_address())
    assert len(mail.outbox) >= 3
    for letter in mail.outbox:
        assert letter.alternatives == []
        assert letter.subject == ("Votre lien" if language == "fr" else "Your link") or language == "fr"
        said = f"{letter.subject} {re.sub(r'https?://.*', '', str(letter.body))} {letter.from_email}".lower()
        assert not re.search(r"photo|veto|image|intelligence|protect", said)


def test_an_account_known_and_one_unknown_get_the_same_answers(browser: Browser) -> None:
    known, unknown = an_account(browser), an_address()
    for page, fields in (
        ("account_signup", {"password1": "nine other herons"}),
        ("account_reset_password", {}),
    ):
        answers = [Browser().send(page, email=address, follow=True, **fields) for address in (known, unknown)]
        assert text(answers[0]) == text(answers[1])
        assert answers[0].redirect_chain == answers[1].redirect_chain  # type: ignore[attr-defined]
    for address in (known, unknown):
        wrong = Browser().log_in(address, "not the password")
        assert "These two don't go together" in text(wrong)


def test_each_such_answer_sends_one_mail(browser: Browser) -> None:
    known, unknown = an_account(browser), an_address()
    for page, fields in (("account_signup", {"password1": "nine other herons"}), ("account_reset_password", {})):
        for address in (known, unknown):
            before = len(mail.outbox)
            Browser().send(page, email=address, **fields)
            assert [letter.to for letter in mail.outbox[before:]] == [[address]]


def test_a_second_click_sends_no_second_mail(browser: Browser) -> None:
    address = an_address()
    sign_up(browser, address)
    sign_up(Browser(), address)
    assert len(mail.outbox) == 1
    confirm(browser)
    assert browser.is_in()


def test_signing_up_again_before_verifying_begins_anew(browser: Browser) -> None:
    """Else whoever signs up with someone's address first would have chosen the password."""
    address = an_address()
    sign_up(Browser(), address, "the password of mallory")
    first = the_link()
    sign_up(browser, address)
    confirm(Browser(), first)
    assert not EmailAddress.objects.get(email=address).verified
    confirm(browser)
    assert browser.is_in()
    assert Browser().log_in(address, "the password of mallory").status_code == 200


def test_a_verified_account_cannot_be_begun_anew(browser: Browser) -> None:
    address = an_account(browser)
    sign_up(Browser(), address, "the password of mallory")
    assert "there is an account" in str(mail.outbox[-1].body)
    assert browser.is_in()
    assert Person.objects.filter(email=address).count() == 1


def test_a_forgotten_password(browser: Browser) -> None:
    address = an_account(browser)
    helper = Browser()
    helper.send("account_reset_password", email=address)
    link = the_link()
    page = helper.get(link, follow=True)
    form = page.redirect_chain[-1][0]  # type: ignore[attr-defined]
    assert "set-password" in form  # the token leaves the address
    new = "eight loud herons"
    answer = helper.post(form, hidden(page) | {"password1": new, "password2": new})
    assert answer["Location"] == reverse("account_reset_password_from_key_done"), text(answer)
    assert not browser.is_in()  # every session ends
    assert Browser().log_in(address, PASSWORD).status_code == 200
    assert Browser().log_in(address, new).status_code == 302
    assert "no longer good" in text(Browser().get(link, follow=True))


@pytest.mark.parametrize("key", ["x-y", "1-set-password", "zzzzzzzzzzzzzzzz-aaaaaa-bbbb", "🫠-🫠"])
def test_a_link_that_never_was(key: str) -> None:
    assert Browser().get(f"/account/reset/{key}").status_code in {200, 404}
    assert "no longer good" in text(Browser().get("/account/confirm/x:y:z"))


def test_a_link_never_reaches_the_log(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    address = an_address()
    sign_up(browser, address)
    link = the_link()
    confirm(browser)
    browser.send("account_logout")
    browser.send("account_reset_password", email=address)
    reset = the_link()
    Browser().get(reset, follow=True)
    logged = caplog.text
    assert "account/confirm/" in logged
    for secret in (link.rpartition("/")[2], reset.rpartition("/")[2], address, PASSWORD):
        assert secret not in logged


def test_a_new_address_holds_once_verified(browser: Browser) -> None:
    old, new = an_account(browser), an_address()
    browser.prove(PASSWORD)
    answer = browser.send("account_email", email=new, action_add="1")
    assert answer.status_code == 302, text(answer)
    assert browser.person().email == old
    confirm(browser)
    assert browser.person().email == new
    assert Browser().log_in(new, PASSWORD)["Location"] == reverse("photos")
    assert Browser().log_in(old, PASSWORD).status_code == 200


def test_a_new_address_that_someone_claims_without_proof(browser: Browser) -> None:
    an_account(browser)
    wanted = an_address()
    sign_up(Browser(), wanted)
    browser.prove(PASSWORD)
    browser.send("account_email", email=wanted, action_add="1")
    confirm(browser)
    assert browser.person().email == wanted
    assert Person.objects.filter(email=wanted).count() == 1


def test_the_address_one_logs_in_with_cannot_be_removed(browser: Browser) -> None:
    address = an_account(browser)
    browser.prove(PASSWORD)
    browser.send("account_email", email=address, action_remove="1")
    assert browser.person().email == address


OURS = ["veto-Photo-2026", "V3t0 registry!", "Consentement1", "mot de passe veto", "ＶＥＴＯ photo veto"]


@pytest.mark.parametrize("password", OURS)
def test_a_password_made_of_our_own_words_is_refused(browser: Browser, password: str) -> None:
    answer = browser.send("account_signup", email=an_address(), password1=password)
    assert "words that anybody would try here" in text(answer)
    assert OwnWordsValidator().validate(f"{password}, seven quiet herons") is None


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "x" * 5000])
def test_a_password_that_others_would_guess_is_refused(browser: Browser, password: str) -> None:
    answer = browser.send("account_signup", email=an_address(), password1=password)
    assert answer.status_code == 200
    assert "Something needs your attention" in text(answer)
    assert f'value="{password}"' not in answer.content.decode()


def test_a_mail_server_that_is_away_is_no_fault_page(browser: Browser, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    sign_up(browser, an_address())


def test_pages_speak_french() -> None:
    browser = Browser()
    browser.cookies["language"] = "fr"
    with translation.override("fr"):
        assert 'lang="fr"' in browser.open("account_login").content.decode()
