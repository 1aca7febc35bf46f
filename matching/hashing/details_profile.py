"""The profile `veto-details-1` as data: what details are, and when they say that one picture is left of another.

Served by `/v1/algorithms`. Every number was measured: docs/adr/0013-details.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .details import CELLS, CODE_BITS, SIZES, TURNS, Kind
from .rules import Thresholds, permutation


@dataclass(frozen=True, slots=True)
class DetailsProfile:
    """A named, versioned, complete definition of details. Never changed once published: a new one is named.

    `stored` and `asked` are the most keypoints of a part, by kind; their coarse share is for those of at least `coarse`
    (log2 of the size in pixels), which a copy reduced in size still has. Letters and symbols are never stored: apps,
    captions and letterheads are the same in pictures that are not. A part with fewer than
    `fewest` stored ones says too little and is left out.
    """

    name: str
    longest_side: int
    contrast: float
    stored: Mapping[Kind, int]
    stored_coarse_share: float
    asked: Mapping[Kind, int]
    asked_coarse_share: float
    coarse: float
    grid: int
    drawn_reach: tuple[float, float]
    drawn_share: Mapping[Kind, float]
    fewest: Mapping[Kind, int]
    retrieval: "Retrieval"
    verification: "Verification"
    thresholds: Thresholds

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "definition": _DEFINITION,
            "packing": _PACKING,
            "longest_side": self.longest_side,
            "contrast": self.contrast,
            "stored": dict(self.stored) | {"coarse_share": self.stored_coarse_share},
            "asked": dict(self.asked) | {"coarse_share": self.asked_coarse_share},
            "coarse_from_log2_size": self.coarse,
            "grid": self.grid,
            "drawn_reach": list(self.drawn_reach),
            "drawn_share": dict(self.drawn_share),
            "fewest_stored": dict(self.fewest),
            "stored_places": {"cells": CELLS, "turns": TURNS, "sizes_to_an_octave": SIZES},
            "medians_in_65536ths": medians(self.name).tolist(),
            "permutation": bit_order(self.name).tolist(),
            "retrieval": _numbers(self.retrieval),
            "verification": _numbers(self.verification),
            "thresholds": _numbers(self.thresholds),
        }


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Which stored parts are looked at, the rule that every index follows.

    A stored keypoint answers an asked one when it has the same bits in at least one of the `bands` of the permuted
    code, differs in at most `bits`, and the bucket of that band is not heavy: more codes than `heavy` and than
    `heavy_share` of all. Parts whose keypoints answer at least `votes` of an asked part, or of its mirror image, are
    candidates; of all that an image has, the `most` with the most votes.
    """

    bands: int = 6
    band_bits: int = 21
    bits: int = 10
    heavy: int = 1000
    heavy_share: float = 1e-4
    votes: int = 3
    most: int = 500


@dataclass(frozen=True, slots=True)
class Verification:
    """When a candidate holds what is left of the asked part: see `matching.index.agreement`.

    `seed_bits`, of the pairs of keypoints that give a transform, of which the nearest `seeds` are tried; `guided_bits`,
    of those that confirm it, which must be nearer by `margin` than any keypoint elsewhere; `reach_px` + `reach_cells`
    how far from the place that the transform says; `turn` in degrees and `scale` in octaves, how far from its
    turn and scale; `smallest`, log2 of the size in the asked part below which a keypoint is not expected to be seen;
    `apart_px` between asked keypoints that count twice. Of n keypoints that confirm, a share r of those that should be
    visible, the agreement is the smaller of n × (0.6 + 2 r), the factor being at most `bonus`, and `weight` × r; the
    distance is `full` − 8 × agreement, at least 0.
    """

    seed_bits: int = 10
    seeds: int = 30
    guided_bits: int = 14
    margin: int = 2
    reach_px: float = 6.0
    reach_cells: float = 0.6
    turn: float = 30.0
    scale: float = 0.75
    smallest: float = 1.2
    apart_px: float = 4.0
    bonus: float = 1.2
    weight: int = 30
    full: int = 128


def _numbers(rule: Any) -> dict[str, float]:
    return {field.name: getattr(rule, field.name) for field in fields(rule)}


@cache
def medians(profile: str) -> npt.NDArray[np.int64]:
    """(128,) for each dimension of a descriptor the median, over many photos, of its share of the sum, in 65536ths.

    Made by `python -m bench.quality.medians`; the same for a photo and its mirror image.
    """
    return np.array(json.loads(Path(__file__).with_name(f"{profile}.json").read_text())["medians"], np.int64)


@cache
def bit_order(profile: str) -> npt.NDArray[np.intp]:
    """(128,) the fixed permutation of a code's bits from which the bands are cut."""
    return np.array(permutation(profile, CODE_BITS), np.intp)


_DEFINITION: Final = (
    "Of each canonical picture, where its main block (see regions.py) is less than 85 % of it, the parts `main` (the "
    "block) and `surround` (the picture; of a stored one only keypoints outside of the block), else the part `whole`, "
    "or `surround` where more than half of it is drawn surface. "
    "A part is averaged by area to `longest_side` at most and rounded half up to 8 bits. Keypoints and descriptors are "
    "SIFT's (OpenCV, no limit, `contrast`, edge 10, sigma 1.6), the descriptor's 128 values rounded down to 8 bits. "
    "Stored are only those with no more than `drawn_share` of drawn surface (see regions.py) in the square around them "
    "that reaches `drawn_reach` of their sizes, and at least pixels: no letters, no symbols. Of them the strongest are "
    "taken, spread over the cells of a `grid` along the longer side: first the strongest of each cell, then the "
    "second, …, `coarse_share` of them of `coarse_from_log2_size` and more. A bit of the code is set where 65536 × "
    "value > median × sum of the values."
)

_PACKING: Final = (
    "Big-endian. A byte each: version 1, form (1 stored, 2 asked), how many parts (at most 8). Of each part: kind "
    "(0 whole, 1 main, 2 surround), a byte; width, height in pixels, how many keypoints (at most 400), two bytes each; "
    "then the keypoints. Of each keypoint: the code, 16 bytes, most significant bit first. Then, asked: x and y in "
    "1/64 of a pixel, two bytes each; direction in 1/256 of the circle and log2 of the size in 1/32, a byte each. "
    "Stored: a byte of the cells across and down, four bits each; a byte of the direction in 1/16 of the circle and "
    "log2 of the size in 1/3, four bits each."
)

VETO_DETAILS_1: Final = DetailsProfile(
    name="veto-details-1",
    longest_side=384,
    contrast=0.02,
    stored=MappingProxyType({"whole": 100, "main": 100, "surround": 100}),
    stored_coarse_share=0.6,
    asked=MappingProxyType({"whole": 400, "main": 300, "surround": 400}),
    asked_coarse_share=0.5,
    coarse=2.0,
    grid=7,
    drawn_reach=(2.5, 10.0),
    drawn_share=MappingProxyType({"whole": 0.5, "main": 0.5, "surround": 0.2}),
    fewest=MappingProxyType({"whole": 16, "main": 16, "surround": 30}),
    retrieval=Retrieval(),
    verification=Verification(),
    # Agreement of 6 and 4; never strong.
    thresholds=Thresholds(strong=-1, match=80, possible=96),
)

DETAILS: Final[dict[str, DetailsProfile]] = {VETO_DETAILS_1.name: VETO_DETAILS_1}
