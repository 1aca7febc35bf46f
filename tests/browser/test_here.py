"""Photos that never leave the device: hashed in the browser, which sends hashes and nothing else."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from consent.forms.photos import preset_of
from consent.models import OptOut, Photo
from matching.hashing.profile import PROFILES
from tests.browser.conftest import PLENTY, Opener
from tests.browser.people import Someone
from tests.browser.window import Window, window
from tests.integration.web import Web, serving
from tests.pictures import encoded, picture

NAME = "Ana-et-Lou-plage"  # of files: must never be sent
FEW, MANY = 8, 50
SEND, DETAILS = "photos-send", "photos-send-details"
# A phone that needs a while after the engine that hashes is there.
SLOW = """
const request = navigator.locks.request.bind(navigator.locks);
navigator.locks.request = async (...asked) => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return request(...asked);
};
"""


@pytest.fixture
def chosen(tmp_path: Path) -> Callable[..., list[Path]]:
    """Files on a disk, as browsers tell them by name, size and date."""

    def make(number: int, size: tuple[int, int] = (320, 240)) -> list[Path]:
        paths = [tmp_path / f"{NAME}-{index:02}.jpg" for index in range(number)]
        for path in paths:
            path.write_bytes(encoded(picture(uuid4().int % 2**60, size)))
        return paths

    return make


@dataclass
class Sent:
    """Everything that a window asks of anyone."""

    requests: list[tuple[str, str, bytes, str]] = field(default_factory=list)

    def note(self, request: Request) -> None:
        kind = request.headers.get("content-type", "")
        self.requests.append((request.method, request.url, request.post_data_buffer or b"", kind))

    def bodies(self, name: str, window: Window) -> list[dict[str, Any]]:
        address = window.base + window.path(name)
        return [json.loads(body) for method, url, body, _ in self.requests if (method, url) == ("POST", address)]

    def holds_nothing_of(self, files: list[Path]) -> None:
        """Neither a name nor a piece of a file, as it is or in base64, stands in an address or in a body."""
        pieces = [path.read_bytes()[at : at + 24] for path in files for at in (0, 600, 3000)]
        assert {len(piece) for piece in pieces} == {24}
        wanted = [*pieces, *map(base64.b64encode, pieces), NAME.encode()]
        for method, url, body, kind in self.requests:
            assert "multipart" not in kind, url
            assert url.startswith(("http://localhost", "blob:http://localhost")), url
            found = [piece for piece in wanted if piece in body or piece.decode("latin-1") in url]
            assert not found, f"{method} {url}: {found}"


def recorded(window: Window) -> Sent:
    sent = Sent()
    window.context.on("request", sent.note)
    return sent


def opens(window: Window) -> None:
    window.open("photos-here")
    window.page.locator("#here").wait_for()


def chooses(window: Window, files: list[Path]) -> None:
    window.page.set_input_files("#files", files)
    expect(window.page.locator("#chosen")).to_have_text(re.compile(r"\d"))


def starts(window: Window, files: list[Path]) -> None:
    chooses(window, files)
    window.page.locator("#start").click()
    expect(window.page.locator("#going")).to_be_focused()


def finishes(window: Window) -> None:
    expect(window.page.locator("#done")).to_be_focused(timeout=30_000)


def photos_of(someone: Someone) -> int:
    return Photo.objects.of(someone.person).count()


def uses_of(someone: Someone) -> Counter[str]:
    """How many photos refuse what, by the preset."""
    refused = OptOut.objects.filter(photo__person=someone.person, withdrawn_at=None).values_list("uses", flat=True)
    return Counter(preset_of(uses) for uses in refused)


def checks_form(body: dict[str, Any]) -> None:
    """Hashes, a choice and random ids; no field for anything else."""
    assert body.keys() == {"choice", "photos"}
    assert body["choice"].keys() == {"whose", "preset", "uses", "keep_details"}
    for photo in body["photos"]:
        assert photo.keys() == {"id", "label", "fingerprints", "details", "details_follow"}
        assert len(photo["details"] or "") < 12_000
        for item in photo["fingerprints"]:
            assert item.keys() == {"profile", "hashes"}
            for each in item["hashes"]:
                assert each.keys() <= {"view", "algorithm", "hash", "quality", "texture", "frame", "orientation"}
                assert len(each["hash"]) == 64


@pytest.mark.parametrize(("language", "width", "number"), [("fr", 360, FEW), ("en", 1280, MANY)])
def test_many_photos_are_protected_paused_resumed_found_changed_and_withdrawn(
    a_window: Opener, web: Web, key: str, someone: Someone, chosen: Any, language: str, width: int, number: int
) -> None:
    files = chosen(number)
    with a_window(language=language, width=width) as window:
        sent = recorded(window)
        someone.comes_in(window)
        opens(window)
        window.look()
        starts(window, files)
        window.page.locator("#pause").click()
        expect(window.page.locator("#pause")).to_have_text(window.say("Go on"))
        window.look()
        window.reachable()
        window.page.reload()
        window.page.locator("#here").wait_for()
        expect(window.page.locator("#again li").first).to_contain_text(NAME)
        window.reachable()
        window.page.set_input_files("#files", files)
        expect(window.page.locator("#again")).to_be_hidden()
        window.page.locator("#pause").click()
        finishes(window)
        assert photos_of(someone) == number
        window.look()
        window.reachable()
        sent.holds_nothing_of(files)
        assert sent.bodies(SEND, window)
        for body in sent.bodies(SEND, window):
            checks_form(body)
        assert web.check_image(files[-1].read_bytes(), key).json["result"] == "protected"

        window.open("photos-find")
        window.page.locator("#here").wait_for()
        window.page.set_input_files("#files", files[3])
        expect(window.page.locator("#said")).to_have_text(window.say("It is this one:"))
        window.reachable()
        window.click("#found a")
        assert window.say("What was decided, and when") in window.text()

        window.open("photos")
        window.page.check("#every")
        window.press("Change")
        window.page.check("input[name=preset][value=refuse-everything]")
        window.press("Save")
        assert uses_of(someone) == {"refuse-everything": number}
        window.page.check("#every")
        window.press("Withdraw")
        assert window.at("photos-undo")
        window.look()
        window.reachable()
        assert web.check_image(files[-1].read_bytes(), key).json["result"] == "no_match"
        window.click("main button.button-main")
        assert uses_of(someone) == {"refuse-everything": number}
        sent.holds_nothing_of(files)


def test_what_was_hashed_is_sent_when_the_line_comes_back_even_after_a_reload(
    a_window: Opener, someone: Someone, chosen: Any
) -> None:
    files = chosen(FEW)
    with a_window(width=360) as window:
        window.page.on("console", lambda _: window.problems.clear())  # the browser logs each try that failed
        someone.comes_in(window)
        opens(window)
        pattern = window.base + window.path(SEND)
        window.context.route(pattern, lambda route: route.abort())
        starts(window, files)
        expect(window.page.locator("#trouble")).to_have_text(re.compile("No connection"))
        expect(window.page.locator("#doing")).to_have_text("Sending fingerprints", timeout=20_000)
        for label in ("Go on", "Pause"):
            window.page.locator("#pause").click()
            expect(window.page.locator("#pause")).to_have_text(label)
        assert photos_of(someone) == 0
        window.page.reload()
        window.context.unroute(pattern)
        window.page.locator("#here").wait_for()
        finishes(window)
        assert photos_of(someone) == FEW


def test_on_a_slow_device_what_is_chosen_as_soon_as_the_page_shows_how_is_taken(
    a_window: Opener, someone: Someone, chosen: Any
) -> None:
    with a_window() as window:
        window.page.add_init_script(SLOW)
        someone.comes_in(window)
        opens(window)
        chooses(window, chosen(1))


def test_an_answer_that_is_lost_registers_nothing_twice(a_window: Opener, someone: Someone, chosen: Any) -> None:
    files, lost = chosen(FEW), []

    def loses(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)  # it is there, and nobody learns of it
            route.abort()
        else:
            route.continue_()

    with a_window() as window:
        window.page.on("console", lambda _: window.problems.clear())
        someone.comes_in(window)
        opens(window)
        window.context.route(window.base + window.path(SEND), loses)
        starts(window, files)
        finishes(window)
        assert lost == [200, 200]
        assert photos_of(someone) == FEW
        expect(window.page.locator("#done-said")).to_have_text(f"Done. Registered: {FEW}.")


def test_what_fails_is_named_with_its_reason_and_may_be_stopped(
    a_window: Opener, someone: Someone, chosen: Any, tmp_path: Path
) -> None:
    note, blank = tmp_path / "note.jpg", tmp_path / "blank.jpg"
    note.write_bytes(b"no photo at all")
    blank.write_bytes(encoded(picture(1, (320, 240)).point(lambda _: 255)))
    with a_window(language="fr", width=360) as window:
        someone.comes_in(window)
        opens(window)
        starts(window, [note, blank, *chosen(2)])
        finishes(window)
        failed = window.page.locator("#failed").inner_text()
        assert "note.jpg – Ce n’est pas une photo" in failed
        assert "blank.jpg – On y voit trop peu" in failed
        assert photos_of(someone) == 2
        window.reachable()
        starts(window, [*chosen(20)])
        window.page.locator("#cancel").click()
        expect(window.page.locator("#done")).to_be_focused()
        window.page.reload()
        window.page.locator("#here").wait_for()
        expect(window.page.locator("#again")).to_be_hidden()


def test_intimate_photos_and_those_of_children_have_this_way_and_no_upload(
    a_window: Opener, someone: Someone, chosen: Any
) -> None:
    with a_window(width=360) as window:
        someone.comes_in(window)
        window.open("photos-add")
        window.page.check("input[name=whose][value=child]")
        window.page.check("input[name=sensitive][value=yes]")
        window.press("Continue")
        assert window.page.locator("input[type=file]").count() == 0
        window.follow("Protect them on this device")
        window.page.locator("#here").wait_for()
        window.page.check("input[name=whose][value=child]")
        starts(window, chosen(1))
        finishes(window)
    [photo] = Photo.objects.of(someone.person)
    assert photo.declaration == "child"


def test_previews_are_off_until_wished_for_and_wiped_with_one_button(
    a_window: Opener, someone: Someone, chosen: Any
) -> None:
    kept = "async own => (await indexedDB.databases()).some(({name}) => name === own)"
    someone.adds("Lake")
    with a_window() as window:
        someone.comes_in(window)
        window.open("photos")
        own = window.page.locator("[data-own]").get_attribute("data-own")
        assert not window.page.evaluate(kept, own)
        opens(window)
        starts(window, chosen(1))
        finishes(window)
        window.open("photos")
        window.page.wait_for_load_state("networkidle")
        assert window.page.locator("canvas.preview").count() == 0
        opens(window)
        window.page.locator("#device summary").click()
        window.page.check("#previews")
        starts(window, chosen(2))
        finishes(window)
        window.open("photos")
        expect(window.page.locator("canvas.preview")).to_have_count(2)
        window.reachable()
        window.page.locator("#wipe").click()
        expect(window.page.locator("canvas.preview")).to_have_count(0)
        window.page.reload()
        window.page.wait_for_load_state("networkidle")
        assert window.page.locator("canvas.preview").count() == 0


def test_a_browser_that_falsifies_pixels_is_told_and_another_way_offered(a_window: Opener, someone: Someone) -> None:
    false = "export const canvasIsTrue = () => Promise.resolve(false);"
    with a_window(language="fr", width=360) as window:
        someone.comes_in(window)
        window.context.route(
            "**/hashing/pattern.js", lambda route: route.fulfill(body=false, content_type="text/javascript")
        )
        window.open("photos-here")
        expect(window.page.locator("#why")).to_contain_text("modifie ce que les pages lisent")
        expect(window.page.locator("#here")).to_be_hidden()
        window.reachable()
        window.follow("Send photos instead")
        assert window.at("photos-add")


def test_photos_are_hashed_under_every_profile_that_the_server_knows(
    a_window: Opener, someone: Someone, chosen: Any
) -> None:
    def with_an_older_one(route: Route) -> None:
        definitions = route.fetch().json()
        older = [definitions["profile"] | {"name": "veto-0"}]
        route.fulfill(json=definitions | {"older": older})

    with a_window() as window:
        sent = recorded(window)
        someone.comes_in(window)
        window.context.route(window.base + window.path("hashing-definitions"), with_an_older_one)
        opens(window)
        starts(window, chosen(1))
        finishes(window)  # refused here, where no such profile was ever known
        [body] = sent.bodies(SEND, window)
        names = [each["profile"] for each in body["photos"][0]["fingerprints"]]
        assert names == [definition.name for definition in PROFILES.values()] + ["veto-0"]


def test_without_scripts_the_way_by_sending_is_offered(a_window: Opener, someone: Someone) -> None:
    with a_window(javascript=False) as window:
        someone.comes_in(window)
        window.open("photos-here")
        assert not window.page.locator("#here").is_visible()
        window.follow("Send photos instead")
        assert window.at("photos-add")
        window.open("check")
        assert "needs JavaScript" in window.text()


def test_anyone_checks_a_photo_that_stays_on_the_device(a_window: Opener, someone: Someone, chosen: Any) -> None:
    mine, other = chosen(2)
    with a_window() as window:
        someone.comes_in(window)
        opens(window)
        starts(window, [mine])
        finishes(window)
    with a_window(language="fr", width=360) as window:
        sent = recorded(window)
        window.open("check")
        window.page.locator("#here").wait_for()
        for path, begins in ((mine, "Oui"), (other, "Non")):
            window.page.set_input_files("#files", path)
            expect(window.page.locator("#said")).to_have_text(re.compile(f"^{begins}"))
        window.reachable()
        window.look()
        sent.holds_nothing_of([mine, other])


DECODER_OFF = '''"""No decoder can be started in this process."""
import subprocess

start = subprocess.Popen.__init__


def refuse(self, args, *rest, **options):
    if "matching.hashing.decoder_process" in args:
        raise OSError("switched off")
    start(self, args, *rest, **options)


subprocess.Popen.__init__ = refuse
'''


@pytest.fixture
def undecoding(committed: None, browser: Browser, key: str, tmp_path: Path) -> Any:
    """A window on a server that can't decode, and that server."""
    (tmp_path / "sitecustomize.py").write_text(DECODER_OFF)
    with serving(tmp_path / "web.log", PYTHONPATH=str(tmp_path), **PLENTY) as server:
        opener: Callable[..., AbstractContextManager[Window]] = partial(
            window, browser, f"http://localhost:{server.port}"
        )
        yield opener, server


def test_the_servers_decoder_is_not_used(undecoding: Any, key: str, someone: Someone, chosen: Any) -> None:
    opener, server = undecoding
    files = chosen(3)
    assert server.check_image(files[0].read_bytes(), key).status == 503
    with opener(width=360) as window:
        someone.comes_in(window)
        opens(window)
        starts(window, files)
        finishes(window)
        assert photos_of(someone) == len(files)
        window.open("photos-find")
        window.page.locator("#here").wait_for()
        window.page.set_input_files("#files", files[1])
        expect(window.page.locator("#said")).to_have_text("It is this one:")
