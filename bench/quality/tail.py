"""From the pairs at hand to the pairs of a big registry: a fitted tail, beside what the pairs themselves bound.

Method: how many pairs of unlike photos lie at each distance is fitted, for the nearest of them, by a Poisson
regression on the distance whose logarithm is a line or bends downwards (a tail as thin as a normal one's, never
thicker than an exponential's), by maximum likelihood, empty distances included. What lies at or below the limit is the
sum of the fit. The interval comes from drawing whole photos again (Efron 1979): pairs that share a photo are not
independent. Whether the fit may be believed is tried by fitting a fraction of the photos and predicting all of them.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FAR: Final = 100  # unlike pictures lie around 128: what is no nearer than this is not looked into
NEAREST_PAIRS: Final = 2000  # what is fitted: the nearest so many, and all at the same distance as the last of them
BIN: Final = 2  # distances of PDQ codes are mostly even: their codes have 128 bits set
DRAWS: Final = 300
SEED: Final = 4


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs of photos that came near: distances and photos, all (k,); `pairs` is how many there are in all."""

    distance: Integers
    query: Integers
    stored: Integers
    pairs: int

    @classmethod
    def of(cls, nearest: npt.NDArray[np.uint8], unlike: npt.NDArray[np.bool_], far: int = FAR) -> "Near":
        """From (asked, stored) distances and which pairs are of unlike photos; only those below `far` are exact."""
        counts = np.bincount(nearest[unlike], minlength=256)
        level = min(int(np.searchsorted(np.cumsum(counts), NEAREST_PAIRS)), far - 1)
        query, stored = np.nonzero((nearest <= level) & unlike)
        return cls(nearest[query, stored].astype(np.int64), query, stored, int(unlike.sum()))

    def among(self, step: int) -> "Near":
        """Only the pairs of every `step`-th photo."""
        kept = (self.query % step == 0) & (self.stored % step == 0)
        return Near(self.distance[kept], self.query[kept], self.stored[kept], self.pairs // step**2)


@dataclass(frozen=True, slots=True)
class Tail:
    """False matches at the limit `at`. `rate`, `low`, `high` and `bound` are shares of pairs of unlike photos.

    So `rate` × 1 M is what one query meets at a million photos. `bound` is the upper limit, at 95 %, that the pairs
    alone give; `predicted` and `observed_at` try the fit: pairs at distances up to `tried_at` that a third of the
    photos predict for all, and those that there are.
    """

    at: int
    pairs: int
    observed: int
    nearest: int
    fitted_to: int
    rate: float
    low: float
    high: float
    bound: float
    tried_at: int
    predicted: float
    observed_at: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def tail(near: Near, at: int) -> Tail:
    """The tail at the limit `at`; where no pair came near, there is nothing to fit and only the bound is said."""
    if not len(near.distance):
        return Tail(at, near.pairs, 0, 0, 0, 0.0, 0.0, 0.0, upper(0) / near.pairs, 0, 0.0, 0)
    top = int(near.distance.max())
    photos = int(max(near.query.max(), near.stored.max())) + 1
    rate = _below(_fit(_histogram(near.distance, top)), at) / near.pairs
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        times = np.bincount(random.integers(0, photos, photos), minlength=photos)
        weight = (times[near.query] * times[near.stored]).astype(np.float64)
        drawn.append(_below(_fit(_histogram(near.distance, top, weight)), at) / near.pairs)
    low, high = np.quantile(drawn, [0.025, 0.975])
    observed = int((near.distance <= at).sum())
    tried_at = int(np.sort(near.distance)[min(20, len(near.distance) - 1)])
    third = near.among(3)
    predicted = _below(_fit(_histogram(third.distance, top)), tried_at) * 9 if len(third.distance) else 0.0
    return Tail(
        at=at,
        pairs=near.pairs,
        observed=observed,
        nearest=int(near.distance.min()),
        fitted_to=top,
        rate=rate,
        low=float(low),
        high=float(high),
        bound=upper(observed) / near.pairs,
        tried_at=tried_at,
        predicted=predicted,
        observed_at=int((near.distance <= tried_at).sum()),
    )


def _histogram(distance: Integers, top: int, weight: Floats | None = None) -> Floats:
    """Pairs in bins of `BIN` downwards from `top`: bin 0 ends at `top`."""
    counts: Floats = np.bincount((top - distance) // BIN, weight, minlength=top // BIN + 1).astype(np.float64)
    return counts


def _fit(counts: Floats) -> Floats:
    """Expected pairs in each bin."""
    place = np.arange(len(counts), dtype=np.float64) / len(counts)
    bent = _poisson(np.stack([np.ones_like(place), place, place**2], axis=1), counts)
    if bent[2] <= 0:
        return np.exp(np.stack([np.ones_like(place), place, place**2], axis=1) @ bent)
    straight = np.stack([np.ones_like(place), place], axis=1)
    return np.exp(straight @ _poisson(straight, counts))


def _poisson(columns: Floats, counts: Floats) -> Floats:
    """Coefficients of a log-linear Poisson regression, by Newton's method, never downhill."""
    coefficients = np.zeros(columns.shape[1])
    coefficients[0] = np.log(max(counts[0], 1.0))
    coefficients[1] = -20.0

    def likelihood(values: Floats) -> float:
        exponent = np.minimum(columns @ values, 50.0)
        return float(counts @ exponent - np.exp(exponent).sum())

    now = likelihood(coefficients)
    for _ in range(100):
        expected = np.exp(np.minimum(columns @ coefficients, 50.0))
        gradient = columns.T @ (counts - expected)
        curvature = (columns.T * expected) @ columns + 1e-9 * np.eye(columns.shape[1])
        step = np.linalg.solve(curvature, gradient)
        while (then := likelihood(coefficients + step)) < now - 1e-9:
            step /= 2
        coefficients, gain, now = coefficients + step, then - now, then
        if gain < 1e-7:
            break
    return coefficients


def _below(expected: Floats, at: int) -> float:
    """Pairs at distances up to `at`: bins lie wholly at or below it, and a part of one."""
    top = (len(expected) - 1) * BIN
    return float(expected[max(0, (top - at + BIN - 1) // BIN) :].sum())


def upper(count: int) -> float:
    """One-sided 95 % upper limit of a Poisson mean after so many events (Garwood 1936), by Wilson and Hilferty."""
    if count == 0:
        return 2.996  # the rule of three
    place = count + 1
    return float(place * (1 - 1 / (9 * place) + 1.645 / (3 * place**0.5)) ** 3)
