"""The rules of a profile's algorithm as the kernels take them: numbers and tables, nothing to look up."""

from functools import cache
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.hashing.profile import Algorithm
from matching.hashing.rules import BITS, CandidateRule, ConfirmedHamming, TileAgreement
from matching.index.comparison_kernels import permute
from matching.index.distances import TILES, Words, tables
from matching.index.kernels import FAR, key_bits

WORD: Final = 64  # bits
TILE: Final = 16
MOST_KEY_BITS: Final = 22  # of a key: the offsets of a band take 12 MB then

Masks = npt.NDArray[np.int64]


class Rule(NamedTuple):
    """Codes are permuted; band b is the bits `inside[b]` of word `words[b]`, in a row, the first the highest.

    A band is looked up by its first bits, up to `key_bits[b]` of them, below the bit `tops[b]` of its word, at any of
    `masks` from the query's: those with no more than `flips`, rising. That finds every candidate, and codes besides
    which the kernels leave out.

    `by_bits`: ConfirmedHamming, else TileAgreement, for which the bands are the tiles, each of them a key. `worth` by
    flips 0..16, `detail` by tile and `full` are those of the tiles, or of the texture's; with more flips than `worthy`
    a tile is worth nothing, and fewer tiles than `fewest` never agree enough.
    """

    by_bits: bool
    bands: int
    words: Masks
    tops: Masks
    inside: Words
    key_bits: Masks
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

    def keys_among(self, codes: int) -> int:
        """How many keys all bands have where there are so many codes, and one for the end of each."""
        return sum((1 << key_bits(band, codes, self)) + 1 for band in range(self.bands))


def rule_of(algorithm: Algorithm) -> Rule:
    """Raises ValueError for bands or thresholds that the kernels have no numbers for."""
    comparison, widest = algorithm.comparison, algorithm.thresholds.possible
    tiles = comparison if isinstance(comparison, TileAgreement) else comparison.texture
    if isinstance(comparison, TileAgreement):
        if widest >= comparison.full:
            raise ValueError(f"{algorithm.name}: a distance of {widest} admits codes that agree in nothing")
        bands, flips = TILES, len(comparison.worth) - 1
        words, tops = np.divmod(np.arange(TILES) * TILE, WORD)  # a word's first tile is its lowest, see `permuted`
        tops, widths = tops + TILE, np.full(TILES, TILE)
    else:
        ends = np.array(algorithm.candidates.ends)
        bands, flips = algorithm.candidates.bands, algorithm.candidates.flips
        widths = np.diff(ends, prepend=0)
        words, first = np.divmod(ends - widths, WORD)
        tops = WORD - first
        if (widths > tops).any():
            raise ValueError(f"{algorithm.name}: a band of {bands} reaches from one word of {WORD} bits into the next")
    worth, detail = tables(tiles)
    if widest >= FAR or detail.max() >= FAR:
        raise ValueError(f"{algorithm.name}: distances of {widest} and more have no place in a byte")
    by_bits = isinstance(comparison, ConfirmedHamming)
    longest_keys = np.minimum(widths, MOST_KEY_BITS).astype(np.int64)
    return Rule(
        by_bits=by_bits,
        bands=bands,
        words=words.astype(np.int64),
        tops=tops.astype(np.int64),
        inside=np.array(
            [((1 << int(width)) - 1) << int(top - width) for width, top in zip(widths, tops, strict=True)], np.uint64
        ),
        key_bits=longest_keys,
        masks=_masks(int(longest_keys.max()), flips),
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
    masks = [sum(1 << bit for bit in bits_) for count in range(flips + 1) for bits_ in combinations(range(bits), count)]
    return np.array(sorted(masks), np.int64)


def permuted(words: Words, by: TileAgreement | CandidateRule) -> Words:
    """Codes (n, 4) as the kernels take them. A texture of zeros, which stands for none, stays one.

    By the bits of a rule for candidates the first is the highest of the first word; of tiles, four of 16 bits in a
    word, the first is the lowest.
    """
    return permute(words, *_moves(by))


@cache
def _moves(by: TileAgreement | CandidateRule) -> tuple[Masks, Masks]:
    """Where each bit of the permuted code comes from, of the 256 of a code's words, and its place among those there."""
    come_from, place = np.array(by.permutation), np.arange(BITS)
    source = come_from // 8 * 8 + 7 - come_from % 8  # codes are read as bytes, the highest bit of each first
    if isinstance(by, TileAgreement):
        return source, place // TILE * TILE + TILE - 1 - place % TILE
    return source, place // WORD * WORD + WORD - 1 - place % WORD
