"""Details in several indexes, each of a share of the protections: together they find what one of everything finds.

Two rules of the profile count over everything: which buckets are heavy, and which candidates have the most votes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from matching.hashing.details_profile import Retrieval
from matching.index.interface import Hit, nearest

Sizes = npt.NDArray[np.uint32]
Booleans = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """How full the buckets are that a question meets.

    `most` has for each asked part, and after it for its mirror image, (bands, q) codes that are there at most; `codes`
    is how many there are in all. Those of several indexes add up to what one of everything would say.
    """

    most: tuple[Sizes, ...]
    codes: int

    def __add__(self, other: "Crowd") -> "Crowd":
        return Crowd(added(self.most, other.most), self.codes + other.codes)


def added(some: Sequence[Sizes], others: Sequence[Sizes]) -> tuple[Sizes, ...]:
    return tuple(one + other for one, other in zip(some, others, strict=True))


def limit_of(rule: Retrieval, codes: int) -> int:
    """A bucket with more codes than this is heavy."""
    return int(max(rule.heavy, rule.heavy_share * codes))


def heavy_buckets(
    crowd: Crowd, rule: Retrieval, standing: Callable[[Sequence[Booleans], int], tuple[Sizes, ...]]
) -> tuple[Booleans, ...]:
    """Of each asked part and its mirror image, (bands, q).

    `standing`: how many codes stand in the unsure buckets of all indexes; above the limit, only that it is above.
    """
    limit = limit_of(rule, crowd.codes)
    unsure = tuple(most > limit for most in crowd.most)
    if not any(each.any() for each in unsure):
        return unsure
    return tuple(held > limit for held in standing(unsure, limit))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The candidates of an index with the most votes, verified.

    `ranks`, (5, n): what they are ordered by, as `numpy.lexsort` takes it, the first one the smallest. `hits`: those
    that match, each with its number among the candidates.
    """

    ranks: Ranks
    hits: tuple[tuple[int, Hit], ...]


def best(judged: Sequence[Judged], most: int) -> list[Hit]:
    """What matches of the `most` first candidates of all these, one for each claim."""
    ranks = np.concatenate([each.ranks for each in judged], axis=1)
    chosen = np.zeros(ranks.shape[1], np.bool_)
    chosen[np.lexsort(ranks)[:most]] = True
    starts = accumulate((each.ranks.shape[1] for each in judged), initial=0)
    return nearest(
        hit for start, each in zip(starts, judged, strict=False) for number, hit in each.hits if chosen[start + number]
    )
