"""Quick exit: by a click, by Escape three times, with scripts and without."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Opener
from tests.browser.people import Someone
from tests.browser.window import Window


def clicks(window: Window) -> None:
    window.page.locator(".quit button").click()


def escapes(window: Window) -> None:
    for _ in range(3):
        window.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("leave", "javascript"), [(clicks, True), (clicks, False), (escapes, True)], ids=["click", "no script", "escape"]
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_quitting_leads_away_and_ends_the_session(
    a_window: Opener, someone: Someone, leave: Callable[[Window], None], javascript: bool, language: str
) -> None:
    someone.adds("Lake with Ana")
    with a_window(language=language, javascript=javascript) as window:
        someone.comes_in(window)
        window.open("home")
        window.open("photos")
        leave(window)
        window.page.wait_for_url(lambda address: not address.startswith(window.base))
        assert len(window.left_for) >= 1
        window.page.go_back()
        window.page.wait_for_load_state()
        assert "Lake with Ana" not in window.page.content()
        window.open("photos")
        assert window.at("account_login")
