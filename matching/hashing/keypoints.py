"""Canonical pictures to details. Runs in the decoder process only."""

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from matching.hashing import regions
from matching.hashing.area import SummedArea
from matching.hashing.details import MOST_PARTS, Details, Kind, Part, Places, as_codes
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile, medians
from matching.hashing.pdq import Floats

MAIN_SHARE: Final = 0.85  # of the picture: a larger main block is the whole of it
_SMALLEST: Final = 16  # pixels of a side, below which no keypoint can be
_FULL: Final = 1 << 16

Indices = npt.NDArray[np.intp]

cv2.setNumThreads(0)  # a confined child may start no thread


def stored_details(pictures: Sequence[Floats], profile: DetailsProfile = VETO_DETAILS_1) -> Details | None:
    """What is kept of a photo; None where there are too few keypoints to tell it by.

    `pictures` are canonical, (height, width) float32 luma each.
    """
    parts = [part for picture in pictures for part in _parts(picture, profile, stored=True)]
    details = Details(tuple(parts[:MOST_PARTS]))
    return details if len(details) >= profile.fewest else None


def asked_details(pictures: Sequence[Floats], profile: DetailsProfile = VETO_DETAILS_1) -> Details:
    """What is asked of an image. `pictures` as for `stored_details`."""
    parts = [part for picture in pictures for part in _parts(picture, profile, stored=False)]
    return Details(tuple(parts[:MOST_PARTS]))


def strongest(picture: Floats, profile: DetailsProfile = VETO_DETAILS_1) -> npt.NDArray[np.int64]:
    """(n, 128) descriptors of a picture's keypoints, the strongest first: of what the profile's medians are made."""
    return _Found.of(picture, profile).values


def _parts(picture: Floats, profile: DetailsProfile, *, stored: bool) -> Iterator[Part]:
    left, top, right, bottom = (int(edge) for edge in regions.main_block(picture))
    drawn = regions.surface(picture).astype(np.float32) if stored else None

    def found(rows: slice, columns: slice, kind: Kind) -> _Found:
        of_part = _Found.of(picture[rows, columns], profile)
        if drawn is None:
            return of_part
        return of_part.off_surface(drawn[rows, columns], profile.drawn_share[kind], profile.drawn_reach)

    everything = slice(None)
    if (right - left) * (bottom - top) >= MAIN_SHARE * picture.size:
        yield found(everything, everything, "whole").part("whole", profile, stored=stored)
        return
    yield found(slice(top, bottom), slice(left, right), "main").part("main", profile, stored=stored)
    around = found(everything, everything, "surround")
    if stored:
        ratio = around.width / picture.shape[1]
        around = around.outside(left * ratio, top * ratio, right * ratio, bottom * ratio)
    yield around.part("surround", profile, stored=stored)


class _Found:
    """All keypoints of a picture, the strongest first: `places` as of a part, `values` (n, 128) of the descriptors."""

    def __init__(self, width: int, height: int, places: Places, values: npt.NDArray[np.int64]) -> None:
        self.width, self.height, self.places, self.values = width, height, places, values

    @classmethod
    def of(cls, picture: Floats, profile: DetailsProfile) -> "_Found":
        image = _reduced(picture, profile.longest_side)
        height, width = image.shape
        if min(image.shape) < _SMALLEST:
            return cls(width, height, np.empty((0, 4), np.float32), np.empty((0, 128), np.int64))
        sift = cv2.SIFT.create(nfeatures=0, contrastThreshold=profile.contrast, edgeThreshold=10, sigma=1.6)
        found, descriptors = sift.detectAndCompute(image, None)
        if not len(found):
            return cls(width, height, np.empty((0, 4), np.float32), np.empty((0, 128), np.int64))
        rows = np.array([(*key.pt, np.log2(key.size), key.angle % 360, key.response) for key in found], np.float32)
        order = np.argsort(-rows[:, 4], kind="stable")
        return cls(width, height, rows[order, :4], descriptors[order].astype(np.int64))

    def outside(self, left: float, top: float, right: float, bottom: float) -> "_Found":
        x, y = self.places[:, 0], self.places[:, 1]
        kept = (x < left) | (x >= right) | (y < top) | (y >= bottom)
        return _Found(self.width, self.height, self.places[kept], self.values[kept])

    def off_surface(self, drawn: Floats, most: float, reach: tuple[float, float]) -> "_Found":
        """Without the keypoints of letters and symbols, around which more than a share `most` is drawn surface.

        `drawn` is 1 where the picture is; `reach` how far around is looked: sizes of the keypoint, and at least pixels.
        """
        height, width = drawn.shape
        scale = width / self.width
        table = SummedArea(drawn).table
        far = np.maximum(reach[0] * 2 ** self.places[:, 2], reach[1])

        def edges(middle: Places, limit: int) -> tuple[Indices, Indices]:
            low, high = np.rint((middle + 0.5 - far) * scale), np.rint((middle + 0.5 + far) * scale)
            first = np.clip(low, 0, limit - 1).astype(np.intp)
            return first, np.clip(high, first + 1, limit).astype(np.intp)

        (left, right), (top, bottom) = edges(self.places[:, 0], width), edges(self.places[:, 1], height)
        surface = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        kept = surface <= most * (right - left) * (bottom - top)
        return _Found(self.width, self.height, self.places[kept], self.values[kept])

    def part(self, kind: Kind, profile: DetailsProfile, *, stored: bool) -> Part:
        wanted = (profile.stored if stored else profile.asked)[kind]
        share = profile.stored_coarse_share if stored else profile.asked_coarse_share
        taken = self._taken(wanted, share, profile)
        values = self.values[taken]
        bits = values * _FULL > medians(profile.name) * values.sum(axis=1, keepdims=True)
        return Part(kind, self.width, self.height, as_codes(bits), self.places[taken])

    def _taken(self, wanted: int, share: float, profile: DetailsProfile) -> Indices:
        """So many, a share of them of the coarse ones; where one sort is short, more of the other."""
        coarse = self.places[:, 2] >= profile.coarse
        large, small = np.flatnonzero(coarse), np.flatnonzero(~coarse)
        larger = min(len(large), max(int(wanted * share), wanted - len(small)))
        return np.concatenate(
            [
                large[self._spread(large, larger, profile.grid)],
                small[self._spread(small, wanted - larger, profile.grid)],
            ]
        )

    def _spread(self, among: Indices, wanted: int, grid: int) -> Indices:
        """The first of each cell, then the second, …, of those `among`, which are in order of strength."""
        if len(among) <= wanted:
            return np.arange(len(among))
        side = max(self.width, self.height) / grid
        across, down = np.floor(self.places[among, :2].T / side).astype(np.intp)
        cell = down * (grid + 1) + across
        by_cell = np.argsort(cell, kind="stable")
        sizes = np.unique(cell, return_counts=True)[1]
        rank = np.empty(len(among), np.intp)
        rank[by_cell] = np.concatenate([np.arange(size) for size in sizes])
        return np.argsort(rank, kind="stable")[:wanted]


def _reduced(picture: Floats, longest: int) -> npt.NDArray[np.uint8]:
    """Averaged by area to so many pixels on the longer side, never enlarged, as 8 bits."""
    height, width = picture.shape
    if (ratio := longest / max(height, width)) < 1:
        target = max(1, int(height * ratio + 0.5)), max(1, int(width * ratio + 0.5))
        picture = SummedArea(picture).block((0.0, 0.0, float(width), float(height)), *target)
    rounded: npt.NDArray[np.uint8] = np.floor(np.clip(picture, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return rounded
