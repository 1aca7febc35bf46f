"""The extrapolation of false matches, on pairs whose tail is known."""

import numpy as np
import numpy.typing as npt
import pytest

from bench.quality.tail import FAR, Near, tail

PHOTOS = 700


def distances(factor: float, top: int) -> npt.NDArray[np.uint8]:
    """Nearest distances that fall below `top` by `factor` for each bit."""
    random = np.random.default_rng(5)
    excess = random.geometric(1 - 1 / factor, (PHOTOS, PHOTOS))
    return np.clip(top - excess, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("factor", [1.3, 1.6])
def test_an_exponential_tail_is_found_again_beyond_the_pairs(factor: float) -> None:
    unlike = ~np.eye(PHOTOS, dtype=bool)
    near = Near.of(distances(factor, 99), unlike)
    at = int(near.distance.min()) - 12
    true = factor ** -(99 - at - 1)
    found = tail(near, at)
    assert found.observed == 0
    assert found.low <= true <= found.high * 3
    assert found.bound == pytest.approx(2.996 / unlike.sum())


def test_like_photos_and_far_pairs_are_not_counted() -> None:
    nearest = np.full((4, 4), FAR, np.uint8)
    nearest[0, 1] = 3
    nearest[2, 3] = 60
    unlike = ~np.eye(4, dtype=bool)
    unlike[0, 1] = False
    near = Near.of(nearest, unlike)
    assert (near.distance.tolist(), near.pairs) == ([60], 11)
