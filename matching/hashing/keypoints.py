"""Canonical pictures to details."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from . import regions
from .area import SummedArea, eight_bits
from .details import MOST_PARTS, Details, Kind, Part, Places, as_codes
from .details_profile import VETO_DETAILS_1, DetailsProfile, medians
from .pdq import Bytes, Floats

MAIN_SHARE: Final = 0.85  # of the picture: a larger main block is the whole of it
MOSTLY_DRAWN: Final = 0.5  # of the picture: a page of letters in which no photo was found is all surround
_SMALLEST: Final = 16  # pixels of a side, below which no keypoint can be
_FULL: Final = 1 << 16

Indices = npt.NDArray[np.intp]


def stored_details(pictures: Sequence[Floats], profile: DetailsProfile = VETO_DETAILS_1) -> Details | None:
    """What is kept of a photo; None where there are too few keypoints to tell it by.

    `pictures` are canonical, (height, width) float32 luma each.
    """
    return stored(found_in(pictures, profile), profile)


def asked_details(pictures: Sequence[Floats], profile: DetailsProfile = VETO_DETAILS_1) -> Details:
    """What is asked of an image. `pictures` as for `stored_details`."""
    return asked(found_in(pictures, profile), profile)


def stored(found: Sequence["Found"], profile: DetailsProfile) -> Details | None:
    """Of all keypoints those that are kept, see `stored_details`."""
    parts = [each.off_surface(profile).outside_main().part(profile, stored=True) for each in found]
    details = Details(tuple(part for part in parts if len(part) >= profile.fewest[part.kind]))
    return details if details.parts else None


def asked(found: Sequence["Found"], profile: DetailsProfile) -> Details:
    """Of all keypoints those that are asked."""
    return Details(tuple(each.part(profile, stored=False) for each in found))


def found_in(pictures: Sequence[Floats], profile: DetailsProfile = VETO_DETAILS_1) -> list["Found"]:
    """All keypoints of all parts of these pictures, as many parts as details may have."""
    return [part for picture in pictures for part in _parts(picture, profile)][:MOST_PARTS]


def _parts(picture: Floats, profile: DetailsProfile) -> Iterator["Found"]:
    surface = regions.surface(picture)
    left, top, right, bottom = main = tuple(int(edge) for edge in regions.main_block(picture, surface))
    drawn = surface.astype(np.float32)
    if (right - left) * (bottom - top) >= MAIN_SHARE * picture.size:
        kind: Kind = "surround" if drawn.mean() > MOSTLY_DRAWN else "whole"
        yield Found.of(kind, picture, drawn, profile)
        return
    inner = slice(top, bottom), slice(left, right)
    yield Found.of("main", picture[inner], drawn[inner], profile)
    yield Found.of("surround", picture, drawn, profile, main)


@dataclass(frozen=True, slots=True)
class Found:
    """All keypoints of a part, the strongest first.

    `places` is as of a part, `values` (n, 128) of the descriptors; `drawn` is 1 where the canonical pixels of the part
    are drawn surface; `main` the main block that a surround is around, in those pixels.
    """

    kind: Kind
    width: int
    height: int
    places: Places
    values: npt.NDArray[np.int64]
    drawn: Floats
    main: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, kind: Kind, picture: Floats, drawn: Floats, profile: DetailsProfile, main: tuple[int, ...] = ()
    ) -> "Found":
        image = _reduced(picture, profile.longest_side)
        height, width = image.shape
        nothing = cls(kind, width, height, np.empty((0, 4), np.float32), np.empty((0, 128), np.int64), drawn, main)
        if min(image.shape) < _SMALLEST:
            return nothing
        sift = cv2.SIFT.create(nfeatures=0, contrastThreshold=profile.contrast, edgeThreshold=10, sigma=1.6)
        found, descriptors = sift.detectAndCompute(image, None)
        if not len(found):
            return nothing
        rows = np.array([(*key.pt, np.log2(key.size), key.angle % 360, key.response) for key in found], np.float32)
        order = np.argsort(-rows[:, 4], kind="stable")
        return replace(nothing, places=rows[order, :4], values=descriptors[order].astype(np.int64))

    @property
    def _scale(self) -> float:
        """Canonical pixels to a pixel of the part."""
        across: int = self.drawn.shape[1]
        return across / self.width

    def outside_main(self) -> "Found":
        """Without what the main block has as a part of its own."""
        if not self.main:
            return self
        left, top, right, bottom = self.main
        x, y = self.places[:, 0] * self._scale, self.places[:, 1] * self._scale
        return self._only((x < left) | (x >= right) | (y < top) | (y >= bottom))

    def off_surface(self, profile: DetailsProfile) -> "Found":
        """Without the keypoints of letters and symbols, which have drawn surface all around."""
        height, width = self.drawn.shape
        table = SummedArea(self.drawn).table
        sizes, pixels = profile.drawn_reach
        far = np.maximum(sizes * 2 ** self.places[:, 2], pixels)

        def edges(middle: Places, limit: int) -> tuple[Indices, Indices]:
            low, high = ((middle + 0.5 + side * far) * self._scale for side in (-1, 1))
            first = np.clip(np.rint(low), 0, limit - 1).astype(np.intp)
            return first, np.clip(np.rint(high), first + 1, limit).astype(np.intp)

        (left, right), (top, bottom) = edges(self.places[:, 0], width), edges(self.places[:, 1], height)
        surface = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        return self._only(surface <= profile.drawn_share[self.kind] * (right - left) * (bottom - top))

    def _only(self, kept: npt.NDArray[np.bool_]) -> "Found":
        return replace(self, places=self.places[kept], values=self.values[kept])

    def part(self, profile: DetailsProfile, *, stored: bool) -> Part:
        wanted = (profile.stored if stored else profile.asked)[self.kind]
        share = profile.stored_coarse_share if stored else profile.asked_coarse_share
        taken = self._taken(wanted, share, profile)
        values = self.values[taken]
        bits = values * _FULL > medians(profile.name) * values.sum(axis=1, keepdims=True)
        return Part(self.kind, self.width, self.height, as_codes(bits), self.places[taken])

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


def _reduced(picture: Floats, longest: int) -> Bytes:
    """Averaged by area to so many pixels on the longer side, never enlarged, as 8 bits."""
    height, width = picture.shape
    if (ratio := longest / max(height, width)) < 1:
        target = max(1, int(height * ratio + 0.5)), max(1, int(width * ratio + 0.5))
        picture = SummedArea(picture).block((0.0, 0.0, float(width), float(height)), *target)
    return eight_bits(picture)
