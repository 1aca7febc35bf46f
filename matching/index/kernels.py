"""The inner loops of the index, compiled by numba: no lock is held while they run, and the code is kept on disk.

Method: multi-index hashing (Norouzi, Punjani, Fleet 2012), with the candidate rule of the profile in the place of a
radius. Codes are words of 64 bits, permuted as `Rule` says; places of codes and offsets of buckets are numbers below
2^24, of three bytes each.

numba takes no notice of annotations; they are for the reader. Every function is called with arguments of one type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.index.comparison_kernels import (
    Code,
    Words,
    bits_between,
    first_band,
    key_of,
    lacking,
    penalty,
    whole,
)
from matching.index.intrinsics import BEYOND, EIGHT, THREE, fetch, ones, put_eight, three, tiles_within

if TYPE_CHECKING:
    from matching.index.rule import Rule

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]

FAR: Final = 255  # no distance that counts is as large
AHEAD: Final = 128  # codes fetched before they are compared: as many as a core can wait for, and more
BATCH: Final = 4096  # places gathered before that, so that fetching goes on from bucket to bucket
PLACE_BITS: Final = 24  # of a gathered number; the band is above them
PLACE: Final = (1 << PLACE_BITS) - 1
LINE: Final = 64  # bytes of the cache
FETCHED: Final = 4 * LINE  # of a bucket; the processor sees by itself how a longer one goes on


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
def sift(asked: Code, codes: Words, places: Numbers, length: int, rule: Rule) -> int:
    """Leave, of these places, those whose codes are near enough by bits or agree in enough tiles; returns how many.

    There is no branch, which would often be guessed wrong while codes are waited for.
    """
    for at in range(min(AHEAD, length)):
        fetch(codes, np.intp(places[at] & PLACE))
    kept = 0
    if rule.by_bits:
        widest = rule.widest
        for at in range(length):
            fetch(codes, np.intp(places[at + AHEAD] & PLACE))
            place = places[at]
            places[kept] = place
            kept += bits_between(asked, whole(codes, place & PLACE)) <= widest
    else:
        for at in range(length):
            fetch(codes, np.intp(places[at + AHEAD] & PLACE))
            place = places[at]
            places[kept] = place
            kept += tiles_within(asked, whole(codes, place & PLACE), rule.worthy) >= rule.fewest
    return kept


@njit(nogil=True, cache=True)
def compare(
    asked: Code, asked_texture: Code, codes: Words, textures: Words, slots: Numbers,
    places: Numbers, length: int, rule: Rule, nearest: Bytes, found: Numbers, count: int,
) -> int:  # fmt: skip
    """Compare a query with the codes at these places, each with the band that gave it; those are used up."""
    near = sift(asked, codes, places, length, rule)
    kept = 0
    for at in range(near):
        place = places[at]
        code = np.intp(place & PLACE)
        if not rule.by_bits or first_band(asked, whole(codes, code), rule) == place >> PLACE_BITS:
            fetch(slots, code)
            fetch(textures, code)
            places[kept] = code
            kept += 1  # the others are no candidates, or met in another band
    for at in range(kept):
        code = places[at]
        slot, stored = slots[code], whole(codes, code)
        if rule.by_bits:
            distance = bits_between(asked, stored)
            if distance >= nearest[slot]:
                continue  # nothing is taken off the bits
            distance += penalty(asked_texture, whole(textures, code), rule)
        else:
            distance = lacking(asked, stored, rule)
        if distance <= rule.widest:
            count = note(slot, distance, nearest, found, count)
    return count


@njit(nogil=True, cache=True)
def key_bits(band: int, codes: int, rule: Rule) -> int:
    """How many bits the keys of a band have where there are so many codes: about as many keys as codes."""
    bits: int = rule.key_bits[band]
    while rule.by_bits and bits > 1 and codes >> (bits - 1) == 0:
        bits -= 1
    return bits


@njit(nogil=True, cache=True)
def codes_worth(asked: Code, offsets: Bytes, rule: Rule, least: int) -> Counts:
    """How many codes agree with each of the tiles in a worth up to 0, 1, ... below `least`: (tiles, least)."""
    codes = np.zeros((rule.bands, least), np.int64)
    first = 0
    for band in range(rule.bands):
        key = key_of(asked, band, rule.key_bits[band], rule)
        for mask in rule.masks:
            wanted = key ^ mask
            worth = rule.worth[ones(mask)] * np.int64(rule.detail[wanted])
            if worth < least:
                codes[band, worth] += three(offsets, first + wanted + 1) - three(offsets, first + wanted)
        for worth in range(1, least):
            codes[band, worth] += codes[band, worth - 1]
        first += (1 << rule.key_bits[band]) + 1
    return codes


@njit(nogil=True, cache=True)
def spared(asked: Code, offsets: Bytes, rule: Rule) -> Counts:
    """For each tile the worth up to which its buckets are left out, since a hit has more than those together.

    A hit agrees in `full - widest` or more. A code that is in no other bucket agrees in each tile up to this worth, in
    all of them in less than that. Chosen so that most codes are spared (a knapsack, by dynamic programming).
    """
    least = rule.full - rule.widest
    codes = codes_worth(asked, offsets, rule, least)
    most = np.zeros((rule.bands + 1, least), np.int64)  # that the tiles up to one spare with a worth in all
    for band in range(rule.bands):
        for worth in range(least):
            if worth == 0 or codes[band, worth] > codes[band, worth - 1]:
                for total in range(worth, least):
                    these = most[band, total - worth] + codes[band, worth]
                    most[band + 1, total] = max(most[band + 1, total], these)
    worths = np.zeros(rule.bands, np.int64)
    total = least - 1
    for band in range(rule.bands - 1, -1, -1):
        while most[band, total - worths[band]] + codes[band, worths[band]] < most[band + 1, total]:
            worths[band] += 1
        total -= worths[band]
    return worths


@njit(nogil=True, cache=True)
def buckets(asked: Code, codes: int, offsets: Bytes, places: Bytes, rule: Rule, heads: Numbers) -> int:
    """The buckets to look into, fetched: band, first and end of each in `heads` (n, 3); returns how many.

    First and end are among the places of all bands, one after the other; `codes` is how many places a band has.
    """
    worths = np.empty(0, np.int64) if rule.by_bits else spared(asked, offsets, rule)
    count, first = 0, 0
    for band in range(rule.bands):
        bits = key_bits(band, codes, rule)
        masks = rule.masks[: np.searchsorted(rule.masks, 1 << bits)]
        key = key_of(asked, band, bits, rule)
        for mask in masks:
            at = THREE * (first + (key ^ mask))
            fetch(offsets, np.intp(at))
            fetch(offsets, np.intp(at + 2 * THREE - 1))  # where the bucket ends: perhaps in the next line
        begun, its_first = count, band * codes
        for mask in masks:
            wanted = key ^ mask
            if not rule.by_bits and rule.worth[ones(mask)] * np.int64(rule.detail[wanted]) <= worths[band]:
                continue
            heads[count, 0] = band
            heads[count, 1] = its_first + three(offsets, first + wanted)
            heads[count, 2] = its_first + three(offsets, first + wanted + 1)
            count += heads[count, 2] > heads[count, 1]
        for head in range(begun, count):
            at, end = THREE * np.int64(heads[head, 1]), THREE * np.int64(heads[head, 2])
            for line in range(at, min(end, at + FETCHED), LINE):
                fetch(places, np.intp(line))
            fetch(places, np.intp(max(end, at + BEYOND) - 1))
        first += (1 << bits) + 1
    return count


@njit(nogil=True, cache=True)
def probe(
    asked: Words, asked_textures: Words, begin: int, end: int, codes: Words, textures: Words,
    slots: Numbers, offsets: Bytes, places: Bytes, rule: Rule, nearest: Bytes, found: Numbers,
) -> int:  # fmt: skip
    """Ask the buckets: some of (q, 4) queries and textures; `offsets` lead into the places of each band.

    `nearest` comes as FAR for every slot; returns how many are `found`.
    """
    gathered = np.zeros(BATCH + AHEAD, np.uint32)
    heads = np.empty((rule.bands * len(rule.masks) + 1, 3), np.uint32)
    count = 0
    for q in range(begin, end):
        code, texture = whole(asked, q), whole(asked_textures, q if rule.by_bits else 0)
        length = 0
        for head in range(buckets(code, len(codes), offsets, places, rule, heads)):
            band = heads[head, 0] << np.uint32(PLACE_BITS)
            at, last = np.int64(heads[head, 1]), np.int64(heads[head, 2])
            while at < last:
                stop = min(last, at + BATCH - length)
                for place in range(at, stop, EIGHT):
                    put_eight(gathered, np.intp(length + place - at), places, np.intp(place), band)
                length += stop - at
                at = stop
                if length == BATCH:
                    count = compare(
                        code, texture, codes, textures, slots, gathered, length, rule, nearest, found, count
                    )
                    length = 0
        count = compare(code, texture, codes, textures, slots, gathered, length, rule, nearest, found, count)
    return count


@njit(nogil=True, cache=True)
def scan(
    asked: Words, asked_textures: Words, begin: int, end: int, codes: Words, textures: Words,
    slots: Numbers, rule: Rule, nearest: Bytes, found: Numbers,
) -> int:  # fmt: skip
    """The same answer as `probe`'s, by comparing everything: for codes too few to be worth buckets."""
    # The comparison stands here a second time: as a function of its own it makes `probe` three times slower.
    count = 0
    for code in range(len(codes)):
        stored = whole(codes, code)
        for q in range(begin, end):
            question = whole(asked, q)
            if rule.by_bits:
                distance = bits_between(question, stored)
                if distance > rule.widest or first_band(question, stored, rule) == rule.bands:
                    continue
                distance += penalty(whole(asked_textures, q), whole(textures, code), rule)
            elif tiles_within(question, stored, rule.worthy) < rule.fewest:
                continue
            else:
                distance = lacking(question, stored, rule)
            if distance <= rule.widest:
                count = note(slots[code], distance, nearest, found, count)
    return count


@njit(nogil=True, cache=True)
def search(
    asked: Words, asked_textures: Words, ends: Numbers, codes: Words, textures: Words, slots: Numbers,
    offsets: Bytes, places: Bytes, rule: Rule, claims: int,
) -> Numbers:  # fmt: skip
    """What each of several questions finds: (n, 3) of its number, the slot and the smallest distance there.

    The codes of a question are those up to its end, from where the one before it ends. Slots are below `claims`.
    """
    nearest = np.full(claims, FAR, np.uint8)
    found = np.empty(claims, np.uint32)
    hits = np.empty((64, 3), np.uint32)
    made, begin = 0, 0
    for question in range(len(ends)):
        end = np.int64(ends[question])
        if len(offsets):
            count = probe(
                asked, asked_textures, begin, end, codes, textures, slots, offsets, places, rule, nearest, found
            )
        else:
            count = scan(asked, asked_textures, begin, end, codes, textures, slots, rule, nearest, found)
        begin = end
        if made + count > len(hits):
            grown = np.empty((2 * (made + count), 3), np.uint32)
            grown[:made] = hits[:made]
            hits = grown
        for slot in found[:count]:
            hits[made, 0], hits[made, 1], hits[made, 2] = question, slot, nearest[slot]
            nearest[slot] = FAR
            made += 1
    return hits[:made]


@njit(nogil=True, cache=True)
def put_three(array: Bytes, at: int, number: int) -> None:
    for byte in range(THREE):
        array[THREE * at + byte] = number >> (8 * byte) & 0xFF


@njit(nogil=True, cache=True)
def fill(codes: Words, rule: Rule, offsets: Bytes, places: Bytes) -> None:
    """Sort all codes into the buckets of each band by counting."""
    first = 0
    for band in range(rule.bands):
        bits, its_first = key_bits(band, len(codes), rule), band * len(codes)
        free = np.zeros((1 << bits) + 1, np.int64)
        for code in range(len(codes)):
            free[key_of(whole(codes, code), band, bits, rule) + 1] += 1
        for key in range(1 << bits):
            free[key + 1] += free[key]
        for key in range(len(free)):
            put_three(offsets, first + key, free[key])
        for code in range(len(codes)):
            key = key_of(whole(codes, code), band, bits, rule)
            put_three(places, its_first + free[key], code)
            free[key] += 1
        first += len(free)
