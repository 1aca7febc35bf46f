"""Fingerprints made by the browser: the same bits as the server's, and an honest word where there are none."""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Error, Route

from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.hashes import fingerprint_of
from matching.hashing.pictures import pictures
from tests import vectors
from tests.browser.engine import Engine
from tests.browser.window import window
from tests.integration.web import ROOT, Web
from tests.pictures import encoded, picture, textured

VECTORS = json.loads(vectors.FILE.read_text())
CASES = dict(vectors.cases())
WORKER = ROOT / "static" / "js" / "hashing" / "worker.js"
# Some browsers change a few pixels that are read, a little.
RANDOMISING = """{
  const context = OffscreenCanvasRenderingContext2D.prototype, read = context.getImageData;
  context.getImageData = function (...part) {
    const image = read.apply(this, part);
    image.data[41] ^= 1;
    return image;
  };
}"""
SLOW_DETAILS = """{
  const post = self.postMessage.bind(self);
  self.postMessage = (said) => "done" in said ? setTimeout(post, 2000, said) : post(said);
}"""
DYING = "self.onmessage = ({ data }) => { if (!data.start) throw new Error('out of memory'); };"


@pytest.fixture(scope="module")
def engine(browser: Browser, web: Web) -> Iterator[Engine]:
    with window(browser, f"http://localhost:{web.port}") as opened:
        yield Engine(opened)


@pytest.mark.parametrize("name", CASES)
def test_the_browser_makes_the_hashes_of_the_vectors(engine: Engine, name: str) -> None:
    photo = vectors.png(CASES[name])
    assert engine.stored(photo) == VECTORS[name]["stored"]
    asked = "\n".join(engine.asked(photo))
    assert hashlib.sha256(asked.encode()).hexdigest() == VECTORS[name]["asked"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_hashed_upright_as_the_server_does(engine: Engine, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = encoded(picture(1, (900, 600)), exif=exif)
    ours, theirs = ([line.split() for line in found] for found in (engine.stored(photo), server(photo)))
    assert [line[:4] for line in ours] == [line[:4] for line in theirs]
    assert max(apart(one[4], other[4]) for one, other in zip(ours, theirs, strict=True)) <= 4


def server(photo: bytes) -> list[str]:
    return vectors.lines(fingerprint_of(pictures(photo)))


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


NO_PHOTOS = {
    "a file that is no picture": (b"hello", "", "undecodable"),
    "half a photo": (encoded(picture(1))[:2000], "image/jpeg", "undecodable"),
    "a photo of a kind that this browser cannot decode": (
        struct.pack(">I4s4sI4s", 20, b"ftyp", b"heic", 0, b"mif1") + bytes(99), "image/heic", "heic-unsupported",
    ),
    "a picture of ten thousand megapixels": (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 100_000, 100_000) + bytes(20), "", "too-large",
    ),
    "a blank picture": (encoded(Image.new("RGB", (300, 300), "grey")), "", "low-quality"),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_PHOTOS)
@pytest.mark.parametrize("task", ["hash", "query"])
def test_it_is_said_why_there_is_no_fingerprint(engine: Engine, what: str, task: str) -> None:
    photo, kind, code = NO_PHOTOS[what]
    assert engine.ask(task, photo, kind) == {"code": code}


def test_what_sees_the_photo_can_ask_for_nothing(engine: Engine) -> None:
    engine.stored(vectors.png(CASES["small"]))
    assert engine.page.evaluate("fetch('/').then((answer) => answer.ok)")
    with pytest.raises(Error, match="Failed to fetch"):
        engine.page.workers[-1].evaluate("fetch('/')")


@pytest.mark.parametrize(("deaths", "outcome"), [(1, "hashed"), (2, "undecodable")])
def test_a_worker_that_dies_is_replaced_and_its_photo_tried_once_more(
    browser: Browser, web: Web, deaths: int, outcome: str
) -> None:
    dying = iter([WORKER.read_text() + DYING] * deaths)

    with window(browser, f"http://localhost:{web.port}") as opened:
        opened.context.route("**/js/hashing/worker.js", lambda route: served(route, next(dying, WORKER.read_text())))
        answer = Engine(opened).ask("hash", vectors.png(CASES["small"]))
        opened.problems.clear()  # what it died of
    assert answer.get("code", "hashed") == outcome


def served(route: Route, script: str) -> None:
    route.fulfill(content_type="text/javascript", body=script)


def test_details_come_with_the_hashes_where_they_are_wanted(engine: Engine) -> None:
    photo = encoded(textured(1))
    wanted = Details.from_bytes(base64.b64decode(engine.ask("hash", photo, wantDetails=True)["details"]), coarse=True)
    assert len(wanted) == VETO_DETAILS_1.stored["whole"]
    assert engine.ask("hash", photo)["details"] is None


def test_hashes_do_not_wait_for_details_that_take_long(browser: Browser, web: Web) -> None:
    slow = WORKER.read_text() + SLOW_DETAILS
    with window(browser, f"http://localhost:{web.port}") as opened:
        opened.context.route("**/js/hashing/worker.js", lambda route: served(route, slow))
        answer = Engine(opened).ask("hash", encoded(textured(1)), wantDetails=True)
    assert answer["fingerprint"]["hashes"]
    assert answer["details"] is None
    assert answer["detailsLater"]


def test_what_is_given_up_ends_at_once_and_leaves_the_others(engine: Engine) -> None:
    photo = vectors.png(CASES["landscape"])
    codes = engine.page.evaluate(
        """async (bytes) => {
          const blob = new Blob([Uint8Array.from(bytes)]), all = Array.from({length: 3}, () => new AbortController());
          const asked = all.map(({signal}) => hasher.hash(blob, {signal}).then(() => "done", ({code}) => code));
          all[0].abort();
          all[2].abort();
          return Promise.all(asked);
        }""",
        list(photo),
    )
    assert codes == ["aborted", "done", "aborted"]


def test_a_browser_that_changes_what_a_canvas_gives_back_is_found_out(browser: Browser, web: Web) -> None:
    with window(browser, f"http://localhost:{web.port}") as opened:
        engine = Engine(opened)
        assert opened.page.evaluate("selfTest()") == {"ok": True}
        opened.context.route("**/js/hashing/worker.js", lambda route: served(route, WORKER.read_text() + RANDOMISING))
        engine = Engine(opened)
        assert opened.page.evaluate("selfTest()") == {"ok": False, "reason": "canvas-randomised"}
        assert engine.ask("hash", vectors.png(CASES["small"])) == {"code": "canvas-randomised"}


def test_without_a_canvas_in_workers_the_page_reads_the_photo(browser: Browser, web: Web) -> None:
    with window(browser, f"http://localhost:{web.port}") as opened:
        opened.context.add_init_script("delete window.OffscreenCanvas")
        engine = Engine(opened)
        assert opened.page.evaluate("selfTest()") == {"ok": True}
        assert engine.stored(vectors.png(CASES["transparent"])) == VECTORS["transparent"]["stored"]
