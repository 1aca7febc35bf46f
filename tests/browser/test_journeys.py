"""Whole journeys, from the first page to the last: in both languages, on phone and desk, with and without scripts."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.conftest import Opener
from tests.browser.files import files, made
from tests.browser.window import Window
from tests.integration.web import Web

FIVE = 5


@dataclass(frozen=True)
class Sheet:
    number: str
    secret: str


def opens_a_case(window: Window) -> Sheet:
    """From the start page to the list; returns what is on the sheet."""
    window.open("account_start")
    window.follow("Get a case number")
    window.press("Show me my sheet")
    kept = Sheet(window.page.inner_text("#sheet-number"), window.page.inner_text("#sheet-secret"))
    window.look()
    window.page.fill("input[name=last]", re.sub(r"\W", "", kept.secret)[-5:])
    window.press("I have kept it, go on")
    assert window.at("photos")
    return kept


def logs_in(window: Window, sheet: Sheet) -> None:
    window.page.fill("input[name=login]", sheet.number)
    window.page.fill("input[name=password]", sheet.secret)
    window.press("Log in")


def proves(window: Window, sheet: Sheet) -> None:
    assert window.at("account_reauthenticate")
    window.page.fill("input[name=password]", sheet.secret)
    window.click("main button.button-main")


def adds_photos(window: Window, label: str, chosen: list[dict[str, object]]) -> None:
    window.open("photos-add")
    window.page.check("input[name=whose][value=mine]")
    window.page.check("input[name=sensitive][value=no]")
    window.press("Continue")
    window.page.set_input_files("input[name=photos]", chosen)  # type: ignore[arg-type]
    window.page.fill("input[name=label]", label)
    window.press("Protect")


def downloads(window: Window, label: str) -> bytes:
    with window.page.expect_download() as coming:
        window.page.locator("main").get_by_role("link", name=window.say(label), exact=True).click()
    return Path(coming.value.path()).read_bytes()


@pytest.mark.parametrize(
    ("language", "width", "javascript"),
    [("fr", 360, True), ("fr", 1280, False), ("en", 360, False), ("en", 1280, True)],  # each pair of them once
)
def test_from_a_case_number_to_the_last_erasure(
    a_window: Opener, web: Web, key: str, language: str, width: int, javascript: bool
) -> None:
    """Register, add, choose, withdraw, put back, log out, come back with the sheet, export, erase; and be believed."""
    photos = files(FIVE) if (language, width, javascript) == ("fr", 360, True) else made(FIVE)
    first = photos[-1]["buffer"]

    def answer() -> tuple[str, dict[str, str]]:
        said = web.check_image(first, key)
        assert said.status == 200, said.body
        return said.json["result"], said.json["uses"]

    with a_window(language=language, width=width, javascript=javascript) as window:
        sheet = opens_a_case(window)
        window.follow("Add photos")
        adds_photos(window, "Lac 🐈", photos)  # type: ignore[arg-type]
        assert window.page.locator(".results .photo").count() == FIVE
        assert window.page.locator(".results .state-refuse").count() == 0
        window.look()
        result, uses = answer()
        assert (result, uses["edit"], uses["train"]) == ("protected", "denied", "no_match")

        window.follow("My photos")
        assert window.page.locator("article.photo").count() == FIVE
        for number in range(FIVE):
            window.page.locator("input[name=photo]").nth(number).check()
        window.press("Change")
        window.page.check("input[name=preset][value=refuse-everything]")
        window.press("Save")
        assert window.say("Refuse everything") in window.text()
        assert answer()[1]["train"] == "denied"

        window.click("article.photo h3 a")
        window.press("Withdraw this photo")
        window.look()
        assert window.page.locator(".heading .seal-withdrawn").count() == 1
        window.press("Put it back")
        assert window.page.locator(".heading .seal-withdrawn").count() == 0
        window.open("photos")
        for number in range(FIVE):
            window.page.locator("input[name=photo]").nth(number).check()
        window.press("Withdraw")
        assert answer()[0] == "no_match"
        assert window.at("photos-undo")
        window.look()
        window.click("main button.button-main")
        assert answer()[0] == "protected"

        window.open("account")
        window.press("Log out")
        window.open("photos")
        assert window.at("account_login")
        logs_in(window, sheet)
        assert window.at("photos")

        window.follow("Take your data with you")
        taken = json.loads(downloads(window, "All of it (JSON)"))
        assert len(taken["photos"]) == FIVE
        assert downloads(window, "The photos as a table (CSV)").count(b"\n") == FIVE + 1

        window.open("account")
        window.follow("Erase everything")
        proves(window, sheet)
        assert window.at("erase-account")
        window.look()
        window.press("Erase everything for good")
        window.look()
        assert answer()[0] == "no_match"
        window.open("account_login")
        logs_in(window, sheet)
        assert window.at("account_login")


def test_the_language_changes_and_the_page_stays(a_window: Opener) -> None:
    with a_window(language="en") as window:
        window.open("help")
        window.click(".language button")
        assert window.at("help")
        window.language = "fr"
        window.look()
        window.open("photos-default")
        window.look()
