"""Which pairs of unlike photos show one place: the same carpet, the same wall, the same shoot.

Details find what is left of a photo, and where two photos share a floor a part of each *is* in the other. Such pairs
are false matches of the hard kind and are shown apart. Found by another means than the details under test: SIFT with
its own descriptors at 640 pixels, the ratio test (Lowe 2004) and a homography by RANSAC; and a committed list of photos
that somebody looked at. Two photos that show one place as a third shows it show one place.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from bench.quality.sets import Photo, upright

LIST: Final = Path(__file__).parent / "one-place.txt"
SIDE: Final = 640
RATIO: Final = 0.75
REACH: Final = 6.0  # pixels
FEWEST: Final = 12  # keypoints that one homography brings together; of pairs that share nothing it seldom brings seven
Pair = frozenset[str]


def listed() -> list[list[str]]:
    """Photos of one place, as somebody saw them, a list a place."""
    lines = LIST.read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def groups(pairs: Iterable[Pair], photos: Sequence[Photo]) -> list[set[str]]:
    """Photos by name that show one place each: of these pairs those that a homography joins, and the listed ones."""
    by_name = {photo.name: photo for photo in photos}
    joined = [[name for name in names if name in by_name] for names in listed()]

    @lru_cache(maxsize=500)
    def features(name: str) -> tuple[Any, Any]:
        image = upright(by_name[name].read()).convert("L")
        ratio = SIDE / max(image.size)
        small = image.resize((max(1, round(image.width * ratio)), max(1, round(image.height * ratio))))
        return cv2.SIFT.create(nfeatures=3000).detectAndCompute(np.asarray(small), None)

    joined += [sorted(pair) for pair in pairs if together(*(features(name) for name in sorted(pair))) >= FEWEST]
    found: dict[str, set[str]] = {}
    for names in joined:
        place = set(names).union(*(found.get(name, ()) for name in names))
        found.update(dict.fromkeys(place, place))
    return list({id(place): place for place in found.values()}.values())


def together(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
    """Keypoints that the best homography brings together."""
    (keys, descriptors), (others, other_descriptors) = one, other
    if min(len(keys), len(others)) < FEWEST:
        return 0
    found = cv2.BFMatcher().knnMatch(descriptors, other_descriptors, k=2)
    good = [first for first, second in found if first.distance < RATIO * second.distance]
    if len(good) < FEWEST:
        return 0
    here = np.array([keys[match.queryIdx].pt for match in good], np.float32)
    there = np.array([others[match.trainIdx].pt for match in good], np.float32)
    _, inliers = cv2.findHomography(here, there, cv2.RANSAC, REACH)
    return 0 if inliers is None else int(inliers.sum())
