"""Which photo suffers which alterations: each alteration meets a part of the photos, drawn by lot once and for all."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.quality.alterations import ALTERATIONS
from bench.quality.alterations.catalogue import SEED
from bench.quality.sets import Photo

EACH: Final = 40  # photos that an alteration meets: 400 photos and 5,000 negatives take a quarter of an hour
QUICK: Final = 8
QUICK_NEGATIVES: Final = 600


def wanted(photos: Sequence[Photo], each: int) -> list[tuple[str, ...]]:
    """For each photo the "group/name" of its alterations. A smaller `each` draws some of the same."""
    drawn: list[list[str]] = [[] for _ in photos]
    for number, alteration in enumerate(ALTERATIONS):
        for place in np.random.default_rng([SEED, number]).permutation(len(photos))[:each]:
            drawn[place].append(f"{alteration.group}/{alteration.name}")
    return [tuple(names) for names in drawn]
