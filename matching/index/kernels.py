"""The inner loops of the index, compiled by numba: no lock is held while they run, and the code is kept on disk.

Method: multi-index hashing (Norouzi, Punjani, Fleet 2012), with the candidate rule of the profile in the place of a
radius. Codes are words of 64 bits, permuted as `Rule` says; a place is a number below 2^24 in three bytes.

numba takes no notice of annotations; they are for the reader. Every function is called with arguments of one type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

if TYPE_CHECKING:  # what is kept compiled is made anew when this file changes, and for no other
    from matching.index.rule import Rule

Words = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]

FAR: Final = 255  # no distance that counts is as large
AHEAD: Final = 32  # codes fetched before they are compared
BATCH: Final = 4096  # places gathered before that, so that fetching goes on from bucket to bucket


@intrinsic
def ones(_: Any, word: Any) -> Any:
    """How many bits of a word are set: one instruction."""
    if not isinstance(word, types.Integer):
        raise TypingError(f"ones of {word}")

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@intrinsic
def fetch(_: Any, array: Any, __: Any) -> Any:
    """Ask for a row of an array before it is needed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, made.strides)[0]
        byte = ir.IntType(8)
        place = builder.gep(
            builder.bitcast(made.data, byte.as_pointer()), [builder.mul(stride, arguments[1])], source_etype=byte
        )
        number = ir.IntType(32)
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number]), name
        )
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@njit(nogil=True, cache=True)
def chunk(codes: Words, row: int, first: int, bits: int) -> int:
    """So many bits (16 or 8) of a code from one on, as a number whose highest bit is the first."""
    tile = (codes[row, first >> 6] >> np.uint64(first & 48)) & np.uint64(0xFFFF)
    return np.int64(tile >> np.uint64(16 - (first & 15) - bits)) & ((1 << bits) - 1)


@njit(nogil=True, cache=True)
def first_band(asked: Words, q: int, codes: Words, code: int, rule: Rule) -> int:
    """The first band in which two codes differ by no more than the rule's flips; `bands` where there is none."""
    for band in range(rule.bands):
        flips = 0
        for first in range(band * rule.width, (band + 1) * rule.width, rule.key_bits):
            flips += ones(chunk(asked, q, first, rule.key_bits) ^ chunk(codes, code, first, rule.key_bits))
        if flips <= rule.flips:
            return band
    return rule.bands


@njit(nogil=True, cache=True)
def bits_between(asked: Words, q: int, codes: Words, code: int) -> int:
    return np.int64(
        ones(asked[q, 0] ^ codes[code, 0])
        + ones(asked[q, 1] ^ codes[code, 1])
        + ones(asked[q, 2] ^ codes[code, 2])
        + ones(asked[q, 3] ^ codes[code, 3])
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
def lacking(asked: Words, q: int, codes: Words, code: int, rule: Rule) -> int:
    """What two codes lack of agreeing, see `TileAgreement`."""
    agreement = 0
    for word in range(4):
        stored = codes[code, word]
        difference = asked[q, word] ^ stored
        tiles = agreeing(difference, rule.worthy)
        while tiles:  # few have any
            lowest = tiles & (~tiles + np.uint64(1))
            shift = ones(lowest - np.uint64(1)) - np.uint64(15)
            flips = ones((difference >> shift) & np.uint64(0xFFFF))
            agreement += rule.worth[flips] * np.int64(rule.detail[(stored >> shift) & np.uint64(0xFFFF)])
            tiles ^= lowest
    return max(0, rule.full - agreement)


@njit(nogil=True, cache=True)
def tile_distance(asked: Words, q: int, codes: Words, code: int, rule: Rule) -> int:
    """The same, or FAR where too few tiles agree for it to matter, as in almost all."""
    tiles = np.uint64(0)
    for word in range(4):
        tiles += ones(agreeing(asked[q, word] ^ codes[code, word], rule.worthy))
    return FAR if tiles < rule.fewest else lacking(asked, q, codes, code, rule)


@njit(nogil=True, cache=True)
def penalty(asked: Words, q: int, textures: Words, code: int, rule: Rule) -> int:
    """What is added to the bits, see `ConfirmedHamming`."""
    if not (asked[q, 0] | asked[q, 1] | asked[q, 2] | asked[q, 3]):
        return rule.unconfirmed
    if not (textures[code, 0] | textures[code, 1] | textures[code, 2] | textures[code, 3]):
        return rule.unconfirmed
    return (lacking(asked, q, textures, code, rule) + rule.share - 1) // rule.share


@njit(nogil=True, cache=True)
def note(slot: int, distance: int, nearest: Bytes, found: Numbers, count: int) -> int:
    """Keep a distance if it is its slot's smallest; how many slots are found then."""
    if distance < nearest[slot]:
        if nearest[slot] == FAR:
            found[count] = slot
            count += 1
        nearest[slot] = distance
    return count


@njit(nogil=True, cache=True)
def compare(
    asked: Words, asked_textures: Words, q: int, codes: Words, textures: Words, slots: Numbers,
    places: Numbers, length: int, band: int, rule: Rule, nearest: Bytes, found: Numbers, count: int,
) -> int:  # fmt: skip
    """Compare a query with the codes at these places, which one band gave."""
    for at in range(length):
        if at + AHEAD < length:
            fetch(codes, np.intp(places[at + AHEAD]))
        code = places[at]
        if rule.by_bits:
            distance = bits_between(asked, q, codes, code)
            if distance > rule.widest or first_band(asked, q, codes, code, rule) != band:
                continue  # too far, no candidate, or met in another band
            distance += penalty(asked_textures, q, textures, code, rule)
        else:
            distance = tile_distance(asked, q, codes, code, rule)
        if distance <= rule.widest:
            count = note(slots[code], distance, nearest, found, count)
    return count


@njit(nogil=True, cache=True)
def probe(
    asked: Words, asked_textures: Words, codes: Words, textures: Words, slots: Numbers,
    offsets: Numbers, places: Bytes, rule: Rule, nearest: Bytes, found: Numbers, count: int,
) -> int:  # fmt: skip
    """Ask the buckets: (q, 4) queries and textures; `offsets` (bands, keys + 1) into `places` (bands, n, 3).

    `nearest` is FAR for every slot that is not among the first `count` of `found`; returns how many there are then.
    """
    gathered = np.empty(BATCH, np.uint32)
    for q in range(len(asked)):
        for band in range(rule.bands):
            key = chunk(asked, q, band * rule.width, rule.key_bits)
            length = 0
            for mask in rule.masks:
                wanted = key ^ mask
                if not rule.by_bits and not rule.detail[wanted]:
                    continue  # a tile without detail agrees in nothing
                for at in range(offsets[band, wanted], offsets[band, wanted + 1]):
                    if length == BATCH:
                        count = compare(
                            asked, asked_textures, q, codes, textures, slots,
                            gathered, length, band, rule, nearest, found, count,
                        )  # fmt: skip
                        length = 0
                    gathered[length] = (
                        np.uint32(places[band, at, 0])
                        | np.uint32(places[band, at, 1]) << np.uint32(8)
                        | np.uint32(places[band, at, 2]) << np.uint32(16)
                    )
                    length += 1
            count = compare(
                asked, asked_textures, q, codes, textures, slots,
                gathered, length, band, rule, nearest, found, count,
            )  # fmt: skip
    return count


@njit(nogil=True, cache=True)
def scan(
    asked: Words, asked_textures: Words, codes: Words, textures: Words, slots: Numbers,
    rule: Rule, nearest: Bytes, found: Numbers, count: int,
) -> int:  # fmt: skip
    """The same answer as `probe`'s, by comparing everything: for codes too few to be worth buckets."""
    # The comparison stands here a second time: as a function of its own it makes `probe` three times slower.
    for code in range(len(codes)):
        for q in range(len(asked)):
            if rule.by_bits:
                distance = bits_between(asked, q, codes, code)
                if distance > rule.widest or first_band(asked, q, codes, code, rule) == rule.bands:
                    continue
                distance += penalty(asked_textures, q, textures, code, rule)
            else:
                distance = tile_distance(asked, q, codes, code, rule)
            if distance <= rule.widest:
                count = note(slots[code], distance, nearest, found, count)
    return count


@njit(nogil=True, cache=True)
def fill(codes: Words, rule: Rule, offsets: Numbers, places: Bytes) -> None:
    """Sort all codes into the buckets of each band by counting. `offsets` come as zeros."""
    for band in range(rule.bands):
        first = band * rule.width
        for code in range(len(codes)):
            offsets[band, chunk(codes, code, first, rule.key_bits) + 1] += np.uint32(1)
        for key in range(offsets.shape[1] - 1):
            offsets[band, key + 1] += offsets[band, key]
        free = offsets[band].copy()
        for code in range(len(codes)):
            key = chunk(codes, code, first, rule.key_bits)
            at = free[key]
            free[key] += np.uint32(1)
            places[band, at, 0] = code & 0xFF
            places[band, at, 1] = code >> 8 & 0xFF
            places[band, at, 2] = code >> 16
