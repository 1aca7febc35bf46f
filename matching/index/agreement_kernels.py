"""What `agreement.py` says of a candidate, as a kernel: the same steps in the same order, over pairs alone.

Of two parts that have nothing to do with each other almost no keypoints are near, so that the only work is to see that.

numba takes no notice of annotations; they are for the reader. Every function is called with arguments of one type.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.index.intrinsics import ones

if TYPE_CHECKING:
    from matching.index.details_rule import Rule

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Transform = tuple[float, float, float, float]  # a and b of a · z + b, real and imaginary parts

FEWEST: Final = 3  # these as in agreement.py
MOST_SEEDS: Final = 200
ASKED_APART: Final = 20.0
STORED_APART: Final = 40.0
MOST_SCALE: Final = 3.0
FITS: Final = 3
FAR: Final = 255
CELLS: Final = 16  # across
MASK: Final = (1 << 24) - 1  # of the number of a keypoint in that of a pair
NO_FIT: Final = (0.0, 0.0, 0.0, 0.0)


@njit(nogil=True, cache=True)
def degrees_between(one: float, other: float) -> float:
    """Between two directions, 0 to 180."""
    turn = one - other + 180
    while turn >= 360:
        turn -= 360
    while turn < 0:
        turn += 360
    return abs(turn - 180)


@njit(nogil=True, cache=True)
def near_pairs(asked: Words, stored: Words, first: int, last: int, limit: int, row: Bytes, pairs: Integers) -> Integers:
    """Which keypoints differ in at most `limit` bits, as (bits, asked, stored) in a number each, in that order.

    `asked` is (2, q), `stored` those from `first` to `last`; `pairs` is what room there is, which is returned or more.
    """
    count = 0
    for s in range(first, last):
        high, low, least = stored[s, 0], stored[s, 1], np.uint8(FAR)
        for q in range(asked.shape[1]):
            bits = np.uint8(ones(asked[0, q] ^ high) + ones(asked[1, q] ^ low))
            row[q] = bits
            least = min(least, bits)
        if least > limit:
            continue
        if count + asked.shape[1] > len(pairs):
            more = np.empty(2 * len(pairs) + asked.shape[1], np.int64)
            more[:count] = pairs[:count]
            pairs = more
        for q in range(asked.shape[1]):
            if row[q] <= limit:
                pairs[count] = np.int64(row[q]) << 48 | q << 24 | (s - first)
                count += 1
    pairs[:count].sort()
    return pairs[:count]


@njit(nogil=True, cache=True)
def fit(q: Reals, s: Reals) -> Transform:
    """By least squares, of places (n, 4); NO_FIT where they are too few or too near."""
    if len(q) < FEWEST:
        return NO_FIT
    qx, qy, sx, sy = q[:, 0].mean(), q[:, 1].mean(), s[:, 0].mean(), s[:, 1].mean()
    spread, real, imaginary = 0.0, 0.0, 0.0
    for n in range(len(q)):
        x, y, to_x, to_y = q[n, 0] - qx, q[n, 1] - qy, s[n, 0] - sx, s[n, 1] - sy
        spread += x * x + y * y
        real += x * to_x + y * to_y
        imaginary += x * to_y - y * to_x
    if spread < 1:
        return NO_FIT
    real, imaginary = real / spread, imaginary / spread
    if not 2**-MOST_SCALE / 2 <= math.hypot(real, imaginary) <= 2 * 2**MOST_SCALE:
        return NO_FIT
    return real, imaginary, sx - (real * qx - imaginary * qy), sy - (real * qy + imaginary * qx)


@njit(nogil=True, cache=True)
def hypothesis(pairs: Integers, q: Reals, s: Reals, rule: Rule, reach: float) -> Transform:
    """Fitted to the pairs that the best of the transforms that two pairs give brings together."""
    count = 0
    while count < min(len(pairs), MOST_SEEDS) and pairs[count] >> 48 <= rule.seed_bits:
        count += 1
    of_q, of_s, numbers = np.empty((count, 4)), np.empty((count, 4)), np.empty(count, np.int64)
    for n in range(count):
        numbers[n] = pairs[n] & MASK
        of_q[n], of_s[n] = q[pairs[n] >> 24 & MASK], s[numbers[n]]
    best = np.empty(6)
    if most_together(of_q, of_s, numbers, len(s), rule, reach, best) < FEWEST:
        return NO_FIT
    nearest = np.full(len(s), -1, np.int64)
    for n in range(count - 1, -1, -1):
        if brings(best, of_q[n], of_s[n], rule, reach):
            nearest[numbers[n]] = n
    these = nearest[nearest >= 0]
    return fit(of_q[these], of_s[these])


@njit(nogil=True, cache=True)
def most_together(
    q: Reals, s: Reals, numbers: Integers, stored: int, rule: Rule, reach: float, best: Reals
) -> int:  # fmt: skip
    """How many stored keypoints, told by `numbers`, the `best` of the transforms brings together with asked ones."""
    most, tried, seen = 0, np.empty(6), np.zeros(stored, np.int64)
    number = 0
    for first in range(min(len(q), rule.seeds)):
        for second in range(first + 1, min(len(q), rule.seeds)):
            if not transform_of(q[first], s[first], q[second], s[second], rule, tried):
                continue
            number += 1
            together = 0
            for n in range(len(q)):
                if together + len(q) - n <= most:
                    break
                if seen[numbers[n]] != number and brings(tried, q[n], s[n], rule, reach):
                    seen[numbers[n]] = number
                    together += 1
            if together > most:
                most = together
                best[:] = tried
    return most


@njit(nogil=True, cache=True)
def transform_of(q: Reals, s: Reals, other_q: Reals, other_s: Reals, rule: Rule, made: Reals) -> bool:
    """Whether two pairs give a transform that agrees with their own turns and scales: `made`, see `brings`."""
    qx, qy, sx, sy = other_q[0] - q[0], other_q[1] - q[1], other_s[0] - s[0], other_s[1] - s[1]
    if math.hypot(qx, qy) < ASKED_APART or math.hypot(sx, sy) < STORED_APART:
        return False
    square = qx * qx + qy * qy
    real, imaginary = (sx * qx + sy * qy) / square, (sy * qx - sx * qy) / square
    made[0], made[1] = real, imaginary
    x, y = (q[0] + other_q[0]) / 2, (q[1] + other_q[1]) / 2
    made[2] = (s[0] + other_s[0]) / 2 - (real * x - imaginary * y)
    made[3] = (s[1] + other_s[1]) / 2 - (real * y + imaginary * x)
    made[4], made[5] = math.degrees(math.atan2(imaginary, real)), math.log2(math.hypot(real, imaginary))
    return (
        abs(made[5]) <= MOST_SCALE
        and turns_and_scales(made, q, s, rule)
        and turns_and_scales(made, other_q, other_s, rule)
    )


@njit(nogil=True, cache=True)
def turns_and_scales(by: Reals, q: Reals, s: Reals, rule: Rule) -> bool:
    return degrees_between(by[4], s[3] - q[3]) <= rule.turn and abs(by[5] - (s[2] - q[2])) <= rule.scale


@njit(nogil=True, cache=True)
def brings(by: Reals, q: Reals, s: Reals, rule: Rule, reach: float) -> bool:
    """Whether a transform brings a keypoint near to another, and turns and scales it so.

    `by`: a and b of a · z + b, real and imaginary parts, then what it turns, in degrees, and its scale, log2.
    """
    return (
        abs(by[0] * q[0] - by[1] * q[1] + by[2] - s[0]) <= reach
        and abs(by[0] * q[1] + by[1] * q[0] + by[3] - s[1]) <= reach
        and turns_and_scales(by, q, s, rule)
    )


@njit(nogil=True, cache=True)
def confirming(
    pairs: Integers, q: Reals, s: Reals, cells: Integers, by: Reals, rule: Rule, reach: float,
    least_elsewhere: Bytes, taken: Integers, kept: Integers,
) -> int:  # fmt: skip
    """The pairs, as places in `pairs` kept, that a transform confirms; how many."""
    least_elsewhere[:] = FAR
    for pair in pairs:
        of_q, of_s = q[pair >> 24 & MASK], s[pair & MASK]
        x = (by[0] * of_q[0] - by[1] * of_q[1] + by[2] - of_s[0]) / 1.5
        y = (by[0] * of_q[1] + by[1] * of_q[0] + by[3] - of_s[1]) / 1.5
        if abs(x) > reach or abs(y) > reach:
            least_elsewhere[pair & MASK] = min(least_elsewhere[pair & MASK], pair >> 48)
    taken[:] = 0
    count = 0
    for number in range(len(pairs)):
        pair = pairs[number]
        bits, one, other = pair >> 48, pair >> 24 & MASK, pair & MASK
        if bits > rule.guided_bits:
            break
        if taken[cells[other]] or bits + rule.margin > least_elsewhere[other]:
            continue
        if brings(by, q[one], s[other], rule, reach) and apart(q, one, pairs, kept[:count], rule):
            taken[cells[other]] = 1
            kept[count] = number
            count += 1
    return count


@njit(nogil=True, cache=True)
def apart(q: Reals, one: int, pairs: Integers, kept: Integers, rule: Rule) -> bool:
    """Whether no pair that is kept has an asked keypoint at the place of this one."""
    for before in kept:
        place = q[pairs[before] >> 24 & MASK]
        if max(abs(place[0] - q[one, 0]), abs(place[1] - q[one, 1])) < rule.apart_px:
            return False
    return True


@njit(nogil=True, cache=True)
def visible(s: Reals, cells: Integers, by: Any, width: int, height: int, rule: Rule, taken: Integers) -> int:
    """Stored cells with a keypoint that a whole copy would show where the asked part is, and large enough."""
    taken[:] = 0
    count = 0
    square, scale = by[0] * by[0] + by[1] * by[1], np.float32(by[5])
    for n in range(len(s)):
        x, y = s[n, 0] - by[2], s[n, 1] - by[3]
        across, down = (x * by[0] + y * by[1]) / square, (y * by[0] - x * by[1]) / square
        if not (0 <= across <= width and 0 <= down <= height) or taken[cells[n]]:
            continue
        if np.float32(s[n, 2]) - scale >= np.float32(rule.smallest):
            taken[cells[n]] = 1
            count += 1
    return count


@njit(nogil=True, cache=True)
def agreeing(
    asked: Words, q: Reals, width: int, height: int,
    codes: Words, first: int, last: int, s: Reals, cells: Integers, side: float,
    rule: Rule, room: tuple[Bytes, Integers],
) -> tuple[int, int]:  # fmt: skip
    """How many keypoints confirm, none where there are too few, and how many should.

    `asked` (2, q) with `q` (q, 4) places, `codes` from `first` to `last` with `s` (n, 4) places in `cells`.
    """
    limit = max(rule.seed_bits, rule.guided_bits + rule.margin)
    pairs = near_pairs(asked, codes, first, last, limit, room[0], room[1])
    if len(pairs) < FEWEST:
        return 0, 0
    reach = rule.reach_px + rule.reach_cells * side
    found = hypothesis(pairs, q, s, rule, reach)
    least_elsewhere, taken = np.empty(len(s), np.uint8), np.empty(CELLS * CELLS, np.int64)
    kept, best = np.empty(len(s), np.int64), np.empty(6)
    by, most = np.empty(6), -1
    for _ in range(FITS):
        if found == NO_FIT:
            break
        by[0], by[1], by[2], by[3] = found
        by[4], by[5] = math.degrees(math.atan2(by[1], by[0])), math.log2(math.hypot(by[0], by[1]))
        count = confirming(pairs, q, s, cells, by, rule, reach, least_elsewhere, taken, kept)
        if count <= most:
            break
        most = count
        best[:] = by
        these = pairs[kept[:count]]
        found = fit(q[these >> 24 & MASK], s[these & MASK])
    if most < FEWEST:
        return 0, 0
    return most, visible(s, cells, best, width, height, rule, taken)


@njit(nogil=True, cache=True)
def verify(
    asked: Words, q: Reals, width: int, height: int,
    codes: Words, places: Bytes, sizes: npt.NDArray[np.uint16], starts: Numbers, parts: Integers,
    rule: Rule, distances: Integers,
) -> None:  # fmt: skip
    """The distances of these parts of a block; `rule.full` + 1 where nothing agrees."""
    room = np.empty(asked.shape[1], np.uint8), np.empty(4 * asked.shape[1] + 64, np.int64)
    for number in range(len(parts)):
        part = parts[number]
        first, last = np.int64(starts[part]), np.int64(starts[part + 1])
        side = max(sizes[part, 0], sizes[part, 1]) / CELLS
        s, cells = np.empty((last - first, 4)), np.empty(last - first, np.int64)
        for n in range(last - first):
            cell, turn = np.int64(places[first + n, 0]), np.int64(places[first + n, 1])
            # As they are when they are unpacked: 32 bits.
            s[n, 0], s[n, 1] = np.float32(((cell >> 4) + 0.5) * side), np.float32(((cell & 15) + 0.5) * side)
            s[n, 2], s[n, 3] = np.float32((turn & 15) / 3), np.float32((turn >> 4) * 22.5)
            cells[n] = cell
        confirmed, expected = agreeing(asked, q, width, height, codes, first, last, s, cells, side, rule, room)
        distances[number] = rule.full + 1
        if confirmed:
            share = confirmed / max(expected, 1)
            amount = min(confirmed * min(rule.bonus, 0.6 + 2 * share), rule.weight * share)
            distances[number] = max(0, rule.full - np.int64(8 * amount + 1e-9))
