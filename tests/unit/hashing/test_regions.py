from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.hashing.regions import center, main_block, trim, trim_loose, whole

BUSY = np.random.default_rng(3).uniform(0, 255, (120, 200)).astype(np.float32)


def framed(top: int, bottom: int, left: int, right: int, colour: float) -> Any:
    return np.pad(BUSY, ((top, bottom), (left, right)), constant_values=colour).astype(np.float32)


@given(st.tuples(*[st.integers(0, 40)] * 4), st.floats(0, 255, width=32))
def test_a_uniform_border_is_trimmed_to_the_pixel(borders: tuple[int, int, int, int], colour: float) -> None:
    top, bottom, left, right = borders
    expected = (left, top, left + 200, top + 120)
    assert trim(framed(top, bottom, left, right, colour)) == expected
    assert trim_loose(framed(top, bottom, left, right, colour)) == expected


def test_borders_within_borders_are_trimmed() -> None:
    picture = np.pad(framed(10, 10, 10, 10, 255), 20, constant_values=0).astype(np.float32)
    assert trim(picture) == (30, 30, 230, 150)


def test_a_caption_in_the_border_is_trimmed_loosely_only() -> None:
    picture = framed(40, 0, 0, 0, 255)
    picture[15:25, 30:70] = 0
    assert trim(picture)[1] < 20
    assert trim_loose(picture) == (0, 40, 200, 160)


@pytest.mark.parametrize("find", [trim, trim_loose, main_block])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 7), (512, 512)])
def test_a_picture_with_nothing_in_it_is_kept_whole(find: Any, shape: tuple[int, int]) -> None:
    picture = np.full(shape, 200, dtype=np.float32)
    assert find(picture) == whole(picture)


@pytest.mark.parametrize("find", [trim, trim_loose, main_block])
def test_a_photo_without_borders_is_kept_whole(find: Any) -> None:
    assert find(BUSY) == whole(BUSY)


def test_the_main_block_is_the_photo_on_a_page() -> None:
    page = framed(150, 90, 25, 30, 240)
    page[20:30, 10:240:3] = 0  # a line of text
    page[290:330:10, 10:200:4] = 30  # and more of it
    assert main_block(page) == (25, 150, 225, 270)


def test_a_drawn_frame_around_the_main_block_is_cut_off() -> None:
    page = np.pad(framed(4, 4, 4, 4, 90), ((150, 90), (25, 30)), constant_values=240).astype(np.float32)
    assert main_block(page) == (29, 154, 229, 274)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_every_region_lies_within_the_picture_and_has_an_area(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    picture = (random.integers(0, 3, (height, width)) * 100).astype(np.float32)
    for find in (trim, trim_loose, main_block):
        left, top, right, bottom = find(picture)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_the_centre_keeps_so_much_of_each_side() -> None:
    assert center(BUSY, 80) == pytest.approx((20, 12, 180, 108))
    assert center(BUSY, 50, (100, 20, 200, 120)) == pytest.approx((125, 45, 175, 95))
