"""Sessions: begun, seen, ended, and worth nothing to who finds an old one."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import CommandError
from django.urls import reverse
from django.utils import timezone

from consent.models import AuditEvent
from tests.integration.accounts.browser import EMOJI, Browser, Case, text
from tests.integration.accounts.test_email import an_account
from tests.integration.web import command

PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


def test_logging_in_changes_the_session(browser: Browser, alice: Case) -> None:
    """A session key that someone planted beforehand is worth nothing."""
    later = Browser()
    session = later.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    later.cookies["session"] = planted
    later.log_in(alice.number, alice.secret)
    assert later.session.session_key != planted
    thief = Browser()
    thief.cookies["session"] = planted
    assert not thief.is_in()


def test_logging_out_ends_it_for_good(browser: Browser, alice: Case) -> None:
    key = browser.session.session_key
    assert browser.send("account_logout")["Location"] == reverse("home")
    thief = Browser()
    thief.cookies["session"] = key
    assert not thief.is_in()


def test_the_session_ends_with_the_browser(browser: Browser, alice: Case) -> None:
    cookie = browser.cookies["session"]
    assert (cookie["expires"], cookie["max-age"]) == ("", "")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_it_ends_an_hour_after_its_last_use_and_twelve_after_the_log_in_however_often_it_changes(
    browser: Browser, alice: Case
) -> None:
    def left() -> float:
        return (Session.objects.get(pk=browser.session.session_key).expire_date - timezone.now()).total_seconds()

    def earlier(**seconds: int) -> None:
        session = browser.session
        session.update({name: int(time.time()) - ago for name, ago in seconds.items()})
        session.save()

    hour = 3600
    assert hour - 60 < left() <= hour
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=600))
    earlier_key = browser.session.session_key
    assert browser.is_in()
    assert left() <= 600  # it was used just now: nothing is noted again
    earlier(used=50 * 60)
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=600))
    assert browser.is_in()
    assert left() > hour - 60
    earlier(began=12 * hour - 100)
    assert left() <= 100
    earlier(began=12 * hour + 1)
    assert not browser.is_in()
    assert browser.session.session_key != earlier_key


def test_an_operator_ends_all_sessions_of_one_person(browser: Browser, alice: Case) -> None:
    Browser().log_in(alice.number, alice.secret)
    other = Browser()
    address = an_account(other)
    for who, ended in ((alice.number, 2), (f" {address.upper()}", 1)):
        [said] = command("end_sessions", who, "--json")
        assert said == {"ended": ended}
    assert not browser.is_in()
    assert not other.is_in()
    assert AuditEvent.objects.filter(action="person.sessions_ended").count() == 2
    for nobody in ("nobody@example.org", "x", "operator"):
        with pytest.raises(CommandError, match="nobody has this"):
            command("end_sessions", nobody)


def test_of_a_session_the_kind_of_device_is_kept_and_no_address(alice: Case) -> None:
    phone = Browser(HTTP_USER_AGENT=PHONE)
    phone.log_in(alice.number, alice.secret)
    kept = UserSession.objects.get(session_key=phone.session.session_key)
    assert (kept.ip, kept.user_agent) == ("0.0.0.0", "Firefox · Android")
    assert "Firefox · Android" in text(phone.open("usersessions_list"))


@pytest.mark.parametrize("agent", ["", EMOJI[:2000], "Firefox · Android", "x" * 5000])
def test_any_user_agent_will_do(alice: Case, agent: str) -> None:
    phone = Browser(HTTP_USER_AGENT=agent)
    assert phone.log_in(alice.number, alice.secret).status_code == 302
    assert phone.open("usersessions_list").status_code == 200


def test_every_other_session_is_ended(browser: Browser, alice: Case) -> None:
    others = [Browser(), Browser()]
    for other in others:
        other.log_in(alice.number, alice.secret)
    assert "You are logged in in 3 places" in text(browser.open("account"))
    browser.send("usersessions_list")
    assert browser.is_in()
    assert not any(other.is_in() for other in others)


def test_nobody_ends_the_sessions_of_another(browser: Browser, alice: Case) -> None:
    charlie = Browser()
    charlie.open_case()
    charlie.send("usersessions_list")
    assert browser.is_in()
    assert UserSession.objects.count() == 2


PAGES = [
    "account", "account_secret", "account_email", "account_change_password", "usersessions_list", "mfa_index",
    "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_list_webauthn",
    "mfa_add_webauthn", "account_reauthenticate",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_led_to_the_log_in(page: str) -> None:
    stranger = Browser()
    for answer in (stranger.open(page), stranger.post(reverse(page), {"csrfmiddlewaretoken": stranger.token()})):
        assert answer.status_code in {302, 403}
        if answer.status_code == 302:
            assert answer["Location"].startswith(reverse("account_login"))


def test_after_logging_in_one_is_where_one_wanted_to_go(alice: Case) -> None:
    later = Browser()
    wanted = later.open("usersessions_list")["Location"]
    page = later.get(wanted)
    assert f'name="next" value="{reverse("usersessions_list")}"' in page.content.decode()
    assert "it was not saved: your session had ended" in text(page)
    assert "your session had ended" not in text(later.open("account_login"))
    assert later.log_in(alice.number, alice.secret, next=reverse("usersessions_list"))["Location"] == reverse(
        "usersessions_list"
    )


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", EMOJI[:100]])
def test_but_never_elsewhere(alice: Case, elsewhere: str) -> None:
    assert Browser().log_in(alice.number, alice.secret, next=elsewhere)["Location"] == reverse("photos")


POSTED = [
    "account_login", "account_signup", "account_case", "account_case_open", "account_reset_password",
    "account_logout", "account_secret_change", "mfa_login_webauthn",
]  # fmt: skip


@pytest.mark.parametrize("page", POSTED)
def test_without_its_token_no_form_does_anything(browser: Browser, alice: Case, page: str) -> None:
    answer = browser.post(reverse(page), {"csrfmiddlewaretoken": "x" * 64})
    assert answer.status_code == 403
    assert browser.is_in()


def test_each_page_has_a_title_that_tells_nothing(browser: Browser, alice: Case) -> None:
    browser.prove(alice.secret)
    stranger = Browser()
    before = ["account_start", "account_case", "account_login", "account_signup", "account_reset_password"]
    for who, pages in ((browser, PAGES), (stranger, before)):
        for page in pages:
            answer = who.open(page)
            if answer.status_code == 200:
                title = answer.content.decode().partition("<title>")[2].partition("</title>")[0]
                assert title.endswith("– Veto")
                assert not any(word in title.lower() for word in ("photo", "refus", "protect", "ai"))


def test_proving_again_who_one_is_changes_the_session_and_it_stays_in_the_list(browser: Browser, alice: Case) -> None:
    before = browser.session.session_key
    browser.prove(alice.secret)
    assert browser.session.session_key != before
    thief = Browser()
    thief.cookies["session"] = before
    assert (thief.is_in(), browser.is_in()) == (False, True)
    assert UserSession.objects.get().session_key == browser.session.session_key


def test_reauthentication_lasts_five_minutes(browser: Browser, alice: Case, settings: Any) -> None:
    assert browser.open("account_secret").status_code == 302
    answer = browser.send("account_reauthenticate", password=alice.secret, next=reverse("account_secret"))
    assert answer["Location"] == reverse("account_secret")
    assert browser.open("account_secret").status_code == 200
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    assert browser.open("account_secret").status_code == 302
