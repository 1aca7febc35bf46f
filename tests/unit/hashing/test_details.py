"""Details as arrays and as bytes: nothing but what was packed is read, and a mirror image is known from its picture."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.hashing import details as module
from matching.hashing.details import (
    CELLS,
    CODE_BITS,
    KINDS,
    MOST_BYTES,
    MOST_KEYPOINTS,
    MOST_PARTS,
    TURNS,
    Details,
    Part,
    as_codes,
)
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.keypoints import asked_details
from matching.hashing.pictures import pictures
from tests.unit.hashing.material import encoded, photographs

BOTH = pytest.mark.parametrize("coarse", [True, False], ids=["coarse", "exact"])


def part(seed: int, keypoints: int, width: int = 384, height: int = 256, kind: module.Kind = "whole") -> Part:
    random = np.random.default_rng(seed)
    codes = random.integers(0, 2**64, (keypoints, 2), np.uint64)
    places = random.uniform((0, 0, 0.7, 0), (width - 1, height - 1, 5, 360), (keypoints, 4)).astype(np.float32)
    return Part(kind, width, height, codes, places)


def turned(one: Any, other: Any) -> Any:
    return np.abs((one - other + 180) % 360 - 180)


PARTS = st.builds(
    part,
    st.integers(0, 2**32),
    st.integers(0, 40),
    st.integers(1, 384),
    st.integers(1, 384),
    st.sampled_from(KINDS),
)
DETAILS = st.builds(lambda parts: Details(tuple(parts)), st.lists(PARTS, max_size=4))


@given(DETAILS)
def test_exact_details_come_back_as_they_were(details: Details) -> None:
    packed = details.to_bytes(coarse=False)
    assert len(packed) == 3 + sum(7 + 22 * len(each) for each in details.parts)
    again = Details.from_bytes(packed, coarse=False)
    for one, other in zip(details.parts, again.parts, strict=True):
        assert (one.kind, one.width, one.height) == (other.kind, other.width, other.height)
        assert np.array_equal(one.codes, other.codes)
        assert np.abs(one.places[:, :2] - other.places[:, :2]).max(initial=0) <= 1 / 128 + 1e-4
        assert np.abs(one.places[:, 2] - other.places[:, 2]).max(initial=0) <= 1 / 64 + 1e-4
        assert turned(one.places[:, 3], other.places[:, 3]).max(initial=0) <= 360 / 512 + 1e-3
    assert again.to_bytes(coarse=False) == packed


@given(DETAILS)
def test_coarse_details_come_back_as_near_as_their_cells(details: Details) -> None:
    packed = details.to_bytes(coarse=True)
    assert len(packed) == 3 + sum(7 + 18 * len(each) for each in details.parts)
    again = Details.from_bytes(packed, coarse=True)
    for one, other in zip(details.parts, again.parts, strict=True):
        assert (one.kind, one.width, one.height) == (other.kind, other.width, other.height)
        assert np.array_equal(one.codes, other.codes)
        side = max(one.width, one.height) / CELLS
        assert np.abs(one.places[:, :2] - other.places[:, :2]).max(initial=0) <= side / 2 + 1e-3
        assert np.abs(one.places[:, 2] - other.places[:, 2]).max(initial=0) <= 1 / 6 + 1e-3
        assert turned(one.places[:, 3], other.places[:, 3]).max(initial=0) <= 180 / TURNS + 1e-3
    assert again.to_bytes(coarse=True) == packed


def test_a_keypoint_on_the_last_line_or_beyond_is_in_the_last_cell() -> None:
    places = np.array([(383.4, 255.4, 2, 359.9), (400, 300, 9, -0.1), (-2, -2, -1, 720)], np.float32)
    edge = Details((Part("whole", 384, 256, np.zeros((3, 2), np.uint64), places),))
    [coarse] = Details.from_bytes(edge.to_bytes(coarse=True), coarse=True).parts
    assert coarse.places[:, :2].tolist() == [[372, 252], [372, 300], [12, 12]]
    assert coarse.places[:, 2].tolist() == [2, 5, 0]
    assert coarse.places[:, 3].tolist() == [0, 0, 0]
    [exact] = Details.from_bytes(edge.to_bytes(coarse=False), coarse=False).parts
    assert exact.places[:, 3].tolist() == [0, 0, 0]
    assert exact.places[2, :2].tolist() == [0, 0]


@BOTH
def test_the_largest_details_have_the_most_bytes(coarse: bool) -> None:
    largest = Details(tuple(part(seed, MOST_KEYPOINTS) for seed in range(MOST_PARTS)))
    packed = largest.to_bytes(coarse=coarse)
    assert len(packed) <= MOST_BYTES
    assert coarse or len(packed) == MOST_BYTES
    assert len(Details.from_bytes(packed, coarse=coarse)) == MOST_PARTS * MOST_KEYPOINTS


SMALL = Details((part(1, 5), part(2, 0, kind="main"), part(3, 3, 30, 384, "surround")))


@BOTH
def test_whatever_is_cut_short_or_too_long_is_refused(coarse: bool) -> None:
    packed = SMALL.to_bytes(coarse=coarse)
    for end in range(len(packed)):
        with pytest.raises(ValueError, match="details"):
            Details.from_bytes(packed[:end], coarse=coarse)
    for tail in (b"\0", b"\0" * 22, packed):
        with pytest.raises(ValueError, match="bytes too many"):
            Details.from_bytes(packed + tail, coarse=coarse)


@BOTH
def test_one_form_is_not_taken_for_the_other(coarse: bool) -> None:
    with pytest.raises(ValueError, match="form"):
        Details.from_bytes(SMALL.to_bytes(coarse=not coarse), coarse=coarse)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\x00"),
        (0, b"\x02"),
        (1, b"\x00"),
        (1, b"\x03"),
        (2, b"\x11"),
        (2, b"\x02"),
        (2, b"\x04"),
        (3, b"\x03"),
        (3, b"\xff"),
        (4, b"\0\0"),
        (6, b"\0\0"),
        (8, (MOST_KEYPOINTS + 1).to_bytes(2)),
        (8, b"\x00\x04"),
        (8, b"\xff\xff"),
        (3, b"\xde\xd4\x31"),
    ],
)
@BOTH
def test_a_header_that_says_anything_else_is_refused_and_not_quoted(coarse: bool, at: int, value: bytes) -> None:
    packed = bytearray(SMALL.to_bytes(coarse=coarse))
    packed[at : at + len(value)] = value
    with pytest.raises(ValueError, match="details") as caught:
        Details.from_bytes(bytes(packed), coarse=coarse)
    assert str(int.from_bytes(value)) not in str(caught.value) or value < b"\x20"


@given(st.binary(max_size=400), st.booleans())
def test_of_any_bytes_there_are_details_or_a_value_error(data: bytes, coarse: bool) -> None:
    try:
        details = Details.from_bytes(data, coarse=coarse)
    except ValueError:
        return
    assert details.to_bytes(coarse=coarse)[:3] == data[:3]


@given(DETAILS, st.data())
def test_of_bytes_that_were_tampered_with_there_are_details_or_a_value_error(details: Details, data: Any) -> None:
    coarse = data.draw(st.booleans())
    packed = bytearray(details.to_bytes(coarse=coarse))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        again = Details.from_bytes(bytes(packed), coarse=coarse)
    except ValueError:
        return
    assert all(np.isfinite(each.places).all() for each in again.parts)
    assert all(each.codes.flags.c_contiguous and each.codes.shape == (len(each), 2) for each in again.parts)


def test_the_first_bit_is_the_most_significant_of_the_first_byte() -> None:
    bits = np.eye(CODE_BITS, dtype=np.uint8)
    codes = as_codes(bits)
    assert codes.shape == (CODE_BITS, 2)
    for number, code in enumerate(codes):
        assert code.tobytes() == (1 << CODE_BITS - 1 - number).to_bytes(16)
    assert np.array_equal(as_codes(bits.astype(bool)), codes)
    assert as_codes(bits[:0]).shape == (0, 2)


@given(PARTS)
def test_the_mirror_image_of_the_mirror_image_is_the_picture(one: Part) -> None:
    again = one.mirrored().mirrored()
    assert np.array_equal(one.codes, again.codes)
    assert np.abs(one.places[:, :3] - again.places[:, :3]).max(initial=0) < 1e-3
    assert turned(one.places[:, 3], again.places[:, 3]).max(initial=0) < 1e-2
    assert (again.kind, again.width, again.height) == (one.kind, one.width, one.height)


@pytest.mark.parametrize("name", photographs())
def test_what_is_mirrored_is_what_the_mirror_image_has(name: str) -> None:
    [picture] = pictures(encoded(photographs()[name], "PNG"))
    everything = replace(VETO_DETAILS_1, asked={"whole": 5000, "main": 5000, "surround": 5000})
    [straight] = asked_details([picture], everything).parts
    [mirror] = asked_details([np.ascontiguousarray(picture[:, ::-1])], everything).parts
    expected = straight.mirrored()
    apart = np.abs(expected.places[:, None, :2] - mirror.places[None, :, :2]).max(axis=2)
    apart += 100 * (turned(expected.places[:, None, 3], mirror.places[None, :, 3]) > 10)
    nearest = apart.argmin(axis=1)
    same = apart.min(axis=1) <= 0.75
    assert same.mean() > 0.85
    differ = np.bitwise_count(expected.codes[same] ^ mirror.codes[nearest[same]]).sum(axis=1)
    assert np.percentile(differ, 90) <= 8
    assert np.abs(expected.places[same, :2] - mirror.places[nearest[same], :2]).mean() < 0.15
    assert np.abs(expected.places[same, 2] - mirror.places[nearest[same], 2]).mean() < 0.05


def test_a_mirrored_descriptor_is_the_descriptor_of_the_mirror_image() -> None:
    """At the very same keypoint, so that nothing but the order of the 128 values is in question."""
    image = np.random.default_rng(5).integers(0, 256, (129, 129), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    sift = cv2.SIFT.create()
    for angle in (0.0, 30.0, 135.0, 290.0):
        here = cv2.KeyPoint(60.0, 70.0, 12.0, angle, 1.0, 0)
        there = cv2.KeyPoint(128 - 60.0, 70.0, 12.0, (180 - angle) % 360, 1.0, 0)
        _, values = sift.compute(image, [here])
        _, mirrored = sift.compute(np.ascontiguousarray(image[:, ::-1]), [there])
        assert np.abs(values[0][module.MIRRORED] - mirrored[0]).max() <= 4
