"""After a restore nobody comes in by what its person had taken away, and who had put up a door is told it is gone."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from consent.actions.restoring import replay
from consent.models import Person
from matching import ledger
from tests.integration.accounts.browser import Browser, Case, hidden, text
from tests.integration.accounts.test_email import PASSWORD, an_account, the_link
from tests.integration.accounts.test_second_step import turn_on

DOUBT = "After a fault on our side"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LEDGER_FOLDER = tmp_path / "ledger"
    return tmp_path / "ledger"


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    """allauth tells of a new second step after its commit."""
    return django_capture_on_commit_callbacks


def replayed(folder: Path) -> dict[str, int]:
    """Of a backup from before it: nobody here may delete an event, so the ledger gets the times of others."""
    assert ledger.written()  # after the commit, which no test of this kind comes to
    for file in folder.iterdir():
        lost = re.sub(r"\.(\d{6})\+", lambda at: f".{(int(at[1]) + 1) % 10**6:06}+", file.read_text())
        file.write_text(lost)
    return dict(replay(by=Person.objects.operator(), ledger_folder=folder))


def test_a_second_step_that_was_taken_off_opens_nothing(
    browser: Browser, alice: Case, folder: Path, commits: Any
) -> None:
    """Of a telephone that was stolen, say."""
    with commits(execute=True):
        turn_on(browser, alice)
    backup = [copy.copy(each) for each in Authenticator.objects.all()]
    assert browser.send("mfa_deactivate_totp").status_code == 302
    for each in backup:
        each.save(force_insert=True)
    assert replayed(folder) == {"person.second_step_removed": 2, "person.secrets_changed": 1}
    assert not Authenticator.objects.exists()
    assert replayed(folder)["person.secrets_changed"] == 1  # once more: what has gone is not found again


def test_a_case_whose_second_step_is_gone_is_told_once(
    browser: Browser, alice: Case, folder: Path, commits: Any
) -> None:
    with commits(execute=True):
        turn_on(browser, alice)
    Authenticator.objects.all().delete()
    assert replayed(folder) == {"person.secrets_changed": 1}
    assert not browser.is_in()
    assert DOUBT in text(Browser().log_in(alice.number, alice.secret, follow=True))
    assert DOUBT not in text(Browser().log_in(alice.number, alice.secret, follow=True))


def test_the_old_password_of_an_address_opens_nothing_and_its_mailbox_does(browser: Browser, folder: Path) -> None:
    address = an_account(browser)
    before = browser.person().password
    new = dict.fromkeys(("password1", "password2"), "three loud geese")
    browser.send("account_change_password", oldpassword=PASSWORD, **new)
    Person.objects.filter(email=address).update(password=before)
    assert replayed(folder) == {"person.secrets_changed": 1}
    for password in (PASSWORD, "three loud geese"):
        assert "These two don't go together" in text(Browser().log_in(address, password))
    later = Browser()
    later.send("account_reset_password", email=address)
    page = later.get(the_link(), follow=True)
    chosen = hidden(page) | {"password1": "five mild swans", "password2": "five mild swans"}
    later.post(page.redirect_chain[-1][0], chosen)  # type: ignore[attr-defined]
    assert DOUBT in text(Browser().log_in(address, "five mild swans", follow=True))
