"""`python -m bench.browser.details`, or `make bench-browser-details`: details that browsers make, beside the server's.

Every alteration of `make quality` meets some photos. Of each picture both sides make what is stored and what is asked,
from the same canonical pixels; the server compares them all. Writes bench/results/browser-details.json.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from playwright.sync_api import sync_playwright
from tqdm import tqdm

from bench.browser.__main__ import here
from bench.browser.speed import Memory
from bench.quality import details, sampling, sets
from bench.quality.alterations import ALTERATIONS, GROUPS, altered
from bench.quality.recall import FORWARD, REVERSE
from bench.quality.sets import Photo, upright
from matching.hashing import keypoints
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.pdq import Floats
from matching.hashing.pictures import pictures
from tests.browser.details import Maker
from tests.browser.window import launch

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "browser-details.json"
ITSELF: Final = "itself"
# Who made what is stored, and who what is asked.
WAYS: Final = {"server → server": (0, 0), "browser → server": (1, 0), "server → browser": (0, 1)}
PHONE: Final = 6  # times slower: an old phone, as Chromium's developers take it
TIMED: Final = 40  # photos

Job = tuple[Photo, tuple[str, ...]]
Found = Counter[tuple[str, str, str]]  # by "group/name", direction and way
_NAMES: Final = {f"{alteration.group}/{alteration.name}": alteration for alteration in ALTERATIONS}


@dataclass(frozen=True, slots=True)
class Both:
    """Packed details of a picture by the server and by the browser, empty where there are too few."""

    stored: tuple[bytes, bytes]
    asked: tuple[bytes, bytes]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.browser.details", description=__doc__)
    parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""), required=not os.environ.get("PHOTOS"))
    parser.add_argument("--each", type=int, default=4, help="photos that each alteration meets")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    photos = sets.photos(given.photos)
    wanted = sampling.wanted(photos, given.each)
    jobs = [(photo, names) for photo, names in zip(photos, wanted, strict=True) if names]
    begin = time.monotonic()
    figures: dict[str, Any] = {"photos": len(jobs), "each": given.each}
    with sync_playwright() as playwright, launch(playwright) as browser:
        maker = Maker(browser.new_page())
        figures |= {"machine": here(browser.version), "cost": cost(maker, photos)}
        made = list(tqdm(both(maker, jobs), "photos and copies", len(jobs)))
    found = compared(made)
    figures["sum"] = shown(made, found, list(_NAMES))
    figures["groups"] = [
        {"name": group.name, "title": group.title} | shown(made, found, _of_group(group.name, group.part))
        for group in GROUPS
    ]
    figures["seconds"] = round(time.monotonic() - begin)
    given.results.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    print(f"{given.results} after {figures['seconds']} s")


def cost(maker: Maker, photos: Sequence[Photo]) -> dict[str, Any]:
    """Milliseconds of what is stored of a photo, here and on a slow phone, and what it takes of memory."""
    some = [pictures(photo.read()) for photo in photos[:: max(1, len(photos) // TIMED)][:TIMED]]
    for canonical in some[:5]:
        maker.make(canonical)  # compiled by now
    with Memory() as memory:
        here = [quickest(maker, canonical) for canonical in some]
    session = maker.page.context.new_cdp_session(maker.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": PHONE})
    slow = [quickest(maker, canonical) for canonical in some[::4]]
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return {"ms": _spread(here), f"ms_{PHONE}_times_slower": _spread(slow)} | memory.found()


def quickest(maker: Maker, canonical: Sequence[Floats]) -> float:
    """Of three: what else the machine does is not the question."""
    return min(maker.make(canonical).ms for _ in range(3))


def _spread(values: Sequence[float]) -> dict[str, int]:
    return {"median": round(statistics.median(values)), "p95": round(float(np.percentile(values, 95)))}


def both(maker: Maker, jobs: Sequence[Job]) -> Iterator[dict[str, Both]]:
    """For each photo what both sides made of it and of its copies, by "group/name"."""
    # One process: the browser has the other core.
    with multiprocessing.get_context("spawn").Pool(1, cv2.setNumThreads, (1,)) as pool:
        for seen in pool.imap(look, jobs):
            made = {}
            for name, (canonical, stored, asked) in seen.items():
                browsers = maker.make(canonical)
                made[name] = Both((stored, browsers.stored), (asked, browsers.asked))
            yield made


def look(job: Job) -> dict[str, tuple[list[Floats], bytes, bytes]]:
    """Canonical pictures, and the server's stored and asked details, of a photo and of its copies."""
    photo, names = job
    data = photo.read()
    image = upright(data)
    files = {ITSELF: data} | {name: altered(image, _NAMES[name], photo.name) for name in names}
    return {name: _looked(pictures(file)) for name, file in files.items()}


def _looked(canonical: list[Floats]) -> tuple[list[Floats], bytes, bytes]:
    found = keypoints.found_in(canonical)
    stored = keypoints.stored(found, VETO_DETAILS_1)
    asked = keypoints.asked(found, VETO_DETAILS_1).to_bytes(coarse=False)
    return canonical, stored.to_bytes(coarse=True) if stored else b"", asked


def compared(made: Sequence[dict[str, Both]]) -> Found:
    """What is found, asked as bench.quality.measure asks: of all photos, and of a photo's copies alone."""
    found: Found = Counter()
    limit = VETO_DETAILS_1.thresholds.match
    copies = [(place, name) for place, photo in enumerate(made) for name in photo if name != ITSELF]
    for way, (by, of) in WAYS.items():
        kept = [photo[ITSELF].stored[by] for photo in made]
        asked = [details.Asked(made[place][name].asked[of]) for place, name in copies]
        for (place, name), near in zip(copies, details.answers(kept, asked, f"{way}, copies"), strict=True):
            found[name, FORWARD, way] += near.get(place, details.FULL) <= limit
        alone = [[one.stored[by] for name, one in photo.items() if name != ITSELF] for photo in made]
        asked = [details.Asked(photo[ITSELF].asked[of], those) for photo, those in zip(made, alone, strict=True)]
        for photo, near in zip(made, details.answers([], asked, f"{way}, photos"), strict=True):
            for place, name in enumerate(name for name in photo if name != ITSELF):
                found[name, REVERSE, way] += near.get(place, details.FULL) <= limit
    return found


def shown(made: Sequence[dict[str, Both]], found: Found, names: Sequence[str]) -> dict[str, Any]:
    tried = sum(name in photo for photo in made for name in names)
    return {
        direction: {"tried": tried} | {way: sum(found[name, direction, way] for name in names) for way in WAYS}
        for direction in (FORWARD, REVERSE)
    }


def _of_group(name: str, part: str) -> list[str]:
    return [key for key, one in _NAMES.items() if one.group == name and part in one.name]


if __name__ == "__main__":
    main()
