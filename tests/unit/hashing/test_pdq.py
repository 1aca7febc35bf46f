from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matching.hashing.pdq import dct, dihedral, pdq, quality
from matching.hashing.profile import ORIENTATIONS
from tests.unit.hashing.material import SHARED, SYNTHETIC, distance, shared_vectors, synthetic

# Each orientation as what it does to the pixels, in the order of ORIENTATIONS.
TURNS: list[Any] = [
    lambda block: block,
    np.rot90,
    lambda block: np.rot90(block, 2),
    lambda block: np.rot90(block, 3),
    np.flipud,
    np.fliplr,
    np.transpose,
    lambda block: np.rot90(block, 2).T,
]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_bits_quality_and_orientations_of_synthetic_pictures_equal_the_reference(name: str) -> None:
    codes, its_quality = pdq(synthetic(name))
    assert [code.tobytes().hex() for code in codes] == SYNTHETIC[name][3]
    assert its_quality == 100


@pytest.mark.skipif(not shared_vectors(), reason="the reference's photographs are not beside this checkout")
@pytest.mark.parametrize("name", shared_vectors())
def test_bits_quality_and_orientations_of_photographs_equal_the_reference(name: str) -> None:
    expected = shared_vectors()[name]
    codes, its_quality = pdq(np.asarray(Image.open(SHARED / "pdq" / name).convert("RGB")))
    assert [code.tobytes().hex() for code in codes] == expected["orientations"]
    assert its_quality == expected["quality"]


@pytest.mark.parametrize("shape", [(4, 100), (100, 4), (1, 1)])
def test_a_picture_smaller_than_the_reference_hashes_has_zero_bits_and_quality(shape: tuple[int, int]) -> None:
    codes, its_quality = pdq(np.full(shape, 7, dtype=np.uint8))
    assert not codes.any()
    assert its_quality == 0


@pytest.mark.parametrize("shape", [(64,), (64, 64, 4), (2, 64, 64, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        pdq(np.zeros(shape, dtype=np.uint8))


blocks = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).uniform(0, 255, (1, 64, 64)).astype(np.float32)
)


@settings(max_examples=25, deadline=None)
@given(blocks)
def test_orientations_from_one_dct_are_those_of_the_turned_block(block: Any) -> None:
    codes = dihedral(dct(block))[0]
    for name, code, turn in zip(ORIENTATIONS, codes, TURNS, strict=True):
        turned = dihedral(dct(np.ascontiguousarray(turn(block[0]))[None]))[0, 0]
        # Sums in another order may put a coefficient on the other side of a median that it nearly equals.
        assert distance(code.tobytes(), turned.tobytes()) <= 4, name


@settings(max_examples=25, deadline=None)
@given(blocks, st.sampled_from(range(8)))
def test_a_turned_block_has_the_same_set_of_codes(block: Any, number: int) -> None:
    mine = dihedral(dct(block))[0]
    its = dihedral(dct(np.ascontiguousarray(TURNS[number](block[0]))[None]))[0]
    for code in mine:
        assert min(distance(code.tobytes(), other.tobytes()) for other in its) <= 4


@settings(max_examples=25, deadline=None)
@given(blocks)
def test_half_of_the_bits_are_set(block: Any) -> None:
    assert np.bitwise_count(dihedral(dct(block))[0]).sum(axis=1).tolist() == [128] * 8


@settings(max_examples=25, deadline=None)
@given(blocks, st.floats(-50, 50))
def test_brightness_changes_nothing_but_rounding(block: Any, change: float) -> None:
    before, after = (dihedral(dct(b))[0, 0].tobytes() for b in (block, block + np.float32(change)))
    assert distance(before, after) <= 4


def test_a_constant_block_has_no_quality_and_a_checkerboard_has_all() -> None:
    constant = np.full((64, 64), 99, dtype=np.float32)
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.float32(255)
    assert quality(np.stack([constant, board.astype(np.float32)])).tolist() == [0, 100]


def test_blocks_hashed_together_have_the_codes_they_have_alone() -> None:
    several = np.random.default_rng(5).uniform(0, 255, (6, 64, 64)).astype(np.float32)
    together = dihedral(dct(several))
    for number, block in enumerate(several):
        assert (dihedral(dct(block[None]))[0] == together[number]).all()
