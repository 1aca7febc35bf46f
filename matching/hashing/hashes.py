"""Canonical pictures to the hashes of a profile.

A profile says which of the views that are known here it stores and asks; all have the same canonical pictures.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from . import regions
from .area import SummedArea, eight_bits
from .fingerprint import Fingerprint, Hash
from .pdq import Bytes, Floats, dct, dihedral, pdq, quality
from .profile import (
    ASPECTS,
    BETWEEN_CENTRES,
    CENTRES,
    ORIENTATIONS,
    VETO_1,
    Profile,
    aspect_view,
    centre_view,
)
from .regions import Rectangle
from .turns import turned

Effort = Literal["normal", "high"]


def fingerprint_of(pictures: Sequence[Floats], profile: Profile = VETO_1) -> Fingerprint:
    """The stored hashes of a photo.

    `pictures` are canonical, (height, width) float32 luma each; a hash's `frame` is the picture's place. Of equal
    hashes of a view only the first frame's is kept.
    """
    stored = _collect(profile, ((frame, _stored(picture, profile)) for frame, picture in enumerate(pictures)))
    return _once(stored, lambda item: (item.view, item.algorithm, item.bits, item.texture))


def query_of(pictures: Sequence[Floats], effort: Effort = "normal", profile: Profile = VETO_1) -> Fingerprint:
    """The asked hashes of an image, in the orientations that the profile names; equal codes of an algorithm once.

    `effort="high"` adds small turns and centres. `pictures` as for `fingerprint_of`.
    """
    asked = _collect(profile, ((frame, _asked(picture, effort, profile)) for frame, picture in enumerate(pictures)))
    return _once(asked, lambda item: (item.algorithm, item.bits, item.texture))


def _once(fingerprint: Fingerprint, what: Callable[[Hash], Hashable]) -> Fingerprint:
    first: dict[Hashable, Hash] = {}
    for item in fingerprint.hashes:
        first.setdefault(what(item), item)
    return replace(fingerprint, hashes=tuple(first.values()))


def _collect(profile: Profile, hashes: Iterable[tuple[int, Iterator[Hash]]]) -> Fingerprint:
    everything = [item._replace(frame=frame) for frame, of_picture in hashes for item in of_picture]
    kept = tuple(item for item in everything if item.quality >= profile.minimum_quality)
    return Fingerprint(profile.name, kept, max((item.quality for item in everything), default=0))


def _stored(picture: Floats, profile: Profile) -> Iterator[Hash]:
    table = SummedArea(picture)
    rectangles = {"full": regions.whole(picture), **_centres(picture), **_aspects(picture)}
    rectangles["content"] = regions.trim(picture)
    rectangles["main"] = regions.main_block(picture)
    views = _views(table, rectangles, profile.stored["pdq"])
    yield from _hashes(views, dict.fromkeys(views, ORIENTATIONS[:1]), profile.stored["dhash"])
    if "plain" in profile.stored["pdq"]:
        plain, plain_quality = pdq(picture)
        yield Hash("plain", "pdq", plain[0].tobytes(), plain_quality, texture=views["full"].textures[0].tobytes())


def _asked(picture: Floats, effort: Effort, profile: Profile) -> Iterator[Hash]:
    table = SummedArea(picture)
    main = regions.main_block(picture)
    rectangles = {
        "full": regions.whole(picture),
        "trim": regions.trim(picture),
        "trim-loose": regions.trim_loose(picture),
        "main": main,
        "main-96": regions.center(picture, 96, main),
        centre_view(BETWEEN_CENTRES): regions.center(picture, BETWEEN_CENTRES),
        **_aspects(picture),
        **_centres(picture),
    }
    orientations = dict(profile.asked["pdq"])
    if effort == "high":
        orientations |= profile.asked_with_effort.get("pdq", {})
    views = _views(table, rectangles, orientations)
    if effort == "high":
        all_turned = turned(table)
        views |= {name: _view(of, rectangle) for name, of, rectangle in all_turned if name in orientations}
    yield from _hashes(views, orientations, tuple(profile.asked["dhash"]))


class _View(NamedTuple):
    """What a view's codes are made of: the block for PDQ, and the dhash of all orientations, (8, 32)."""

    block: Floats
    textures: Bytes


def _view(table: SummedArea, rectangle: Rectangle) -> _View:
    return _View(table.square(rectangle), dhash(table, rectangle))


def _views(table: SummedArea, rectangles: dict[str, Rectangle], wanted: Collection[str]) -> dict[str, _View]:
    """The wanted ones; equal rectangles once, under the first of their names."""
    rectangles = {name: rectangle for name, rectangle in rectangles.items() if name in wanted}
    names = {rectangle: name for name, rectangle in reversed(rectangles.items())}
    return {name: _view(table, rectangle) for name, rectangle in rectangles.items() if names[rectangle] == name}


def _hashes(
    views: dict[str, _View], orientations: Mapping[str, Sequence[str]], with_dhash: Collection[str]
) -> Iterator[Hash]:
    stack = np.stack([view.block for view in views.values()])
    codes, qualities = dihedral(dct(stack)), quality(stack).tolist()
    for name, code, its_quality in zip(views, codes, qualities, strict=True):
        for orientation in orientations[name]:
            place = ORIENTATIONS.index(orientation)
            texture = views[name].textures[place].tobytes()
            yield Hash(name, "pdq", code[place].tobytes(), its_quality, orientation, texture=texture)
            if name in with_dhash:
                yield Hash(name, "dhash", texture, its_quality, orientation)


def _centres(picture: Floats) -> dict[str, Rectangle]:
    return {centre_view(per_cent): regions.center(picture, per_cent) for per_cent in CENTRES}


def _aspects(picture: Floats) -> dict[str, Rectangle]:
    return {aspect_view(across, down): regions.aspect(picture, across, down) for across, down in ASPECTS}


def dhash(table: SummedArea, rectangle: Rectangle) -> Bytes:
    """The dhash of a view in all eight orientations, (8, 32) uint8 in the order of ORIENTATIONS.

    Bit for bit what `imagehash.dhash(image, 16)` gives for the view averaged to 17 × 16, of which its resize is the
    identity. It compares neighbours in a row, so a quarter turn needs averages of its own.
    """
    upright = eight_bits(table.block(rectangle, 16, 17))
    lying = eight_bits(table.block(rectangle, 17, 16)).T
    oriented = np.stack(
        [
            upright,
            lying[::-1],
            upright[::-1, ::-1],
            lying[:, ::-1],
            upright[::-1],
            upright[:, ::-1],
            lying,
            lying[::-1, ::-1],
        ]
    )
    return np.packbits((oriented[:, :, 1:] > oriented[:, :, :-1]).reshape(len(ORIENTATIONS), -1), axis=1)
