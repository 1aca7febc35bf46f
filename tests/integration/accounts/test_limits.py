"""How much may be registered in a day, and what holds when Redis is away."""

from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.urls import reverse

from config.cache import hidden
from consent.accounts import limits
from consent.models import Person
from tests.integration.accounts.browser import EMOJI, Browser, Case, text


def asked_by(browser: Browser) -> Any:
    """The last request of a browser, with its session."""
    request = browser.open("account_login").wsgi_request  # type: ignore[attr-defined]
    request.session = browser.session
    return request


def test_photos_are_counted_by_session(browser: Browser, alice: Case, settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY, settings.PHOTOS_PER_NETWORK_PER_DAY = 3, 100
    request = asked_by(browser)
    assert [limits.photos_over_cap(request, number) for number in (1, 2, 1)] == [False, False, True]
    assert not limits.photos_over_cap(asked_by(Browser()))


def test_photos_are_counted_by_network(settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY, settings.PHOTOS_PER_NETWORK_PER_DAY = 100, 3
    over = [limits.photos_over_cap(asked_by(Browser(f"2001:db8:77:1::{host:x}"))) for host in range(4)]
    assert over == [False, False, False, True]
    assert not limits.photos_over_cap(asked_by(Browser("2001:db8:77:2::1")))


def test_what_is_counted_survives_logging_in(browser: Browser, alice: Case, settings: Any) -> None:
    assert browser.session[limits.SESSION_KEY]


def test_accounts_over_the_cap_wait_for_tomorrow(settings: Any) -> None:
    settings.ACCOUNTS_PER_NETWORK_PER_DAY = 2
    address = "2001:db8:78::1"
    for _ in range(2):
        Browser(address).open_case()
    third = Browser(address)
    answer = third.send("account_case")
    assert answer.status_code == 429
    assert "until tomorrow" in text(answer)
    answer = third.send("account_signup", email="someone@example.org", password1="seven quiet herons")
    assert "until tomorrow" in text(answer)
    assert Person.objects.count() == 2
    Browser("2001:db8:79::1").open_case()


def test_a_sheet_shown_before_the_cap_was_reached_opens_nothing_after_it(settings: Any) -> None:
    settings.ACCOUNTS_PER_NETWORK_PER_DAY = 1
    address = "2001:db8:7a::1"
    one, other = Browser(address), Browser(address)
    sheets = one.see_sheet(), other.see_sheet()
    assert one.keep(sheets[0]).status_code == 302
    assert other.keep(sheets[1]).status_code == 429


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis.connection.ConnectionPool, "get_connection", refuse)


@pytest.mark.usefixtures("redis_away")
def test_with_redis_away_people_come_in_and_guessing_is_slowed() -> None:
    browser = Browser()
    case = browser.open_case()
    assert Browser().log_in(case.number, case.secret).status_code == 302
    guesser = Browser()
    for _ in range(5):
        guesser.log_in(case.number, "wrong")
    assert "try again in" in text(guesser.log_in(case.number, case.secret))
    answer = Browser().send("account_signup", email="away@example.org", password1="seven quiet herons")
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert Browser().send("account_reset_password", email="away@example.org").status_code == 302


def test_the_cache_is_redis_while_it_answers() -> None:
    cache.set("probe", "there", 10)
    server = redis.Redis.from_url(cache._redis._servers[0])  # type: ignore[attr-defined]
    assert server.exists(hidden("probe", "veto", 1))


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("account_login", ["login", "password", "next"]),
        ("account_signup", ["email", "password1", "next"]),
        ("account_reset_password", ["email"]),
    ],
)
def test_ten_thousand_emoji_in_every_field(page: str, fields: list[str]) -> None:
    browser = Browser()
    answer = browser.send(page, **dict.fromkeys(fields, EMOJI))
    assert answer.status_code == 200
    assert "Something needs your attention" in text(answer)
    if fields[0] != "password":
        assert EMOJI[:1000] in answer.content.decode()  # what is not secret is still there


def test_ten_thousand_emoji_in_every_field_of_who_is_in(browser: Browser, alice: Case) -> None:
    browser.prove(alice.secret)
    for page, fields in (
        ("account_change_password", ["oldpassword", "password1", "password2"]),
        ("account_reauthenticate", ["password"]),
        ("mfa_activate_totp", ["code"]),
        ("mfa_add_webauthn", ["name", "credential"]),
    ):
        answer = browser.send(page, **dict.fromkeys(fields, EMOJI))
        assert answer.status_code == 200, page
        assert "attention" in text(answer)
