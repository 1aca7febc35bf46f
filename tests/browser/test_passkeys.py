"""Passkeys in a real browser, with an authenticator that it plays; with a case number, which has no address."""

from tests.browser import pages
from tests.browser.conftest import Opener
from tests.browser.people import PASSWORD, Someone
from tests.browser.window import Window


def uses_passkey(window: Window) -> None:
    window.page.locator("form[data-passkey] button[type=button]").click()
    window.page.wait_for_url(lambda address: "/login" not in address and "/again" not in address)


def test_a_passkey_alone_lets_in_whoever_has_a_case_number(a_window: Opener, someone: Someone) -> None:
    with a_window(language="fr", width=360) as window:
        someone.comes_in(window)
        pages.add_passkey(window)
        window.open("account")
        window.press("Log out")
        window.open("account_login", next=window.path("account"))
        uses_passkey(window)
        window.open("account")
        assert str(someone.person.username)[-4:] in window.text()
        window.look()


def test_a_passkey_proves_who_one_is_before_everything_is_erased(a_window: Opener, someone: Someone) -> None:
    with a_window() as window:
        someone.comes_in(window)
        pages.add_passkey(window)
        someone.comes_in(window, proven=False)
        window.open("mfa_reauthenticate_webauthn", next=window.path("erase-account"))
        uses_passkey(window)
        assert window.at("erase-account")
        window.press("Erase everything for good")
        assert window.say("Everything is erased") in window.text()


def test_a_passkey_taken_away_lets_nobody_in(a_window: Opener, someone: Someone) -> None:
    with a_window() as window:
        someone.comes_in(window)
        pages.add_passkey(window)
        pages.of_passkey("mfa_remove_webauthn")(window, someone)
        window.click("main button.button-refuse")
        window.open("account")
        window.press("Log out")
        window.open("account_login")
        window.page.locator("form[data-passkey] button[type=button]").click()
        window.page.locator("main .errors, main .messages").wait_for()
        assert window.at("account_login")
        window.look()
        window.page.fill("input[name=login]", str(someone.person.username))
        window.page.fill("input[name=password]", PASSWORD)
        window.press("Log in")
        window.open("account")
        assert window.at("account")
