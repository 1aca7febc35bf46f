"""What rebuilds pictures from what is stored must do it as well as it can: a broken one would call anything private."""

import numpy as np
import pytest

from bench.quality import inverse
from bench.quality.inverse import Image, Patches
from matching.hashing.area import SummedArea
from matching.hashing.details import Part
from matching.hashing.hashes import fingerprint_of
from matching.hashing.keypoints import stored_details
from matching.hashing.pictures import pictures
from tests.unit.hashing.material import encoded, photographs


@pytest.fixture(scope="module")
def luma() -> Image:
    return pictures(encoded(photographs()["aero"], "PNG"))[0]


@pytest.fixture(scope="module")
def part(luma: Image) -> Part:
    details = stored_details([luma])
    assert details is not None
    assert [part.kind for part in details.parts] == ["whole"]
    return details.parts[0]


def reduced(luma: Image, height: int, width: int) -> Image:
    return SummedArea(luma).block((0.0, 0.0, float(luma.shape[1]), float(luma.shape[0])), height, width)


def likeness(image: Image, luma: Image) -> float:
    return float(np.corrcoef(image.ravel(), reduced(luma, *image.shape).ravel())[0, 1])


def test_patches_cut_from_a_picture_and_joined_again_are_like_it(luma: Image, part: Part) -> None:
    patches = Patches.of(reduced(luma, part.height, part.width), part)
    assert likeness(inverse.from_details(part, patches.nearest(part)), luma) > 0.8


def test_a_regression_on_a_pictures_own_patches_tells_it_too(luma: Image, part: Part) -> None:
    patches = Patches.of(reduced(luma, part.height, part.width), part)
    looks = inverse.by_regression(patches.regression(), part)
    assert likeness(inverse.from_details(part, looks), luma) > 0.5


def test_a_frame_hash_tells_the_shapes_of_a_picture(luma: Image) -> None:
    height, width = luma.shape
    assert likeness(inverse.from_frame(fingerprint_of([luma]), width, height), luma) > 0.7
