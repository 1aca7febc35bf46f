"""How far the browser's hashes of a file are from the server's."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from bench.browser.files import KINDS
from bench.quality.sets import Photo, upright
from matching.hashing.hashes import fingerprint_of
from matching.hashing.pictures import pictures
from tests.browser.engine import Engine

FOUND = ("content", "main")  # rectangles that rest on what is within some grey levels: a pixel may move an edge
SURE = 80  # quality from which the reference's authors ask for at most 10 bits


def measured(engine: Engine, photos: list[Photo], as_they_are: int, of_a_kind: int) -> dict[str, Any]:
    """By kind of file."""
    return {"as they are": apart(engine, (photo.read() for photo in some(photos, as_they_are)))} | {
        name: apart(engine, (make(upright(photo.read())) for photo in some(photos, of_a_kind)))
        for name, make in KINDS.items()
    }


def some(photos: list[Photo], count: int) -> list[Photo]:
    """Evenly spread."""
    return photos[:: max(1, len(photos) // count)][:count]


def apart(engine: Engine, files: Iterable[bytes]) -> dict[str, Any]:
    """Which side refused how many files, which views only one side has, and how many bits the others are apart."""
    bits: dict[str, Counter[int]] = defaultdict(Counter)
    alone: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for data in files:
        ours, theirs = of_server(data), of_browser(engine.ask("hash", data))
        refused["neither" if ours and theirs else "browser" if ours else "server" if theirs else "both"] += 1
        if ours and theirs:
            alone.update(key.view for key in ours.keys() ^ theirs.keys())
        for key in ours.keys() & theirs.keys():
            code, quality = ours[key]
            sort = key.algorithm + (", found" if key.view in FOUND else "")
            sort += "" if quality >= SURE else f", quality below {SURE}"
            bits[sort][(int.from_bytes(code) ^ int.from_bytes(theirs[key][0])).bit_count()] += 1
    histograms = {
        sort: {"most": max(counted), "histogram": dict(sorted(counted.items()))}
        for sort, counted in sorted(bits.items())
    }
    return {"refused_by": dict(refused), "views_of_one_side_alone": dict(alone), "bits_apart": histograms}


class Key(NamedTuple):
    frame: int
    view: str
    algorithm: str


Codes = dict[Key, tuple[bytes, int]]  # with the quality


def of_server(data: bytes) -> Codes:
    hashes = fingerprint_of(pictures(data)).hashes
    return {Key(item.frame, item.view, item.algorithm): (item.bits, item.quality) for item in hashes}


def of_browser(answer: dict[str, Any]) -> Codes:
    hashes = answer["fingerprint"]["hashes"] if "fingerprint" in answer else []
    return {
        Key(item["frame"], item["view"], item["algorithm"]): (bytes.fromhex(item["hash"]), item["quality"])
        for item in hashes
    }
