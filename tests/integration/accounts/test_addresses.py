"""E-mail addresses as attackers write them: a mailbox is one account, and no spelling reaches that of another."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.accounts.addresses import LONGEST, address
from consent.models import Person
from tests.integration.accounts.browser import Browser, text
from tests.integration.accounts.test_email import PASSWORD, an_account

LONG = "{}" + "a" * 30 + "@" + ".".join(["b" * 60] * 4) + ".org"
TRICKS = ["ß", "\u017f", "\u212a", "\u0130", "xn--", "[127.0.0.1]", '"', "\r\n", "b" * 64]
PIECES = st.sampled_from(["a", "@", ".", "example.org", *TRICKS]) | st.characters()


@pytest.mark.parametrize("spelt", ["K{}@BÜCHER.example", " k{}@xn--bcher-kva.example\u2028", "K{}@ｂücher。example"])
def test_a_mailbox_is_one_account_however_it_is_spelt(spelt: str) -> None:
    unique = secrets.token_hex(6)
    spelt, kept = spelt.format(unique), f"k{unique}@xn--bcher-kva.example"
    an_account(Browser(), f"k{unique}@bücher.example")
    Browser().send("account_signup", email=spelt, password1=PASSWORD)
    assert [person.email for person in Person.objects.exclude(email=None)] == [kept]
    assert Browser().log_in(spelt, PASSWORD).status_code == 302
    Browser().send("account_reset_password", email=spelt)
    assert mail.outbox[-1].to == [kept]


REFUSED = [
    "\u017f{}@example.org",
    "\u212a{}@example.org",
    "k{}@stra\u00dfe.example",
    "{}@[127.0.0.1]",
    "{}@-.org",
    LONG,
]


@pytest.mark.parametrize("spelt", REFUSED)
def test_what_only_looks_like_an_address_is_sent_nothing(spelt: str) -> None:
    """The first two are made small to s…@ and k…@, whose link would go to who receives mail under the other."""
    unique = secrets.token_hex(6)
    spelt = spelt.format(unique)
    an_account(Browser(), f"k{unique}@example.org")
    mail.outbox.clear()
    for answer in (
        Browser().send("account_signup", email=spelt, password1=PASSWORD),
        Browser().send("account_reset_password", email=spelt),
        Browser().log_in(spelt, PASSWORD),
    ):
        assert answer.status_code == 200
        assert "address" in text(answer)
    assert mail.outbox == []


@given(st.text() | st.lists(PIECES).map("".join))
def test_an_address_has_one_spelling_or_is_refused(typed: str) -> None:
    try:
        spelt = address(typed)
    except ValidationError:
        return
    assert spelt == address(spelt) == spelt.lower()
    assert spelt.isascii()
    assert len(spelt) <= LONGEST
    assert not set(spelt) & set("\r\n\0 <>,")


def test_who_signs_up_several_times_at_once_has_one_account() -> None:
    address = f"{secrets.token_hex(6)}@example.org"

    def sign_up(number: int) -> tuple[int, str | None]:
        try:
            answer = Browser().send("account_signup", email=address, password1=f"{number} quiet herons")
            return answer.status_code, answer.headers.get("Location")
        finally:
            connection.close()

    def forgotten(_: int) -> int:
        """As all that these threads write it is there for good: the transaction of this test is not theirs."""
        try:
            accounts = list(Person.objects.filter(email=address))
            for account in accounts:
                account.delete()
            return len(accounts)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(sign_up, range(6)))
        [accounts] = pool.map(forgotten, [0])
    assert answers == {(302, reverse("account_email_verification_sent"))}
    assert accounts == 1


FORMS = ["account_login", "account_signup", "account_reset_password", "account_case", "account_case_open", "language"]
FIELDS = ["login", "password", "email", "password1", "seal", "secret", "last", "next", "language"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(FORMS),
    sent=st.dictionaries(st.sampled_from(FIELDS), st.text() | st.lists(PIECES).map("".join)),
)
def test_whatever_is_typed_is_answered(form: str, sent: dict[str, str]) -> None:
    browser = Client(HTTP_HOST="localhost", REMOTE_ADDR=f"fd00::{secrets.token_hex(2)}:0:0:0:1")
    data = urlencode({name: value.encode(errors="surrogatepass") for name, value in sent.items()})
    answer = browser.post(reverse(form), data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {200, 302}
