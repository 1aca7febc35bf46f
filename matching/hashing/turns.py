"""The picture turned back by small angles, and the part of it that was once a photo's frame. Runs in the decoder."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from . import regions
from .area import SummedArea
from .profile import CENTRES, TURNS, turned_view
from .regions import Rectangle

_SIDE: Final = 256  # the turned views are coarse anyway: all of them at this size cost what four cost at 512
_SAME_CANVAS: Final = 80.0  # per cent of each side: one of the stored centres
_EMPTY_CORNERS: Final = 1.12  # a view may reach so far beyond what the turned picture fills


def turned(table: SummedArea) -> Iterator[tuple[str, SummedArea, Rectangle]]:
    """All views of the turned picture: name, table of the picture turned back, and rectangle in it.

    A copy of width w and height h that was turned by an angle came from one of three frames. On the same canvas, it is
    the photo's own. With its corners kept, the photo's frame lies turned inside it. With its corners cut off at the
    same proportions, the copy holds the middle 1 / (cos + r sin) of each side, r the longer side over the shorter; of
    what is filled when it is turned back, the part is asked that is one of the stored centres.
    """
    scale = min(1.0, _SIDE / max(table.height, table.width))
    height, width = max(1, round(table.height * scale)), max(1, round(table.width * scale))
    small = table.block((0.0, 0.0, float(table.width), float(table.height)), height, width)
    image = Image.fromarray(small)
    mean = float(small.mean())
    for degrees in TURNS:
        back = np.asarray(image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=mean))
        its_table = SummedArea(back)
        frame = _frame_inside(width, height, degrees)
        if frame is not None:
            yield turned_view(degrees, "kept"), its_table, frame
        yield turned_view(degrees, "cut"), its_table, regions.center(back, _per_cent(width, height, degrees))
        yield turned_view(degrees, "same"), its_table, regions.center(back, _SAME_CANVAS)


def _frame_inside(width: int, height: int, degrees: float) -> Rectangle | None:
    """The frame whose turned bounding box has these sides; None where no frame has."""
    cosine, sine = _cosine_and_sine(degrees)
    square = cosine * cosine - sine * sine
    across, down = (width * cosine - height * sine) / square, (height * cosine - width * sine) / square
    if min(across, down) < 1:
        return None
    return (width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2


def _per_cent(width: int, height: int, degrees: float) -> float:
    cosine, sine = _cosine_and_sine(degrees)
    share = 1 / (cosine + max(width, height) / min(width, height) * sine)
    for centre in CENTRES:
        if centre / share <= min(100.0, 100 * share * _EMPTY_CORNERS):
            return centre / share
    return min(100.0, CENTRES[-1] / share)


def _cosine_and_sine(degrees: float) -> tuple[float, float]:
    angle = math.radians(abs(degrees))
    return math.cos(angle), math.sin(angle)
