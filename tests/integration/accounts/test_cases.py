"""An account with nothing but a case number and a secret."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.urls import reverse

from consent.accounts import codes, sheet
from consent.models import AuditEvent, Person
from tests.integration.accounts.browser import EMOJI, Browser, Case, hidden, text


def test_a_case_opens_once_its_sheet_is_kept(browser: Browser) -> None:
    shown = browser.see_sheet()
    assert Person.objects.filter(username__isnull=False).count() == 0
    answer = browser.keep(shown)
    assert (answer.status_code, answer["Location"]) == (302, reverse("photos"))
    person = browser.person()
    assert codes.case_number(person.username) == person.username
    assert person.email is None
    assert person.password.startswith("argon2$")
    assert person.assurance == 0
    assert mail.outbox == []


def test_the_page_with_the_secret_is_kept_by_no_cache_and_the_secret_is_nowhere_else(browser: Browser) -> None:
    answer = browser.send("account_case")
    shown = hidden(answer)
    assert "no-store" in answer["Cache-Control"]
    assert codes.grouped(shown["secret"], 5) in answer.content.decode()
    assert shown["secret"] not in shown["seal"]
    after = browser.keep(shown)
    assert shown["secret"] not in str(dict(browser.session)) + after["Location"] + str(browser.cookies)
    [event] = AuditEvent.objects.filter(by=browser.person().id)
    assert (event.action, event.facts) == ("person.opened", {"by": "case number"})


def test_loading_the_sheet_again_opens_nothing(browser: Browser) -> None:
    sheets = [browser.see_sheet() for _ in range(3)]
    assert len({shown["secret"] for shown in sheets}) == 3
    assert Person.objects.count() == 0


def test_a_second_click_is_the_same_account(browser: Browser) -> None:
    shown = browser.see_sheet()
    twin = Browser()
    twin.cookies = browser.cookies.copy()
    assert browser.keep(shown).status_code == 302
    again = twin.keep(shown)  # the same form with the cookies from before the first answer
    assert again.status_code == 302
    assert twin.person() == browser.person()
    assert Person.objects.count() == 1


def test_going_back_after_it_and_sending_again_leads_in(browser: Browser) -> None:
    shown = browser.see_sheet()
    browser.keep(shown)
    answer = browser.post(reverse("account_case_open"), shown | {"csrfmiddlewaretoken": browser.token(), "last": "x"})
    assert answer["Location"] == reverse("photos")
    assert Person.objects.count() == 1


def test_a_sheet_that_opened_nothing_is_never_taken_for_ones_own(browser: Browser) -> None:
    kept, other = browser.see_sheet(), browser.see_sheet()  # in two tabs
    browser.keep(kept)
    page = browser.post(reverse("account_case_open"), other | {"csrfmiddlewaretoken": browser.token()}, follow=True)
    assert f"to the account …{browser.person().username[-4:]}" in text(page)
    assert "a sheet with another number opens nothing" in text(page)
    for again in (browser.open("account_case", follow=True), browser.send("account_case", follow=True)):
        assert "No other was opened" in text(again)
    assert Person.objects.count() == 1


def test_a_link_to_where_a_sheet_is_sent_leads_to_the_page_that_shows_one(browser: Browser) -> None:
    assert browser.open("account_case_open")["Location"] == reverse("account_case")
    browser.open_case()
    assert browser.open("account_secret_change")["Location"] == reverse("account_secret")


@pytest.mark.parametrize("last", ["", "AAAAA", "x", EMOJI, "\x00"])
def test_who_has_not_kept_it_sees_the_same_sheet_again(browser: Browser, last: str) -> None:
    shown = browser.see_sheet()
    answer = browser.keep(shown, last=last)
    assert answer.status_code == 422
    assert codes.grouped(shown["secret"], 5) in answer.content.decode()
    assert "Something needs your attention" in text(answer)
    assert Person.objects.count() == 0
    assert browser.keep(hidden(answer)).status_code == 302


@pytest.mark.parametrize("typed", [str.lower, str.upper, lambda end: f" {end[:2]}-{end[2:]} ".lower()])
def test_the_end_of_the_secret_is_read_forgivingly(browser: Browser, typed: Callable[[str], str]) -> None:
    shown = browser.see_sheet()
    assert browser.keep(shown, last=typed(shown["secret"][-5:])).status_code == 302


@pytest.mark.parametrize(
    "other", [{"secret": "0" * 20}, {"seal": "x"}, {"seal": EMOJI}, {"secret": EMOJI}, {"seal": ""}, {"secret": ""}]
)
def test_a_secret_of_ones_own_making_opens_nothing(browser: Browser, other: dict[str, str]) -> None:
    shown = browser.see_sheet()
    answer = browser.keep(shown | {"last": (other.get("secret") or shown["secret"])[-5:]} | other, last="00000")
    assert answer["Location"] == reverse("account_case")
    assert Person.objects.count() == 0


def test_a_sheet_is_good_for_an_hour(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = browser.see_sheet()
    monkeypatch.setattr(sheet, "LASTS", -1)
    assert browser.keep(shown)["Location"] == reverse("account_case")
    assert "start again here" in text(browser.open("account_case"))


@pytest.mark.parametrize(
    "typed",
    [
        lambda number: number,
        str.lower,
        lambda number: codes.grouped(number.lower()).replace("-", " "),
        lambda number: number.replace("0", "o").replace("1", "l"),
        lambda number: f"  {codes.grouped(number)}\t",
    ],
)
def test_logging_in_reads_number_and_secret_forgivingly(alice: Case, typed: Callable[[str], str]) -> None:
    later = Browser()
    answer = later.log_in(typed(alice.number), typed(alice.secret))
    assert answer["Location"] == reverse("photos")
    assert later.person().username == alice.number


def test_a_slip_in_the_number_is_said_and_costs_no_attempt(alice: Case) -> None:
    slipped = alice.number[:-1] + ("0" if alice.number[-1] != "0" else "1")
    later = Browser()
    for _ in range(8):
        answer = later.log_in(slipped, alice.secret)
    assert "A character of this case number is wrong" in text(answer)
    assert later.log_in(alice.number, alice.secret).status_code == 302


def test_a_case_number_asks_for_no_address_anywhere(browser: Browser, alice: Case) -> None:
    assert browser.open("account_email")["Location"] == reverse("account")
    browser.prove(alice.secret)
    for page in (
        "account",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "usersessions_list",
        "account_secret",
    ):
        answer = browser.open(page)
        assert answer.status_code == 200, page
        assert "@" not in text(answer)


def test_a_new_secret_takes_over_once_kept(browser: Browser, alice: Case) -> None:
    elsewhere = Browser()
    elsewhere.log_in(alice.number, alice.secret)
    assert browser.open("account_secret")["Location"].startswith(reverse("account_reauthenticate"))
    browser.prove(alice.secret)
    shown = hidden(browser.send("account_secret"))
    assert elsewhere.is_in()
    fields = shown | {"last": shown["secret"][-5:]}
    assert browser.post(reverse("account_secret_change"), fields)["Location"] == reverse("account")
    assert browser.is_in()
    assert not elsewhere.is_in()
    assert Browser().log_in(alice.number, alice.secret).status_code == 200
    assert Browser().log_in(alice.number, shown["secret"]).status_code == 302
    assert AuditEvent.objects.filter(by=browser.person().id, action="person.secret_changed").count() == 1


def test_a_sheet_for_one_person_is_worth_nothing_to_another(browser: Browser, alice: Case) -> None:
    browser.prove(alice.secret)
    shown = hidden(browser.send("account_secret"))
    charlie = Browser()
    his = charlie.open_case()
    charlie.prove(his.secret)
    fields = shown | {"last": shown["secret"][-5:], "csrfmiddlewaretoken": charlie.token()}
    assert charlie.post(reverse("account_secret_change"), fields)["Location"] == reverse("account_secret")
    assert Browser().log_in(his.number, his.secret).status_code == 302


def test_a_secret_of_ones_own_choosing_is_taken_to_the_letter(browser: Browser, alice: Case) -> None:
    chosen = "Vier Worte ohne jeden Sinn"
    answer = browser.send(
        "account_change_password", oldpassword=alice.secret.lower(), password1=chosen, password2=chosen
    )
    assert answer["Location"] == reverse("account"), text(answer)
    assert Browser().log_in(alice.number, chosen).status_code == 302
    assert Browser().log_in(alice.number, chosen.lower()).status_code == 200
