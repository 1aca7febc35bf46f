"""Canonical pictures to the hashes of profile `veto-1`. Runs in the decoder process only."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import imagehash
import numpy as np
from PIL import Image

from matching.hashing import regions
from matching.hashing.area import SummedArea
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.pdq import Bytes, Floats, dct, dihedral, pdq, quality
from matching.hashing.profile import CENTRES, ORIENTATIONS, TURN_CENTRES, TURNS, VETO_1, turned_view
from matching.hashing.regions import Rectangle

Effort = Literal["normal", "high"]

_TURNED_SIDE = 256  # the turned views are coarse anyway: sixteen of them at this size cost what four cost at 512


def fingerprint_of(pictures: Sequence[Floats]) -> Fingerprint:
    """The stored hashes of a photo.

    `pictures` are canonical, (height, width) float32 luma each; a hash's `frame` is the picture's place. Of equal
    hashes of a view only the first frame's is kept.
    """
    stored = _collect((frame, _stored(picture)) for frame, picture in enumerate(pictures))
    return _once(stored, lambda item: (item.view, item.algorithm, item.bits))


def query_of(pictures: Sequence[Floats], effort: Effort = "normal") -> Fingerprint:
    """The asked hashes of an image, in all eight orientations; equal codes of an algorithm once.

    `effort="high"` adds small turns. `pictures` as for `fingerprint_of`.
    """
    asked = _collect((frame, _asked(picture, effort)) for frame, picture in enumerate(pictures))
    return _once(asked, lambda item: (item.algorithm, item.bits))


def _once(fingerprint: Fingerprint, what: Callable[[Hash], Hashable]) -> Fingerprint:
    first: dict[Hashable, Hash] = {}
    for item in fingerprint.hashes:
        first.setdefault(what(item), item)
    return replace(fingerprint, hashes=tuple(first.values()))


def _collect(hashes: Iterable[tuple[int, Iterator[Hash]]]) -> Fingerprint:
    everything = [item._replace(frame=frame) for frame, of_picture in hashes for item in of_picture]
    kept = tuple(item for item in everything if item.quality >= VETO_1.minimum_quality)
    return Fingerprint(VETO_1.name, kept, max((item.quality for item in everything), default=0))


def _stored(picture: Floats) -> Iterator[Hash]:
    table = SummedArea(picture)
    views = {"full": regions.whole(picture)}
    views |= {f"center-{per_cent}": regions.center(picture, per_cent) for per_cent in CENTRES}
    views["content"] = regions.trim(picture)
    views["main"] = regions.main_block(picture)
    views = _each_rectangle_once(views)
    codes, qualities = _codes([table.square(rectangle) for rectangle in views.values()])
    for view, code, its_quality in zip(views, codes, qualities, strict=True):
        yield Hash(view, "pdq", code[0].tobytes(), its_quality)
    plain, plain_quality = pdq(picture)
    yield Hash("plain", "pdq", plain[0].tobytes(), plain_quality)
    yield next(_dhash(table, qualities[0]))


def _asked(picture: Floats, effort: Effort) -> Iterator[Hash]:
    table = SummedArea(picture)
    main = regions.main_block(picture)
    views = _each_rectangle_once(
        {
            "full": regions.whole(picture),
            "trim": regions.trim(picture),
            "trim-loose": regions.trim_loose(picture),
            "main": main,
            "main-96": regions.center(picture, 96, main),
        }
    )
    names = list(views)
    blocks = [table.square(rectangle) for rectangle in views.values()]
    if effort == "high":
        for name, block in _turned(table):
            names.append(name)
            blocks.append(block)
    codes, qualities = _codes(blocks)
    for view, code, its_quality in zip(names, codes, qualities, strict=True):
        for orientation, bits in zip(ORIENTATIONS, code, strict=True):
            yield Hash(view, "pdq", bits.tobytes(), its_quality, orientation)
    yield from _dhash(table, qualities[0])


def _each_rectangle_once(views: dict[str, Rectangle]) -> dict[str, Rectangle]:
    names = {rectangle: name for name, rectangle in reversed(views.items())}  # of equal ones the first keeps its name
    return {name: rectangle for name, rectangle in views.items() if names[rectangle] == name}


def _codes(blocks: list[Floats]) -> tuple[Bytes, list[int]]:
    stack = np.stack(blocks)
    return dihedral(dct(stack)), quality(stack).tolist()


def _turned(table: SummedArea) -> Iterator[tuple[str, Floats]]:
    scale = min(1.0, _TURNED_SIDE / max(table.height, table.width))
    height, width = max(1, round(table.height * scale)), max(1, round(table.width * scale))
    small = table.block((0.0, 0.0, float(table.width), float(table.height)), height, width)
    image = Image.fromarray(small)
    mean = float(small.mean())
    for degrees in TURNS:
        turned = np.asarray(image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=mean))
        its_table = SummedArea(turned)
        for per_cent in TURN_CENTRES:
            yield turned_view(degrees, per_cent), its_table.square(regions.center(turned, per_cent))


def _dhash(table: SummedArea, of_quality: int) -> Iterator[Hash]:
    """dhash compares neighbours in a row, so a quarter turn needs averages of its own: 17 × 16 and 16 × 17."""
    everything = (0.0, 0.0, float(table.width), float(table.height))
    upright = _eight_bits(table.block(everything, 16, 17))
    lying = _eight_bits(table.block(everything, 17, 16)).T
    oriented = (
        upright,
        lying[::-1],
        upright[::-1, ::-1],
        lying[:, ::-1],
        upright[::-1],
        upright[:, ::-1],
        lying,
        lying[::-1, ::-1],
    )
    for orientation, block in zip(ORIENTATIONS, oriented, strict=True):
        difference = imagehash.dhash(Image.fromarray(np.ascontiguousarray(block)), 16).hash
        yield Hash("full", "dhash", np.packbits(difference).tobytes(), of_quality, orientation)


def _eight_bits(block: Floats) -> Bytes:
    rounded: Bytes = np.floor(np.clip(block, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return rounded
