"""The inner loops by which details find candidates, compiled by numba: buckets of keypoints, and votes for parts.

Codes are two words of 64 bits, permuted so that a band is some neighbouring bits of one of them; a posting is the place
of a code. What else of the code could lie in a posting told too few strangers (docs/adr/0015-details-index.md).

numba takes no notice of annotations; they are for the reader. Every function is called with arguments of one type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.index.intrinsics import fetch, ones
from matching.index.kernels import AHEAD, BATCH

if TYPE_CHECKING:
    from matching.index.details_rule import Rule

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@njit(nogil=True, cache=True)
def permute(codes: Bytes, tables: Words, permuted: Words) -> None:
    """Bytes (n, 16) to words (n, 2); `tables` (16, 256, 2): what each byte gives to both."""
    for row in range(len(codes)):
        for byte in range(16):
            value = codes[row, byte]
            permuted[row, 0] |= tables[byte, value, 0]
            permuted[row, 1] |= tables[byte, value, 1]


@njit(nogil=True, cache=True)
def key_of(codes: Words, code: int, band: int, rule: Rule) -> int:
    word = codes[code, band // rule.to_a_word] >> np.uint64(band % rule.to_a_word * rule.band_bits)
    return np.int64(word & np.uint64((1 << rule.band_bits) - 1))


@njit(nogil=True, cache=True)
def fill(codes: Words, rule: Rule, shift: int, offsets: Numbers, postings: Numbers) -> None:
    """Sort all codes into the buckets of each band by counting: those of the keys that are one after `shift`.

    `offsets` (bands, buckets + 1) come as zeros and lead into `postings` (bands, n).
    """
    free = np.empty(offsets.shape[1], np.uint32)
    for band in range(rule.bands):
        for code in range(len(codes)):
            offsets[band, (key_of(codes, code, band, rule) >> shift) + 1] += np.uint32(1)
        for bucket in range(offsets.shape[1] - 1):
            offsets[band, bucket + 1] += offsets[band, bucket]
        free[:] = offsets[band]
        for code in range(len(codes)):
            bucket = key_of(codes, code, band, rule) >> shift
            at = free[bucket]
            free[bucket] += np.uint32(1)
            postings[band, at] = code


@njit(nogil=True, cache=True)
def copy(
    codes: Words, places: Bytes, starts: Numbers, parts: Integers, first: Integers, to_codes: Words, to_places: Bytes
) -> None:
    """Copy these parts, each to where it is to be `first`."""
    for number in range(len(parts)):
        to = first[number]
        for code in range(starts[parts[number]], starts[parts[number] + 1]):
            to_codes[to, 0], to_codes[to, 1] = codes[code, 0], codes[code, 1]
            to_places[to, 0], to_places[to, 1] = places[code, 0], places[code, 1]
            to += 1


@njit(nogil=True, cache=True)
def find(asked: Words, offsets: Numbers, rule: Rule, shift: int, low: Numbers, high: Numbers) -> None:
    """Where the buckets of asked codes lie, (bands, q) each."""
    for band in range(rule.bands):
        for q in range(len(asked)):
            bucket = key_of(asked, q, band, rule) >> shift
            low[band, q], high[band, q] = offsets[band, bucket], offsets[band, bucket + 1]


@njit(nogil=True, cache=True)
def part_of(starts: Numbers, code: int) -> int:
    """The last part that begins at this code or before it."""
    low, high = 0, len(starts) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if starts[middle] <= code:
            low = middle
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def count(
    asked: Words, codes: Words, starts: Numbers, slots: Numbers, postings: Numbers, rule: Rule,
    low: Numbers, high: Numbers, alive: Booleans, most: int, unsure: Booleans, held: Integers,
) -> None:  # fmt: skip
    """Raise `held`, (bands, q), by how many codes have the same key and belong to claims that stand, where `unsure`.

    No further than to more than `most`.
    """
    for band in range(rule.bands):
        for q in range(len(asked)):
            if not unsure[band, q]:
                continue
            key = key_of(asked, q, band, rule)
            for at in range(low[band, q], high[band, q]):
                code = np.int64(postings[band, at])
                if key_of(codes, code, band, rule) == key and alive[slots[part_of(starts, code)]]:
                    held[band, q] += 1
                    if held[band, q] > most:
                        break


@njit(nogil=True, cache=True)
def vote(
    asked: Words, codes: Words, starts: Numbers, slots: Numbers, postings: Numbers, rule: Rule,
    low: Numbers, high: Numbers, heavy: Booleans, alive: Booleans, marks: Numbers, found: Numbers,
) -> int:  # fmt: skip
    """Which parts enough asked codes are answered by: the first of `found`, as many as returned.

    `marks` come as zeros, one for each part; of those found their lower half says how many votes they have.
    """
    gathered = np.empty(BATCH, np.uint32)
    count = 0
    for q in range(len(asked)):
        length = 0
        for band in range(rule.bands):
            at = np.int64(high[band, q] if heavy[band, q] else low[band, q])
            while at < high[band, q]:
                these = min(high[band, q] - at, BATCH - length)
                gathered[length : length + these] = postings[band, at : at + these]
                length += these
                at += these
                if length == BATCH:
                    count = compare(
                        asked, q, codes, starts, slots, gathered, length, rule, heavy, alive, marks, found, count
                    )
                    length = 0
        count = compare(asked, q, codes, starts, slots, gathered, length, rule, heavy, alive, marks, found, count)
    return count


@njit(nogil=True, cache=True)
def compare(
    asked: Words, q: int, codes: Words, starts: Numbers, slots: Numbers, gathered: Numbers, length: int,
    rule: Rule, heavy: Booleans, alive: Booleans, marks: Numbers, found: Numbers, count: int,
) -> int:  # fmt: skip
    """Compare an asked code with those at these places, and note the vote for their parts, one of each asked code."""
    for at in range(length):
        if at + AHEAD < length:
            fetch(codes, np.intp(gathered[at + AHEAD]))
        code = np.int64(gathered[at])
        if ones(asked[q, 0] ^ codes[code, 0]) + ones(asked[q, 1] ^ codes[code, 1]) > rule.bits:
            continue
        for band in range(rule.bands):
            if not heavy[band, q] and key_of(asked, q, band, rule) == key_of(codes, code, band, rule):
                break
        else:
            continue  # in its bucket lie other keys too
        part = part_of(starts, code)
        mark = np.int64(marks[part])
        if mark >> 16 == q + 1 or not alive[slots[part]]:
            continue
        votes = (mark & 0xFFFF) + 1
        marks[part] = (q + 1) << 16 | votes
        if votes == rule.votes:
            found[count] = part
            count += 1
    return count
