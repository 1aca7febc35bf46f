"""The rules of a profile's algorithm as the kernels take them: numbers and tables, nothing to look up."""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.hashing.profile import Algorithm
from matching.hashing.rules import BITS, CandidateRule, ConfirmedHamming, TileAgreement
from matching.index.distances import TILES, Words, tables, tiled
from matching.index.kernels import FAR

TILE_BITS: Final = BITS // TILES

Masks = npt.NDArray[np.int64]


class Rule(NamedTuple):
    """Codes are permuted, four tiles of 16 bits in a word, so that band b is the bits from b · width on.

    A band is looked up by its first `key_bits` bits, at any of `masks` from the query's: those with no more than the
    rule's flips. That finds every candidate, and codes besides which the kernels leave out.

    `by_bits`: ConfirmedHamming, else TileAgreement, for which the bands are the tiles. `worth` by flips 0..16,
    `detail` by tile and `full` are those of the tiles, or of the texture's; with more flips than `worthy` a tile is
    worth nothing, and fewer tiles than `fewest` never agree enough.
    """

    by_bits: bool
    bands: int
    width: int
    key_bits: int
    masks: Masks
    flips: int
    worthy: int
    widest: int
    worth: npt.NDArray[np.int64]
    detail: npt.NDArray[np.uint8]
    full: int
    fewest: int
    share: int
    unconfirmed: int


def rule_of(algorithm: Algorithm) -> Rule:
    """Raises ValueError for bands or thresholds that the kernels have no numbers for."""
    comparison, widest = algorithm.comparison, algorithm.thresholds.possible
    tiles = comparison if isinstance(comparison, TileAgreement) else comparison.texture
    if isinstance(comparison, TileAgreement):
        bands, flips = TILES, len(comparison.worth) - 1
        if widest >= comparison.full:
            raise ValueError(f"{algorithm.name}: a distance of {widest} admits codes that agree in nothing")
    else:
        bands, flips = algorithm.candidates.bands, algorithm.candidates.flips
    width, rest = divmod(BITS, bands)
    if rest or (width % TILE_BITS and width != TILE_BITS // 2):
        raise ValueError(f"{algorithm.name}: {bands} bands of {BITS} bits are not whole bytes or tiles")
    worth, detail = tables(tiles)
    if widest >= FAR or detail.max() >= FAR:
        raise ValueError(f"{algorithm.name}: distances of {widest} and more have no place in a byte")
    by_bits = isinstance(comparison, ConfirmedHamming)
    return Rule(
        by_bits=by_bits,
        bands=bands,
        width=width,
        key_bits=min(width, TILE_BITS),
        masks=_masks(min(width, TILE_BITS), flips),
        flips=flips,
        worthy=len(tiles.worth) - 1,
        widest=widest,
        worth=worth.astype(np.int64),
        detail=detail.astype(np.uint8),
        full=tiles.full,
        fewest=-(-(tiles.full - widest) // int(worth.max() * detail.max())),
        share=comparison.share if isinstance(comparison, ConfirmedHamming) else 1,
        unconfirmed=comparison.unconfirmed if isinstance(comparison, ConfirmedHamming) else 0,
    )


def _masks(bits: int, flips: int) -> Masks:
    return np.array(
        [sum(1 << bit for bit in chosen) for count in range(flips + 1) for chosen in combinations(range(bits), count)],
        np.int64,
    )


def permuted(words: Words, by: TileAgreement | CandidateRule) -> Words:
    """Codes (n, 4) as the kernels take them. A texture of zeros, which stands for none, stays one."""
    return tiled(words, by).view(np.uint64)
