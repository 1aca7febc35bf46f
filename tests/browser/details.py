"""Details made by the browser's modules from canonical pictures: no file is decoded, no server asked."""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple

from playwright.sync_api import Page, Route

from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.pdq import Floats
from tests.integration.web import ROOT

ADDRESS: Final = "http://localhost/"
MAKE: Final = """async ([pictures, definition, module]) => {
  const {found, stored, asked} = await import(module);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const text = (packed) => packed && btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  const canonical = pictures.map(([data, width, height]) => (
    {data: new Float32Array(bytes(data).buffer), width, height}));
  const begin = performance.now();
  const all = found(canonical, definition);
  const kept = stored(all, definition);
  const ms = performance.now() - begin;
  return [text(kept), text(asked(all, definition)), ms];
}"""


class Made(NamedTuple):
    """Packed details, `stored` empty where there are too few; how long the stored ones took."""

    stored: bytes
    asked: bytes
    ms: float


class Maker:
    """A page that makes details. It makes them itself, not in a worker, so that Chromium can be told to be slow."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.route(ADDRESS + "**", _file)
        page.goto(ADDRESS)

    def make(self, canonical: Sequence[Floats]) -> Made:
        """Of the pictures of one file."""
        given = [
            [base64.b64encode(one.astype("<f4").tobytes()).decode(), one.shape[1], one.shape[0]] for one in canonical
        ]
        module = ADDRESS + "static/js/hashing/details.js"
        stored, asked, ms = self.page.evaluate(MAKE, [given, VETO_DETAILS_1.to_json(), module])
        return Made(base64.b64decode(stored or ""), base64.b64decode(asked), ms)


def _file(route: Route) -> None:
    if name := route.request.url.removeprefix(ADDRESS):
        route.fulfill(path=ROOT / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Details</title>", content_type="text/html")
