"""A profile of details as the kernels take it: numbers and tables, nothing to look up."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.hashing.details import CODE_BYTES, Codes
from matching.hashing.details_profile import DetailsProfile, bit_order
from matching.index import details_kernels as kernels

WORD_BITS = 64
Words = npt.NDArray[np.uint64]


class Rule(NamedTuple):
    """The numbers of `Retrieval` and `Verification`.

    Of the bands `to_a_word` lie in the first of the two words of a code, the others in the second; band b of a word
    begins at bit b · `band_bits`.
    """

    bands: int
    band_bits: int
    to_a_word: int
    bits: int
    votes: int
    seed_bits: int
    seeds: int
    guided_bits: int
    margin: int
    reach_px: float
    reach_cells: float
    turn: float
    scale: float
    smallest: float
    apart_px: float
    bonus: float
    weight: int
    full: int


def rule_of(profile: DetailsProfile) -> Rule:
    """Raises ValueError for bands that two words have no room for."""
    retrieval, verification = profile.retrieval, profile.verification
    to_a_word = -(-retrieval.bands // 2)
    if to_a_word * retrieval.band_bits > WORD_BITS:
        raise ValueError(f"{profile.name}: {retrieval.bands} bands of {retrieval.band_bits} bits in two words")
    also = {name: getattr(verification, name) for name in Rule._fields[5:]}
    return Rule(retrieval.bands, retrieval.band_bits, to_a_word, retrieval.bits, retrieval.votes, **also)


def tables(profile: DetailsProfile) -> Words:
    """What each value of each byte of a code gives to the two words: (16, 256, 2)."""
    rule = rule_of(profile)
    banded = [
        (band // rule.to_a_word, band % rule.to_a_word * rule.band_bits + bit)
        for band in range(rule.bands)
        for bit in range(rule.band_bits)
    ]
    free = [(word, bit) for word in range(2) for bit in range(WORD_BITS)]
    rest = [place for place in free if place not in set(banded)]
    made = np.zeros((CODE_BYTES, 256, 2), np.uint64)
    values = np.arange(256)
    for source, (word, bit) in zip(bit_order(profile.name).tolist(), banded + rest, strict=True):
        has_it = values >> (7 - source % 8) & 1
        made[source // 8, :, word] |= has_it.astype(np.uint64) << np.uint64(bit)
    return made


def permuted(codes: Codes, by: Words) -> Words:
    """Codes (n, 2) as the kernels take them."""
    words = np.zeros((len(codes), 2), np.uint64)
    kernels.permute(np.ascontiguousarray(codes).view(np.uint8).reshape(-1, CODE_BYTES), by, words)
    return words
