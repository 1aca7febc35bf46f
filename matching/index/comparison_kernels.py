"""How two codes are compared, compiled by numba into the loops of `kernels`: bits, bands, tiles and textures.

A code is four words of 64 bits, permuted as `Rule` says. numba takes no notice of annotations; they are for the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.index.intrinsics import ones

if TYPE_CHECKING:
    from matching.index.rule import Rule

Words = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.int64]
Code = tuple[int, int, int, int]


@njit(nogil=True, cache=True)
def permute(words: Words, source: Bits, place: Bits) -> Words:
    """The bits `source` of each code, from the lowest of its first word on, at `place`."""
    moved = np.zeros(words.shape, np.uint64)
    for row in range(len(words)):
        for bit in range(len(source)):
            value = words[row, source[bit] >> 6] >> np.uint64(source[bit] & 63) & np.uint64(1)
            moved[row, place[bit] >> 6] |= value << np.uint64(place[bit] & 63)
    return moved


@njit(nogil=True, cache=True)
def key_of(code: Code, band: int, bits: int, rule: Rule) -> int:
    """The first so many bits of a band, as a number whose highest bit is the first."""
    return np.int64(code[rule.words[band]] >> np.uint64(rule.tops[band] - bits)) & ((1 << bits) - 1)


@njit(nogil=True, cache=True)
def whole(words: Words, row: int) -> Code:
    return words[row, 0], words[row, 1], words[row, 2], words[row, 3]


@njit(nogil=True, cache=True)
def bits_between(asked: Code, stored: Code) -> int:
    return np.int64(
        ones(asked[0] ^ stored[0])
        + ones(asked[1] ^ stored[1])
        + ones(asked[2] ^ stored[2])
        + ones(asked[3] ^ stored[3])
    )


@njit(nogil=True, cache=True)
def agreeing(difference: int, flips: int) -> int:
    """The highest bit of each tile of a word that has no more than so many flips (Warren, Hacker's Delight, 5-1)."""
    count = difference - ((difference >> np.uint64(1)) & np.uint64(0x5555555555555555))
    count = (count & np.uint64(0x3333333333333333)) + ((count >> np.uint64(2)) & np.uint64(0x3333333333333333))
    count = (count + (count >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    count = (count + (count >> np.uint64(8))) & np.uint64(0x001F001F001F001F)
    more = count + np.uint64(0x0001000100010001) * np.uint64(0x7FFF - flips)
    return ~more & np.uint64(0x8000800080008000)


@njit(nogil=True, cache=True)
def first_band(asked: Code, stored: Code, rule: Rule) -> int:
    """The first band in which two codes differ by no more than the rule's flips; `bands` where there is none."""
    for band in range(rule.bands):
        word = rule.words[band]
        if ones((asked[word] ^ stored[word]) & rule.inside[band]) <= rule.flips:
            return band
    return rule.bands


@njit(nogil=True, cache=True)
def lacking(asked: Code, stored: Code, rule: Rule) -> int:
    """What two codes lack of agreeing, see `TileAgreement`."""
    agreement = 0
    for word in range(4):
        difference = asked[word] ^ stored[word]
        tiles = agreeing(difference, rule.worthy)
        while tiles:  # few have any
            lowest = tiles & (~tiles + np.uint64(1))
            shift = ones(lowest - np.uint64(1)) - np.uint64(15)
            flips = ones((difference >> shift) & np.uint64(0xFFFF))
            agreement += rule.worth[flips] * np.int64(rule.detail[(stored[word] >> shift) & np.uint64(0xFFFF)])
            tiles ^= lowest
    return max(0, rule.full - agreement)


@njit(nogil=True, cache=True)
def penalty(asked: Code, stored: Code, rule: Rule) -> int:
    """What is added to the bits for these textures, see `ConfirmedHamming`."""
    if not (asked[0] | asked[1] | asked[2] | asked[3]) or not (stored[0] | stored[1] | stored[2] | stored[3]):
        return rule.unconfirmed
    return (lacking(asked, stored, rule) + rule.share - 1) // rule.share
