"""Rectangles that hold the picture proper: without borders, or the block of a screenshot that is a photo.

Ours, deterministic, on the canonical picture. A rectangle is (left, top, right, bottom) in its pixels.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from .pdq import Floats

Rectangle = tuple[float, float, float, float]
_Flat = Callable[[Floats], npt.NDArray[np.bool_]]

_STRICT_RANGE: Final = 20.0  # grey levels within a uniform line: what JPEG at quality 50 leaves of one
_LOOSE_RANGE: Final = 12.0  # grey levels around the edge's colour
_LOOSE_SHARE: Final = 0.7  # of the line has that colour: a caption covers less than the rest
_SMALLEST_SHARE: Final = 0.2  # of a side must remain, else what was found is not a border

_STILL: Final = 0.75  # grey levels to the neighbours: drawn surfaces have 0, even after compression and averaging
_SURFACE_SHARE: Final = 0.03  # of all pixels have one grey level, standing still: a drawn surface, not a sky
_GRID: Final = 64  # lines at which a block is first looked for
_REFINEMENTS: Final = 2
_SURFACE_COSTS: Final = 2  # pixels of picture: a gap between two photos of a feed then parts them, as words do not
_NEAR: Final = 3.0  # grey levels of a line's pixels around a drawn edge's colour
_NEAR_SHARE: Final = 0.9  # of them: a bubble or card has round corners


def center(picture: Floats, per_cent: float, within: Rectangle | None = None) -> Rectangle:
    """The middle of a rectangle (default: the whole picture) that keeps so many per cent of each side."""
    left, top, right, bottom = within or whole(picture)
    cut = (1 - per_cent / 100) / 2
    across, down = (right - left) * cut, (bottom - top) * cut
    return left + across, top + down, right - across, bottom - down


def aspect(picture: Floats, across: int, down: int) -> Rectangle:
    """The largest rectangle of these proportions in the middle."""
    height, width = picture.shape
    wide, high = min(float(width), height * across / down), min(float(height), width * down / across)
    return (width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2


def whole(picture: Floats) -> Rectangle:
    height, width = picture.shape
    return 0.0, 0.0, float(width), float(height)


def trim(picture: Floats) -> Rectangle:
    """Cut off lines at each edge while each is uniform and has the colour of the edge, until none is left."""
    return _trimmed(picture, _uniform)


def trim_loose(picture: Floats) -> Rectangle:
    """Cut off lines at each edge while most of each has the colour of the edge: borders with captions."""
    return _trimmed(picture, _mostly)


def _uniform(lines: Floats) -> npt.NDArray[np.bool_]:
    colour = np.median(lines[0])
    low, high = lines.min(axis=1), lines.max(axis=1)
    uniform: npt.NDArray[np.bool_] = (high - low <= _STRICT_RANGE) & (
        np.abs((high + low) / 2 - colour) <= _STRICT_RANGE
    )
    return uniform


def _mostly(lines: Floats) -> npt.NDArray[np.bool_]:
    colour = np.median(lines[0])
    share = (np.abs(lines - colour) <= _LOOSE_RANGE).mean(axis=1)
    mostly: npt.NDArray[np.bool_] = share >= _LOOSE_SHARE
    return mostly


def _trimmed(picture: Floats, flat: _Flat) -> Rectangle:
    height, width = picture.shape
    left, top, right, bottom = 0, 0, width, height
    before = None
    while before != (left, top, right, bottom):
        before = (left, top, right, bottom)
        top += _flat_lines(picture[top:bottom, left:right], flat)
        bottom -= _flat_lines(picture[top:bottom, left:right][::-1], flat)
        left += _flat_lines(picture[top:bottom, left:right].T, flat)
        right -= _flat_lines(picture[top:bottom, left:right].T[::-1], flat)
        if bottom - top < height * _SMALLEST_SHARE or right - left < width * _SMALLEST_SHARE:
            return whole(picture)
    return float(left), float(top), float(right), float(bottom)


def _flat_lines(lines: Floats, flat: _Flat) -> int:
    if not lines.size:
        return 0
    ends = np.flatnonzero(~flat(lines))
    return int(ends[0]) if len(ends) else len(lines)


def _drawn(lines: Floats) -> npt.NDArray[np.bool_]:
    share = (np.abs(lines - np.median(lines[0])) <= _NEAR).mean(axis=1)
    drawn: npt.NDArray[np.bool_] = share >= _NEAR_SHARE
    return drawn


def main_block(picture: Floats, drawn: npt.NDArray[np.bool_] | None = None) -> Rectangle:
    """The block that holds the most picture and the least drawn surface, as a photo in a screenshot or a page.

    Surface is every pixel of a grey level (and its two neighbours) that many pixels have which equal those beside
    them. With +1 for each other pixel and −2 for each pixel of surface, the block is the rectangle of the largest sum
    (text is mostly surface), first on a grid of 64 × 64, then each edge to the pixel; then drawn edges are cut off.
    The whole picture when there is no surface, or no block worth the name. `drawn` is its `surface`, where that is
    known already.
    """
    if drawn is None:
        drawn = surface(picture)
    if not drawn.any():
        return whole(picture)
    height, width = picture.shape
    sums = np.zeros((height + 1, width + 1), dtype=np.int32)
    np.cumsum(1 - (1 + _SURFACE_COSTS) * drawn.astype(np.int32), axis=0, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    left, top, right, bottom = _refined(sums, _largest_sum(sums))
    if bottom - top < height * _SMALLEST_SHARE or right - left < width * _SMALLEST_SHARE:
        return whole(picture)
    inner = _trimmed(picture[top:bottom, left:right], _drawn)
    return left + inner[0], top + inner[1], left + inner[2], top + inner[3]


def _grid(side: int) -> npt.NDArray[np.intp]:
    lines = min(side, _GRID)
    return (np.arange(lines + 1) * side) // lines


def _largest_sum(sums: npt.NDArray[np.int32]) -> tuple[int, int, int, int]:
    """The rectangle of the largest sum with its edges on the grid: every pair of rows, and Kadane's scan across."""
    ys, xs = _grid(sums.shape[0] - 1), _grid(sums.shape[1] - 1)
    on_grid = sums[np.ix_(ys, xs)]
    tops, bottoms = np.triu_indices(len(ys), 1)
    across = on_grid[bottoms] - on_grid[tops]
    lowest = np.minimum.accumulate(across, axis=1)
    gains = across[:, 1:] - lowest[:, :-1]
    pair, right = np.unravel_index(int(np.argmax(gains)), gains.shape)
    left = int(np.argmin(across[pair, : right + 1]))
    return int(xs[left]), int(ys[tops[pair]]), int(xs[right + 1]), int(ys[bottoms[pair]])


def _refined(sums: npt.NDArray[np.int32], rectangle: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = rectangle
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    down, over = -(-height // _GRID), -(-width // _GRID)
    for _ in range(_REFINEMENTS):
        rows = sums[:, right] - sums[:, left]
        top = _best(-rows, top, down, bottom)
        bottom = top + 1 + _best(rows[top + 1 :], bottom - top - 1, down, height - top)
        columns = sums[bottom] - sums[top]
        left = _best(-columns, left, over, right)
        right = left + 1 + _best(columns[left + 1 :], right - left - 1, over, width - left)
    return left, top, right, bottom


def _best(gains: npt.NDArray[np.int32], position: int, reach: int, end: int) -> int:
    first = max(0, position - reach)
    return first + int(np.argmax(gains[first : min(position + reach + 1, end)]))


def surface(picture: Floats) -> npt.NDArray[np.bool_]:
    """Which pixels are drawn surface: of a grey level, or next to one, of many pixels that equal those beside them."""
    still = np.zeros(picture.shape, dtype=bool)
    still[:-1, :-1] = (np.abs(np.diff(picture, axis=1))[:-1] <= _STILL) & (
        np.abs(np.diff(picture, axis=0))[:, :-1] <= _STILL
    )
    levels = np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8)
    common = np.bincount(levels[still], minlength=256) >= _SURFACE_SHARE * picture.size
    common[1:] |= common[:-1].copy()
    common[:-1] |= common[1:].copy()
    drawn: npt.NDArray[np.bool_] = common[levels]
    return drawn
