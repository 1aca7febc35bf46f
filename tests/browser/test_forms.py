"""What people do to forms: click twice, go back, wait too long, write too much."""

import re
from collections.abc import Callable

import pytest

from consent import actions
from consent.models import OptOut, Photo
from tests.addresses import addresses
from tests.browser import pages
from tests.browser.conftest import Opener
from tests.browser.files import made
from tests.browser.people import PASSWORD, Someone
from tests.browser.window import PATIENCE_MS, Window

EMOJI = pages.EMOJI
# The browser would stop it; what comes from elsewhere it does not.
WITHOUT_LIMITS = """(box, text) => {
  box.removeAttribute('maxlength'); box.type = 'text'; box.form.noValidate = true; box.value = text;
}"""


def twice(window: Window, button: str) -> None:
    """Without scripts the second click sends the form again, and its answer takes the place of the first."""
    with window.page.expect_navigation(timeout=PATIENCE_MS):
        window.page.locator(button).first.dblclick(no_wait_after=True)
    window.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_double_click_registers_nothing_twice(a_window: Opener, someone: Someone, javascript: bool) -> None:
    with a_window(javascript=javascript) as window:
        someone.comes_in(window)
        pages.upload(window, someone)
        window.page.set_input_files("input[type=file]", made(2))  # type: ignore[arg-type]
        twice(window, "main button.button-main")
        window.open("photos")
        assert window.page.locator("article.photo").count() == 2
        assert Photo.objects.of(someone.person).count() == 2

        window.page.locator("input[name=photo]").first.check()
        twice(window, ".bulk button[formaction$=withdraw]")
        window.open("photos")
        window.page.locator(f"input[name=photo][value='{withdrawn(someone)}']").check()
        twice(window, ".bulk button[formaction$=restore]")
        window.open("photos")
        assert window.page.locator(".seal-withdrawn").count() == 0

        window.click("article.photo h3 a")
        window.page.locator("details.fold summary").first.click()
        window.page.check("details.fold input[value=essential]")
        twice(window, "form[action$=choose] button")
        assert OptOut.objects.filter(photo__person=someone.person, withdrawn_at=None).count() == 2
        window.open("photos-default")
        twice(window, "main button.button-main")
        window.open("photo-erase", Photo.objects.of(someone.person)[0].id)
        twice(window, "main button.button-refuse")
        window.open("photos")
        assert window.page.locator("article.photo").count() == 1


def withdrawn(someone: Someone) -> str:
    [photo] = Photo.objects.of(someone.person).in_state(Photo.State.WITHDRAWN)
    return str(photo.id)


def test_a_double_click_opens_one_case(a_window: Opener) -> None:
    with a_window() as window:
        pages.sheet(window, Someone.new())
        secret = re.sub(r"\W", "", window.page.inner_text("#sheet-secret"))
        window.page.fill("input[name=last]", secret[-5:])
        twice(window, "main button.button-main")
        window.open("account")
        assert window.at("account")


def test_the_language_may_be_changed_below_a_sheet_that_was_refused(a_window: Opener) -> None:
    with a_window(language="en") as window:
        pages.sheet_not_kept(window, Someone.new())
        window.click(".language button")
        window.language = "fr"
        assert window.at("account_case")
        window.look()


# Before all of the page is there; in the page, since from outside one waits at times for one that is never answered.
PRESSED = """() => new Promise(told => {
    const button = document.querySelector("main button.button-main");
    button.form.addEventListener("submit", () => setTimeout(() => {
        dispatchEvent(new PageTransitionEvent("pageshow"));
        told(document.querySelector("main [role=status]").innerText);
    }));
    button.click();
})"""


def test_while_photos_are_on_their_way_the_form_says_so(a_window: Opener, someone: Someone) -> None:
    with a_window() as window:
        someone.comes_in(window)
        pages.upload(window, someone)
        window.page.set_input_files("input[type=file]", made(1))  # type: ignore[arg-type]
        window.page.route("**/photos/upload", lambda _: None)  # never answered
        assert window.page.evaluate(PRESSED) == window.say(
            "Your photos are being sent. Stay on this page; on a slow line it takes a minute."
        )


def test_back_after_sending_shows_nothing_wrong_and_sends_nothing_again(a_window: Opener, someone: Someone) -> None:
    with a_window() as window:
        someone.comes_in(window)
        pages.upload(window, someone)
        window.page.set_input_files("input[type=file]", made(1))  # type: ignore[arg-type]
        window.page.fill("input[name=label]", "Lake")
        window.press("Protect")
        window.page.go_back()
        window.look()
        window.page.set_input_files("input[type=file]", made(1))  # type: ignore[arg-type]
        window.press("Protect")
        assert Photo.objects.of(someone.person).count() == 2


def test_back_after_logging_out_shows_nothing_personal(a_window: Opener, someone: Someone) -> None:
    someone.adds("Lake with Ana")
    with a_window() as window:
        someone.comes_in(window)
        window.open("photos")
        assert "Lake with Ana" in window.text()
        window.open("account")
        window.press("Log out")
        for _ in range(2):
            window.page.go_back()
        assert "Lake with Ana" not in window.page.content()


SENT: dict[str, tuple[Callable[[Window, Someone], None], str, str]] = {
    # what is open when the session ends, the button that is then pressed, and where one is after logging in
    "photos-default": (pages.opened("photos-default"), "main button.button-main", "photos-default"),
    "photos-change": (pages.change_chosen, "main button.button-main", "photos"),
    "photos-withdraw": (pages.chosen_photos, ".bulk button[formaction$=withdraw]", "photos"),
    "photos-restore": (pages.chosen_photos, ".bulk button[formaction$=restore]", "photos"),
    "photos-add": (pages.opened("photos-add"), "main button.button-main", "photos-add"),
    "photos-upload": (pages.upload, "main button.button-main", "photos-add"),
    "photo-choose": (pages.photo_open, "form[action$=choose] button", "photo"),
    "photo-rename": (pages.photo_open, "form[action$=rename] button", "photo"),
    "photo-erase": (pages.of_first_photo("photo-erase"), "main button.button-refuse", "account_reauthenticate"),
    "erase-account": (pages.opened("erase-account"), "main button.button-refuse", "account_reauthenticate"),
}


def test_a_session_that_ended_leads_to_log_in_and_back_and_changes_nothing(a_window: Opener, someone: Someone) -> None:
    someone.adds("One", "Two", "Three")
    actions.withdraw_photos(by=someone.person, photos=[someone.photos[2]])
    with a_window() as window:
        for name, (open_it, button, after) in SENT.items():
            window.context.clear_cookies(name="session")
            someone.comes_in(window)
            open_it(window, someone)
            window.context.clear_cookies(name="session")
            window.click(button)
            assert window.at("account_login"), name
            window.look()
            window.page.fill("input[name=login]", str(someone.person.username))
            window.page.fill("input[name=password]", PASSWORD)
            window.press("Log in")
            here = [someone.photos[0].id] if after == "photo" else []
            assert window.at(after, *here), f"{name}: {window.page.url}"
            window.look()
    assert Photo.objects.of(someone.person).in_state(Photo.State.PROTECTED).count() == 2


def test_a_wrong_token_is_explained_and_changes_nothing(a_window: Opener, someone: Someone) -> None:
    someone.adds("One")
    with a_window() as window:
        window.meant.add(403)
        someone.comes_in(window)
        window.open("photo", someone.photos[0].id)
        window.context.clear_cookies(name="csrf")
        window.press("Withdraw this photo")
        assert window.say("Please send it again") in window.text()
        window.look()
    assert Photo.objects.of(someone.person).in_state(Photo.State.PROTECTED).count() == 1


# Each field that takes text: where it is, and whether what was written comes back when it is refused. Passwords,
# secrets and codes never do. A filter is an address, not a form: a wrong one shows everything.
FIELDS: dict[str, tuple[str, str, bool]] = {
    "photos-upload": ("label", "main button.button-main", True),
    "photo-rename": ("label", "form[action$=rename] button", True),
    "photos": ("name", ".filter button", False),
    "account_login": ("login", "main button.button-main", True),
    "account_signup": ("email", "main button.button-main", True),
    "account_reset_password": ("email", "main button.button-main", True),
    "account_case_open": ("last", "main button.button-main", True),
}
OPENED: dict[str, Callable[[Window, Someone], None]] = {
    "photos-upload": pages.upload,
    "photo-rename": pages.photo_open,
    "account_case_open": pages.sheet,
}


@pytest.mark.parametrize("name", FIELDS)
def test_ten_thousand_emoji_break_nothing_and_are_kept_where_that_is_safe(
    a_window: Opener, someone: Someone, name: str
) -> None:
    field, button, kept = FIELDS[name]
    someone.adds("One")
    with a_window() as window:
        window.meant |= {400, 414, 431}
        if not name.startswith("account"):
            someone.comes_in(window)
        OPENED.get(name, pages.opened(name))(window, someone)
        if name == "photos":
            pages.open_details(window)
        box = window.page.locator(f"main input[name={field}]").first
        box.evaluate(WITHOUT_LIMITS, EMOJI)
        for other in window.page.locator("main input[type=password]").all():
            other.fill(PASSWORD)
        window.click(button)
        if name == "photos":
            return  # too long an address: the server says so, and the list is where it was
        window.look()
        assert window.page.locator("[aria-invalid=true]").count() > 0
        if kept:
            assert window.page.locator(f"main input[name={field}]").first.input_value() == EMOJI


def test_every_text_field_of_the_site_is_known() -> None:
    """A form that is added has to be tried as well."""
    known = set(addresses())
    assert FIELDS.keys() <= known
    assert SENT.keys() <= known
