"""Details of all photos and copies asked of one registry of them all, by the product's plain index, on all cores."""

import multiprocessing
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from matching.decision import Strength, strength_of
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index.details import ALGORITHM, PlainDetailsIndex
from matching.index.interface import Claim, Hit

__all__ = ["ALGORITHM", "FULL", "Asked", "answers", "nearest", "registry", "strength"]

FULL: Final = VETO_DETAILS_1.verification.full  # the distance where nothing agrees
_SINCE: Final = date(2026, 1, 1)

_index: PlainDetailsIndex | None = None  # in a worker: what it asks


class Asked(NamedTuple):
    """Packed details that are asked, and which packed ones are registered by themselves for it, if not all are."""

    details: bytes
    alone: Sequence[bytes] = ()


def registry(
    kept: Sequence[bytes], profile: DetailsProfile = VETO_DETAILS_1, *, coarse: bool = True
) -> PlainDetailsIndex:
    """Each in its place, with limits so wide that every agreement is a hit."""
    index = PlainDetailsIndex(replace(profile, thresholds=replace(profile.thresholds, possible=FULL - 1)))
    index.apply(
        [(_claim(place), Details.from_bytes(packed, coarse=coarse)) for place, packed in enumerate(kept) if packed], []
    )
    return index


def answers(kept: Sequence[bytes], asked: Sequence[Asked], title: str) -> Iterator[dict[int, int]]:
    """For each that is asked the distances by place in `kept`, or in its own `alone`."""
    global _index  # noqa: PLW0603 (the workers are forked with it)
    _index = registry(kept)
    with multiprocessing.get_context("fork").Pool(os.cpu_count() or 1) as pool:
        yield from tqdm(pool.imap(_answer, asked, chunksize=8), title, len(asked), unit="image")
    _index = None


def _answer(asked: Asked) -> dict[int, int]:
    index = registry(asked.alone) if asked.alone else _index
    if index is None:
        raise RuntimeError("the registry is made before the workers are forked")
    return {
        hit.claim.protection.int: hit.distance for hit in index.search(Details.from_bytes(asked.details, coarse=False))
    }


def nearest(given: Sequence[dict[int, int]], stored: int) -> npt.NDArray[np.uint8]:
    """(asked, stored) distances; FULL where nothing agrees."""
    found = np.full((len(given), stored), FULL, np.uint8)
    for row, distances in enumerate(given):
        found[row, list(distances)] = list(distances.values())
    return found


def strength(distance: int) -> Strength | None:
    """As the product says it."""
    return strength_of(Hit(_claim(0), VETO_DETAILS_1.name, ALGORITHM, distance))


def _claim(place: int) -> Claim:
    return Claim(uuid.UUID(int=place), 1, 0, _SINCE)
