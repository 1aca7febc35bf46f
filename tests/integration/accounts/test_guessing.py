"""Guessing: what it costs, what it tells, and that nobody is shut out by it."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from consent.accounts import backoff, codes
from consent.accounts.backoff import ACCOUNT, ACCOUNT_HERE, NETWORK, Counter, LockedError, attempt
from consent.models import Person
from consent.models.person import OPERATOR
from tests.integration.accounts.browser import Browser, Case, neutral, text


def unlock(rule: backoff.Rule, subject: str) -> None:
    cache.delete(f"{Counter(rule, subject).key}:until")


def test_waits_double_up_to_a_longest() -> None:
    waits = [ACCOUNT_HERE.wait(number) for number in range(1, 13)]
    assert waits == [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize("known", [True, False])
def test_a_few_wrong_secrets_are_forgiven_then_the_wait_is_told(alice: Case, known: bool) -> None:
    guesser = Browser()
    number = alice.number if known else codes.new_case_number()
    for _ in range(5):
        assert "These two don't go together" in text(guesser.log_in(number, "wrong"))
    locked = guesser.log_in(number, alice.secret)
    assert locked.status_code == 200
    assert "You can try again in 1" in text(locked)
    assert not guesser.is_in()


def test_known_and_unknown_are_answered_alike_to_the_letter(alice: Case) -> None:
    for _ in range(7):
        one, other = Browser(), Browser()
        numbers = alice.number, codes.new_case_number()
        assert neutral(one.log_in(numbers[0], "wrong")) == neutral(other.log_in(numbers[1], "wrong"))


def test_waits_grow_and_end_with_success(alice: Case) -> None:
    guesser = Browser("198.51.100.77")
    subject = f"{alice.number.lower()}|198.51.100.77"
    for _ in range(5):
        guesser.log_in(alice.number, "wrong")
    first = Counter(ACCOUNT_HERE, subject).wait()
    unlock(ACCOUNT_HERE, subject)
    guesser.log_in(alice.number, "wrong")
    assert 0 < first <= 15 < Counter(ACCOUNT_HERE, subject).wait() <= 30
    unlock(ACCOUNT_HERE, subject)
    assert guesser.log_in(alice.number, alice.secret).status_code == 302
    assert Counter(ACCOUNT_HERE, subject).wait() == 0
    assert cache.get(Counter(ACCOUNT_HERE, subject).key) is None


def test_guessing_on_purpose_shuts_nobody_out_for_long(alice: Case) -> None:
    for network in range(40):
        with pytest.raises(LockedError) if network >= 20 else nothing():
            attempt(alice.number.lower(), f"2001:db8:{network:x}::/64")
    assert 0 < Counter(ACCOUNT, alice.number.lower()).wait() <= ACCOUNT.longest == 120


def test_one_network_may_not_try_a_list_of_accounts() -> None:
    network = f"2001:db8:{secrets.token_hex(2)}::/64"
    for _ in range(NETWORK.free):
        attempt(secrets.token_hex(8), network)
    with pytest.raises(LockedError):
        attempt(secrets.token_hex(8), network)


def test_addresses_of_one_household_are_one_network(alice: Case) -> None:
    for host in range(5):
        Browser(f"2001:db8:aa:1::{host:x}").log_in(alice.number, "wrong")
    assert "try again in" in text(Browser("2001:db8:aa:1::ffff").log_in(alice.number, "wrong"))
    assert "try again in" not in text(Browser("2001:db8:aa:2::1").log_in(alice.number, "wrong"))


def test_attempts_at_once_are_no_more_than_in_turn() -> None:
    account, network = secrets.token_hex(8), f"2001:db8:{secrets.token_hex(2)}::/64"

    def one(_: int) -> bool:
        try:
            attempt(account, network)
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        let_through = sum(pool.map(one, range(100)))
    assert let_through <= ACCOUNT_HERE.free


@pytest.mark.parametrize("name", [OPERATOR, OPERATOR.upper(), f" {OPERATOR} ", "operator@example.org"])
def test_the_operator_never_logs_in(name: str) -> None:
    operator = Person.objects.operator()
    assert not operator.has_usable_password()
    operator.set_password("seven quiet herons")  # even if someone gave it one
    operator.save()
    browser = Browser()
    assert browser.log_in(name, "seven quiet herons").status_code == 200
    assert not browser.is_in()


def test_a_session_of_the_operator_is_nobodys() -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    operator = Person.objects.operator()
    browser = Browser()
    session = browser.session
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(operator.pk), "consent.accounts.backend.Backend"
    session[HASH_SESSION_KEY] = operator.get_session_auth_hash()
    session.save()
    browser.cookies["session"] = session.session_key
    assert browser.open("account").status_code == 302


def test_who_is_set_aside_is_out_at_once_and_told_nothing(browser: Browser, alice: Case) -> None:
    Person.objects.filter(username=alice.number).update(is_active=False)
    assert not browser.is_in()
    assert "These two don't go together" in text(Browser().log_in(alice.number, alice.secret))


class nothing:  # noqa: N801 (reads like contextlib.nullcontext)
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
