from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.hashing.area import SummedArea, shrink

sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))


def random_picture(height: int, width: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)


def weights(side: float, target: int, available: int) -> Any:
    """Every target line's share in every source line, as the definition words it."""
    edges = np.linspace(0, side, target + 1)
    low, high = edges[:-1, None], edges[1:, None]
    lines = np.arange(available)
    return np.clip(np.minimum(high, lines + 1) - np.maximum(low, lines), 0, None) / (high - low)


def shrunk(picture: Any, target: tuple[int, int], extent: tuple[float, float] | None = None) -> Any:
    return shrink(lambda top, bottom: picture[top:bottom], picture.shape, extent or picture.shape, target)


@settings(deadline=None)
@given(sizes, sizes)
def test_shrinking_is_the_average_by_exact_pixel_weights(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    target = min(size[0], wanted[0]), min(size[1], wanted[1])
    picture = random_picture(*size)
    expected = weights(size[0], target[0], size[0]) @ picture @ weights(size[1], target[1], size[1]).T
    np.testing.assert_allclose(shrunk(picture, target), expected, rtol=1e-4, atol=1e-3)


@settings(deadline=None)
@given(sizes, sizes)
def test_shrinking_preserves_the_mean(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    picture = random_picture(*size)
    result = shrunk(picture, (min(size[0], wanted[0]), min(size[1], wanted[1])))
    assert result.mean() == pytest.approx(picture.mean(), rel=1e-4)


@settings(deadline=None)
@given(sizes, st.floats(0, 255, width=32))
def test_a_constant_picture_stays_constant(size: tuple[int, int], value: float) -> None:
    picture = np.full(size, value, dtype=np.float32)
    np.testing.assert_allclose(shrunk(picture, (1 + size[0] // 2, 1 + size[1] // 3)), value, rtol=1e-5, atol=1e-4)


@settings(deadline=None)
@given(sizes)
def test_shrinking_and_turning_may_change_places(size: tuple[int, int]) -> None:
    picture = random_picture(*size)
    target = 1 + size[0] // 2, 1 + size[1] // 3
    turned = shrunk(np.ascontiguousarray(picture.T), target[::-1]).T
    np.testing.assert_allclose(shrunk(picture, target), turned, rtol=1e-4, atol=1e-3)


def test_strips_join_without_a_seam() -> None:
    picture = random_picture(3000, 1500)  # more than one strip
    calls = []

    def rows(top: int, bottom: int) -> Any:
        calls.append((top, bottom))
        return picture[top:bottom]

    result = shrink(rows, picture.shape, picture.shape, (512, 256))
    expected = weights(3000, 512, 3000) @ picture @ weights(1500, 256, 1500).T
    assert len(calls) > 1
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-3)


def test_a_picture_may_end_within_a_pixel() -> None:
    picture = random_picture(11, 9)
    expected = weights(10.5, 4, 11) @ picture @ weights(8.25, 3, 9).T
    np.testing.assert_allclose(shrunk(picture, (4, 3), (10.5, 8.25)), expected, rtol=1e-4, atol=1e-3)


def test_an_unchanged_size_changes_nothing() -> None:
    picture = random_picture(20, 30)
    assert (shrunk(picture, (20, 30)) == picture).all()


@settings(deadline=None)
@given(sizes, st.tuples(*[st.floats(0, 1)] * 4))
def test_a_block_of_any_rectangle_has_the_rectangles_mean(size: tuple[int, int], cuts: tuple[float, ...]) -> None:
    height, width = size
    left, right = sorted((cuts[0] * width, cuts[1] * width))
    top, bottom = sorted((cuts[2] * height, cuts[3] * height))
    right, bottom = max(right, left + 0.1), max(bottom, top + 0.1)
    if right > width or bottom > height:
        return
    picture = random_picture(height, width)

    def share(low: float, high: float, side: int) -> Any:
        lines = np.arange(side)
        return np.clip(np.minimum(high, lines + 1) - np.maximum(low, lines), 0, None) / (high - low)

    expected = share(top, bottom, height) @ picture @ share(left, right, width)
    block = SummedArea(picture).square((left, top, right, bottom))
    assert block.shape == (64, 64)
    assert block.mean() == pytest.approx(expected, rel=1e-3, abs=1e-2)


def test_a_block_equals_the_average_by_exact_weights() -> None:
    picture = random_picture(300, 200)
    expected = weights(300, 64, 300) @ picture @ weights(200, 64, 200).T
    np.testing.assert_allclose(SummedArea(picture).square((0, 0, 200, 300)), expected, rtol=1e-4, atol=1e-3)


def test_a_block_of_less_than_64_pixels_repeats_them() -> None:
    picture = np.array([[10, 200], [30, 40]], dtype=np.float32)
    block = SummedArea(picture).square((0, 0, 2, 2))
    np.testing.assert_allclose(block, np.kron(picture, np.ones((32, 32))), rtol=1e-4)
