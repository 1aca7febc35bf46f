"""Nothing tells who has an account: the same answer, and the same work, for known and unknown."""

from typing import Any

import pytest
from django.core import mail

from consent.accounts import codes
from consent.models import Person
from consent.models.person import OPERATOR
from tests.integration.accounts.browser import Browser, Case, hidden, neutral
from tests.integration.accounts.quick import QuickArgon2
from tests.integration.accounts.test_email import an_account, an_address


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that a password is hashed, which is what a log-in costs."""
    done = list[str]()
    encode, verify = QuickArgon2.encode, QuickArgon2.verify

    def counted_encode(self: QuickArgon2, *arguments: Any) -> Any:
        done.append("argon2")
        return encode(self, *arguments)

    def counted_verify(self: QuickArgon2, *arguments: Any) -> Any:
        done.append("argon2")
        return verify(self, *arguments)

    monkeypatch.setattr(QuickArgon2, "encode", counted_encode)
    monkeypatch.setattr(QuickArgon2, "verify", counted_verify)
    return done


def everybody(case: Case, known: str) -> dict[str, str]:
    """Whoever may be named in the log-in."""
    aside = Person(username=codes.new_case_number(), is_active=False)
    aside.set_password("seven quiet herons")
    aside.save()
    waiting = an_address()
    Browser().send("account_signup", email=waiting, password1="seven quiet herons")
    return {
        "a case": case.number,
        "an address": known,
        "set aside": str(aside.username),
        "not verified": waiting,
        "no case": codes.new_case_number(),
        "no address": an_address(),
        "the operator's address": f"{OPERATOR}@example.org",
    }


def test_a_wrong_log_in_costs_one_hash_and_is_answered_alike_whoever_is_named(
    alice: Case, browser: Browser, hashed: list[str]
) -> None:
    answers, costs = {}, {}
    for who, name in everybody(alice, an_account(Browser())).items():
        other = Browser()
        hashed.clear()
        answers[who], costs[who] = neutral(other.log_in(name, "not the password")), len(hashed)
    assert set(costs.values()) == {1}, costs
    assert len(set(answers.values())) == 1, answers.keys()


@pytest.mark.parametrize(
    ("page", "fields"),
    [("account_signup", {"password1": "nine other herons"}), ("account_reset_password", {})],
)
def test_opening_and_resetting_cost_the_same_for_known_and_unknown(
    browser: Browser, hashed: list[str], page: str, fields: dict[str, str]
) -> None:
    costs = []
    for address in (an_account(browser), an_address()):
        other, before = Browser(), len(mail.outbox)
        hashed.clear()
        other.send(page, email=address, **fields)
        costs.append((len(hashed), len(mail.outbox) - before))
    assert costs[0] == costs[1]


def test_a_reset_for_a_case_number_or_for_nobody_sends_no_mail_elsewhere(alice: Case) -> None:
    for name in (alice.number, f"{alice.number}@example.org"):
        Browser().send("account_reset_password", email=name)
    assert [letter.to for letter in mail.outbox] in ([[f"{alice.number}@example.org".lower()]], [])


FORGED = [f"203.0.113.{number}" for number in range(12)]


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forged_forwarding_header_buys_no_attempts(alice: Case, settings: Any, proxies: int) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    locked = []
    for forged in FORGED:
        came = f"{forged}, 198.51.100.77" if proxies else forged  # the last is what our proxy wrote
        guesser = Browser("198.51.100.78", HTTP_X_FORWARDED_FOR=came, HTTP_X_REAL_IP=forged, HTTP_FORWARDED=forged)
        locked.append("You can try again in" in guesser.log_in(alice.number, "wrong").content.decode())
    assert any(locked)


def test_a_forged_forwarding_header_opens_no_more_accounts(settings: Any) -> None:
    settings.ACCOUNTS_PER_NETWORK_PER_DAY = 2
    opened = 0
    for forged in FORGED[:4]:
        browser = Browser("198.51.100.79", HTTP_X_FORWARDED_FOR=forged)
        answer = browser.send("account_case")
        opened += answer.status_code == 200 and browser.keep(hidden(answer)).status_code == 302
    assert opened == 2
