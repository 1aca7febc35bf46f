"""How much of one part of a picture is in another: keypoints that one similarity transform brings together.

Method: hypotheses from pairs of nearest keypoints, as in RANSAC (Fischler and Bolles 1981) but all of them, each
required to agree with the keypoints' own turn and scale (as in Lowe 2004); the best is fitted and then guides a second,
wider look at every keypoint. Ours is that a keypoint confirms only where it is nearer than any keypoint elsewhere, so
that a woven cloth does not agree with itself everywhere.

Places are complex numbers, x + iy, so that a similarity transform is a · z + b.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.hashing.details import CELLS, Codes, Part
from matching.hashing.details_profile import Verification

Differences = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]
Reals = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Booleans = npt.NDArray[np.bool_]

FEWEST: Final = 3  # keypoints that a transform is believed of
_MOST_SEEDS: Final = 200  # pairs that a hypothesis is tried on
_ASKED_APART: Final = 20.0  # pixels between the two keypoints of a hypothesis
_STORED_APART: Final = 40.0
_MOST_SCALE: Final = 3.0  # log2
_FITS: Final = 3
_FAR: Final = 255


@dataclass(frozen=True, slots=True)
class Agreement:
    """Keypoints that confirm, as `asked` and `stored` places in the parts, (k,) each, and how many should: `visible`.

    What lies in one stored cell counts once.
    """

    asked: Indices
    stored: Indices
    visible: int

    def amount(self, rule: Verification) -> float:
        """See `Verification`: five keypoints are enough only where they are nearly a third of what should be there."""
        share = len(self.asked) / max(self.visible, 1)
        return min(len(self.asked) * min(rule.bonus, 0.6 + 2 * share), rule.weight * share)

    def distance(self, rule: Verification) -> int:
        return max(0, rule.full - int(8 * self.amount(rule) + 1e-9))


@dataclass(frozen=True, slots=True)
class _Transform:
    a: complex
    b: complex

    @property
    def scale(self) -> float:
        return float(np.log2(abs(self.a)))

    @property
    def turn(self) -> float:
        return float(np.degrees(np.angle(self.a)))


def differences(asked: Codes, stored: Codes) -> Differences:
    """Bits that differ: (q, 2) and (n, 2) words of 64 bits to (q, n)."""
    return np.asarray(np.bitwise_count(asked[:, None] ^ stored[None]).sum(axis=2, dtype=np.uint8))


def agreement(asked: Part, stored: Part, rule: Verification) -> Agreement | None:
    """What of the stored part is in the asked one; None where no transform brings even three keypoints together."""
    return _Pair(asked, stored, rule).agreement()


class _Pair:
    def __init__(self, asked: Part, stored: Part, rule: Verification) -> None:
        self.rule = rule
        self.difference = differences(asked.codes, stored.codes)
        self.asked, self.stored = asked, stored
        self.q, self.s = _complex(asked), _complex(stored)
        self.side = max(stored.width, stored.height) / CELLS
        self.reach = rule.reach_px + rule.reach_cells * self.side
        self.cell = _cells(stored, self.side)

    def agreement(self) -> Agreement | None:
        transform = self._hypothesis()
        best: tuple[Indices, Indices] | None = None
        for _ in range(_FITS):
            if transform is None:
                break
            found = self._confirming(transform)
            if best is not None and len(found[0]) <= len(best[0]):
                break
            best, fitted = found, transform
            transform = _fit(self.q[found[0]], self.s[found[1]])
        if best is None or len(best[0]) < FEWEST:
            return None
        return Agreement(*best, self._visible(fitted))

    def _hypothesis(self) -> _Transform | None:
        """Fitted to the pairs that the best of the hypotheses brings together."""
        q, s = np.nonzero(self.difference <= self.rule.seed_bits)
        if len(q) < FEWEST:
            return None
        nearest = np.argsort(self.difference[q, s], kind="stable")[:_MOST_SEEDS]
        q, s = q[nearest], s[nearest]
        turn, scale = self._turn_and_scale(q, s)
        first, second = np.triu_indices(min(len(q), self.rule.seeds), 1)
        from_q, from_s = self.q[q[second]] - self.q[q[first]], self.s[s[second]] - self.s[s[first]]
        apart = (np.abs(from_q) >= _ASKED_APART) & (np.abs(from_s) >= _STORED_APART)
        first, second = first[apart], second[apart]
        a = from_s[apart] / from_q[apart]
        its_turn, its_scale = np.degrees(np.angle(a)), np.log2(np.abs(a))
        good = np.abs(its_scale) <= _MOST_SCALE
        for one in (first, second):
            good &= _turned(its_turn, turn[one]) <= self.rule.turn
            good &= np.abs(its_scale - scale[one]) <= self.rule.scale
        if not good.any():
            return None
        a, its_turn, its_scale = a[good], its_turn[good], its_scale[good]
        middle = (self.q[q[first]] + self.q[q[second]])[good] / 2, (self.s[s[first]] + self.s[s[second]])[good] / 2
        b = middle[1] - a * middle[0]
        together = self._near(a[:, None] * self.q[q] + b[:, None] - self.s[s])
        together &= _turned(its_turn[:, None], turn) <= self.rule.turn
        together &= np.abs(its_scale[:, None] - scale) <= self.rule.scale
        by_stored = np.argsort(s, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(s[by_stored]) > 0])
        counts = np.logical_or.reduceat(together[:, by_stored], starts, axis=1).sum(axis=1)
        best = int(np.argmax(counts))
        if counts[best] < FEWEST:
            return None
        pairs = np.flatnonzero(together[best])
        once = pairs[np.unique(s[pairs], return_index=True)[1]]  # nearest first, so that of a stored one it is that
        return _fit(self.q[q[once]], self.s[s[once]])

    def _confirming(self, transform: _Transform) -> tuple[Indices, Indices]:
        """Of each stored keypoint the nearest asked one at its place, if none elsewhere is nearly as near."""
        rule = self.rule
        limit = rule.guided_bits + rule.margin
        q, s = np.nonzero(self.difference <= limit)
        bits = self.difference[q, s]
        offset = transform.a * self.q[q] + transform.b - self.s[s]
        turn, scale = self._turn_and_scale(q, s)
        fitting = (_turned(turn, transform.turn) <= rule.turn) & (np.abs(scale - transform.scale) <= rule.scale)
        here = self._near(offset) & fitting & (bits <= rule.guided_bits)
        elsewhere = ~self._near(offset / 1.5)
        least_elsewhere = np.full(len(self.s), _FAR, np.uint8)
        np.minimum.at(least_elsewhere, s[elsewhere], bits[elsewhere])
        here &= bits + rule.margin <= least_elsewhere[s]
        order = np.flatnonzero(here)[np.argsort(bits[here], kind="stable")]
        return self._once(q[order], s[order])

    def _once(self, q: Indices, s: Indices) -> tuple[Indices, Indices]:
        """Of pairs, the best first, those whose asked keypoint and stored cell no better one has taken."""
        taken_cells: set[int] = set()
        taken = np.empty(len(q), np.complex128)
        kept: list[int] = []
        for number, (place, cell) in enumerate(zip(self.q[q].tolist(), self.cell[s].tolist(), strict=True)):
            if cell in taken_cells:
                continue
            offset = taken[: len(kept)] - place
            if (np.maximum(np.abs(offset.real), np.abs(offset.imag)) < self.rule.apart_px).any():
                continue
            taken[len(kept)] = place
            taken_cells.add(cell)
            kept.append(number)
        return q[kept], s[kept]

    def _visible(self, transform: _Transform) -> int:
        """Stored cells with a keypoint that a whole copy would show where the asked part is, and large enough."""
        place = (self.s - transform.b) / transform.a
        seen = (place.real >= 0) & (place.real <= self.asked.width) & (place.imag >= 0)
        seen &= place.imag <= self.asked.height
        seen &= self.stored.places[:, 2] - transform.scale >= self.rule.smallest
        return len(np.unique(self.cell[seen]))

    def _near(self, offset: Complex) -> Booleans:
        return (np.abs(offset.real) <= self.reach) & (np.abs(offset.imag) <= self.reach)

    def _turn_and_scale(self, q: Indices, s: Indices) -> tuple[Reals, Reals]:
        """What each pair says by itself, in degrees and log2."""
        change = self.stored.places[s].astype(np.float64) - self.asked.places[q]
        return change[:, 3], change[:, 2]


def _complex(part: Part) -> Complex:
    return part.places[:, 0] + 1j * part.places[:, 1].astype(np.float64)


def _cells(part: Part, side: float) -> npt.NDArray[np.int64]:
    across, down = np.floor(part.places[:, :2].T / side).astype(np.int64)
    return np.asarray(down * (CELLS + 1) + across)


def _turned(one: Any, other: Any) -> Any:
    """Degrees between two directions, 0 to 180."""
    return np.abs((one - other + 180) % 360 - 180)


def _fit(q: Complex, s: Complex) -> _Transform | None:
    """By least squares (Umeyama 1991, without reflection); None where they are too few or too near to each other."""
    if len(q) < FEWEST:
        return None
    from_q, from_s = q - q.mean(), s - s.mean()
    spread = float((np.abs(from_q) ** 2).sum())
    if spread < 1:
        return None
    a = complex((np.conj(from_q) * from_s).sum() / spread)
    if not 2**-_MOST_SCALE / 2 <= abs(a) <= 2 * 2**_MOST_SCALE:
        return None
    return _Transform(a, complex(s.mean() - a * q.mean()))
