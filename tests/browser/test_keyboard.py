"""By keyboard alone: everything is reached in the order it is read, and what has the focus is always in sight."""

import re

from playwright.sync_api import expect

from consent.models import OptOut, Photo
from tests.browser import pages
from tests.browser.conftest import Opener
from tests.browser.files import made
from tests.browser.people import Someone
from tests.browser.window import Window

MOST = 60  # presses of Tab; the longest page has fewer places to stop at before its main act
IN_SIGHT = """() => {
  const box = document.activeElement.getBoundingClientRect();
  const there = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 20) / 2);
  return there?.contains(document.activeElement) || document.activeElement.contains(there) ||
    document.activeElement.closest("article")?.contains(there) || false;
}"""


def reach(window: Window, selector: str) -> None:
    for _ in range(MOST):
        window.page.keyboard.press("Tab")
        assert window.page.evaluate(IN_SIGHT), window.page.evaluate("document.activeElement.outerHTML")
        if window.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{window.page.url}: no Tab leads to {selector}")


def press(window: Window, selector: str, key: str = "Enter") -> None:
    reach(window, selector)
    window.page.keyboard.press(key)


def follow(window: Window, selector: str) -> None:
    """Enter on a link or a button, and the page that comes of it."""
    reach(window, selector)
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")


def test_from_the_first_page_to_a_photo_protected_withdrawn_and_put_back(a_window: Opener) -> None:
    with a_window(language="fr", width=360) as window:
        window.open("home")
        follow(window, f"main a.button-main[href='{window.path('account_start')}']")
        follow(window, f"a.button-main[href='{window.path('account_case')}']")
        follow(window, "main button.button-main")
        reach(window, "input[name=last]")
        window.page.keyboard.type(re.sub(r"\W", "", window.page.inner_text("#sheet-secret"))[-5:])
        follow(window, "main button.button-main")
        follow(window, f"main a.button-main[href='{window.path('photos-here')}']")
        window.page.locator("#here").wait_for()
        reach(window, "#files")
        window.page.set_input_files("#files", made(1))  # type: ignore[arg-type]
        press(window, "#choice details summary")
        reach(window, "input[name=preset]:checked")
        window.page.keyboard.press("ArrowDown")
        press(window, "#start")
        expect(window.page.locator("#done")).to_be_focused()
        follow(window, "#done a")
        follow(window, "article.photo a")
        assert window.say("Refuse everything") in window.text()
        follow(window, "form[action$=withdraw] button")
        follow(window, "form[action$=restore] button")
        assert window.page.locator(".heading .seal-withdrawn").count() == 0


def test_the_first_tab_skips_to_the_content(a_window: Opener) -> None:
    with a_window(width=360) as window:
        window.open("help")
        window.page.keyboard.press("Tab")
        window.page.keyboard.press("Enter")
        assert window.page.evaluate("document.activeElement.id") == "main"


def test_a_refused_form_has_the_focus_on_what_is_wrong(a_window: Opener, someone: Someone) -> None:
    with a_window(width=360) as window:
        someone.comes_in(window)
        pages.before_refused(window, someone)
        expect(window.page.locator(".errors")).to_be_focused()
        press(window, ".errors a")
        assert window.page.evaluate("document.activeElement.id") == "id_whose"


def test_all_are_ticked_at_once_and_changed(a_window: Opener, someone: Someone) -> None:
    someone.adds(*(f"Photo {number}" for number in range(7)))
    with a_window(language="fr", width=360) as window:
        someone.comes_in(window)
        window.open("photos")
        press(window, "button.tick-all", "Space")
        assert window.page.inner_text("button.tick-all") == window.say("Untick all")
        follow(window, ".bulk button")
        press(window, "main details.names summary")
        assert window.page.locator("details.names li").count() == 7
        reach(window, "input[name=preset]:checked")
        window.page.keyboard.press("ArrowUp")
        follow(window, "main button.button-main")
        assert window.at("photos")
    uses = OptOut.objects.filter(photo__in=Photo.objects.of(someone.person), withdrawn_at=None).values_list("uses")
    assert {tuple(chosen) for [chosen] in uses} == {("sexualise", "likeness", "animate")}
