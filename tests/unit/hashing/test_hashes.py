"""Recognition on real photographs, and the composition of fingerprints and queries."""

import uuid
from datetime import date
from functools import cache
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw

from matching.hashing.area import SummedArea
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pdq import pdq
from matching.hashing.pictures import pictures
from matching.hashing.profile import ORIENTATIONS, VETO_1
from matching.index.interface import Claim
from matching.index.scan import ScanIndex
from tests.unit.hashing.material import ALTERATIONS, distance, encoded, photographs

NAMES = sorted(photographs())
MATCH = VETO_1.algorithms["pdq"].thresholds.match
DHASH = VETO_1.algorithms["dhash"].thresholds


@cache
def stored(name: str) -> Fingerprint:
    return fingerprint_of(pictures(encoded(photographs()[name], "PNG")))


@cache
def asked(name: str, alteration: str) -> Fingerprint:
    return query_of(pictures(encoded(ALTERATIONS[alteration](photographs()[name]), "JPEG", quality=75)))


FAR = 256


def nearest(stored: Fingerprint, asked: Fingerprint, algorithm: str = "pdq") -> int:
    """By the index, as the product asks; FAR when nothing is within the widest threshold."""
    index = ScanIndex()
    index.apply([(Claim(uuid.uuid4(), 1, 0, date(2026, 1, 1)), [stored])], [])
    return min((hit.distance for hit in index.search([asked]) if hit.algorithm == algorithm), default=FAR)


@pytest.mark.parametrize("alteration", ALTERATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_an_altered_copy_is_found(name: str, alteration: str) -> None:
    assert nearest(stored(name), asked(name, alteration)) <= MATCH


@pytest.mark.parametrize("alteration", ALTERATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_other_photographs_are_not_found(name: str, alteration: str) -> None:
    for other in NAMES:
        if other != name:
            assert nearest(stored(other), asked(name, alteration)) > VETO_1.algorithms["pdq"].thresholds.possible
            assert nearest(stored(other), asked(name, alteration), "dhash") > DHASH.possible


@pytest.mark.parametrize("alteration", ["recompressed", "resized", "mirrored", "turned by a quarter"])
@pytest.mark.parametrize("name", NAMES)
def test_dhash_finds_whole_copies_in_every_orientation(name: str, alteration: str) -> None:
    assert nearest(stored(name), asked(name, alteration), "dhash") <= DHASH.match


@pytest.mark.parametrize("degrees", [-12, -4, 3, 8])
def test_a_small_turn_is_found_with_high_effort(degrees: int) -> None:
    turned = photographs()["camera"].rotate(degrees, Image.Resampling.BICUBIC)
    found = pictures(encoded(turned, "JPEG", quality=75))
    assert nearest(stored("camera"), query_of(found, "high")) <= MATCH


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_of_which_a_fifth_is_painted_over_is_found_by_its_other_tiles(name: str) -> None:
    edited = photographs()[name].copy()
    ImageDraw.Draw(edited).rectangle((150, 180, 380, 408), fill=(90, 20, 160))
    query = query_of(pictures(encoded(edited, "JPEG", quality=75)))
    assert nearest(stored(name), query, "dhash") <= DHASH.match
    assert (
        nearest(fingerprint_of(pictures(encoded(edited, "PNG"))), asked(name, "recompressed"), "dhash") <= DHASH.match
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("box", [(0, 112, 512, 400), (112, 0, 400, 512), (51, 0, 461, 512)])
def test_a_crop_to_usual_proportions_is_found_and_the_reverse(name: str, box: tuple[int, int, int, int]) -> None:
    cropped = pictures(encoded(photographs()[name].crop(box), "JPEG", quality=80))
    assert nearest(stored(name), query_of(cropped)) <= MATCH
    assert nearest(fingerprint_of(cropped), asked(name, "recompressed")) <= MATCH


def test_without_a_texture_only_the_nearest_bits_are_a_match() -> None:
    """A plain PDQ hash, as other systems have it, matches to 31 bits."""
    pdq_ = VETO_1.algorithms["pdq"]
    plain = next(item for item in stored("ascent").hashes if item.view == "plain")
    for flips, found in ((31, True), (32, False)):
        flipped = int.from_bytes(plain.bits) ^ ((1 << flips) - 1)
        query = Hash("plain", "pdq", flipped.to_bytes(32), 100)
        assert (nearest(stored("ascent"), Fingerprint("veto-1", (query,), 100)) <= pdq_.thresholds.match) is found


def screenshot(photo: Image.Image) -> Image.Image:
    page = Image.new("RGB", (720, 1400), (24, 26, 30))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 720, 110), fill=(60, 90, 120))
    for line in range(14):
        for word in range(12):
            draw.rectangle((40 + word * 55, 900 + line * 30, 75 + word * 55, 908 + line * 30), fill=(220, 220, 220))
    page.paste(photo.resize((640, 640)), (40, 180))
    return page


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_in_a_screenshot_is_found_and_the_reverse(name: str) -> None:
    photo = photographs()[name]
    shown = pictures(encoded(screenshot(photo), "JPEG", quality=80))
    assert nearest(stored(name), query_of(shown)) <= MATCH
    assert nearest(fingerprint_of(shown), query_of(pictures(encoded(photo, "JPEG")))) <= MATCH


def test_a_fingerprint_holds_the_stored_views_in_their_order() -> None:
    names = [item.view for item in stored("camera").hashes if item.algorithm == "pdq"]
    assert names == [view for view in VETO_1.stored["pdq"] if view in names]
    assert {"full", "center-90", "center-80", "center-70", "center-60", "center-50", "plain"} <= set(names)
    assert {item.view for item in stored("camera").hashes if item.algorithm == "dhash"} <= {*VETO_1.stored["dhash"]}
    assert {"aspect-1x1", "aspect-4x5"} & {view.name for view in VETO_1.views} <= {*VETO_1.stored["pdq"]}
    assert all(len(item.texture) == 32 for item in stored("camera").hashes if item.algorithm == "pdq")
    assert {item.orientation for item in stored("camera").hashes} == {"original"}


def test_a_query_asks_views_of_the_profile_in_its_orientations() -> None:
    query = asked("camera", "framed in white")
    for view, algorithm in {(item.view, item.algorithm) for item in query.hashes}:
        mine = [item.orientation for item in query.hashes if (item.view, item.algorithm) == (view, algorithm)]
        assert tuple(mine) == VETO_1.asked[algorithm][view]
    assert VETO_1.asked["pdq"]["full"] == VETO_1.asked["dhash"]["full"] == ORIENTATIONS
    assert VETO_1.asked["pdq"]["aspect-4x5"] == ("original", "flipy")
    assert {"full", "trim"} <= {item.view for item in query.hashes}


def test_a_query_with_high_effort_begins_with_the_normal_one() -> None:
    found = pictures(encoded(photographs()["aero"], "PNG"))
    normal, high = query_of(found), query_of(found, "high")
    assert high.hashes[: len(normal.hashes)] == normal.hashes
    added = {item.view for item in high.hashes[len(normal.hashes) :]}
    assert added == {*VETO_1.asked_with_effort["pdq"]}
    assert sum(item.view.startswith("rotate") for item in high.hashes) == 24 * 2


def test_equal_hashes_are_asked_once() -> None:
    found = pictures(encoded(photographs()["aero"], "PNG"))
    assert query_of(found * 3) == query_of(found)
    assert fingerprint_of(found * 3) == fingerprint_of(found)
    everything = [(item.algorithm, item.bits, item.texture) for item in query_of(found, "high").hashes]
    assert len(everything) == len(set(everything))


def test_each_picture_of_a_file_is_a_frame() -> None:
    two = [pictures(encoded(photographs()[name], "PNG"))[0] for name in ("aero", "camera")]
    assert {item.frame for item in fingerprint_of(two).hashes} == {0, 1}
    assert {item.frame for item in query_of(two).hashes} == {0, 1}


def test_a_mirrored_pictures_query_contains_the_originals_hash() -> None:
    for turn, orientation in ((np.fliplr, "flipy"), (np.flipud, "flipx"), (np.rot90, "rotate270")):
        picture = pictures(encoded(photographs()["ascent"], "PNG"))[0]
        original = next(item for item in fingerprint_of([picture]).hashes if item.view == "full")
        turned = query_of([np.ascontiguousarray(turn(picture))])
        (back,) = [
            item
            for item in turned.hashes
            if (item.view, item.algorithm, item.orientation) == ("full", "pdq", orientation)
        ]
        assert distance(original.bits, back.bits) <= 4


def test_the_dhash_is_imagehashs_in_every_orientation() -> None:
    picture = pictures(encoded(photographs()["ascent"], "PNG"))[0]
    turns: list[Any] = [
        lambda p: p,
        np.rot90,
        lambda p: np.rot90(p, 2),
        lambda p: np.rot90(p, 3),
        np.flipud,
        np.fliplr,
        np.transpose,
        lambda p: np.rot90(p, 2).T,
    ]
    asked_ = [item for item in query_of([picture]).hashes if (item.view, item.algorithm) == ("full", "dhash")]
    query = {item.orientation: item for item in asked_}
    for orientation, turn in zip(ORIENTATIONS, turns, strict=True):
        turned = np.ascontiguousarray(turn(picture))
        small = SummedArea(turned).block((0, 0, turned.shape[1], turned.shape[0]), 16, 17)
        image = Image.fromarray(np.floor(small + np.float32(0.5)).astype(np.uint8))
        expected = bytes.fromhex(str(imagehash.dhash(image, 16)))
        assert distance(query[orientation].bits, expected) <= 1, orientation


def test_the_plain_hash_is_reference_pdq_of_the_canonical_picture() -> None:
    picture = pictures(encoded(photographs()["ascent"], "PNG"))[0]
    (plain,) = [item for item in fingerprint_of([picture]).hashes if item.view == "plain"]
    codes, quality = pdq(picture)
    assert (plain.bits, plain.quality) == (codes[0].tobytes(), quality)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1), "red"),
        Image.new("RGB", (1, 400), "red"),
        Image.new("RGB", (640, 480), "white"),
        Image.linear_gradient("L"),
    ],
    ids=["1×1", "1×400", "white", "gradient"],
)
def test_too_little_detail_gives_an_empty_fingerprint_and_no_error(image: Image.Image) -> None:
    for fingerprint in (fingerprint_of(pictures(encoded(image, "PNG"))), query_of(pictures(encoded(image, "PNG")))):
        assert fingerprint.hashes == ()
        assert fingerprint.quality < VETO_1.minimum_quality


def test_hashes_of_little_detail_are_dropped_and_the_best_quality_is_told() -> None:
    page = Image.new("RGB", (512, 512), "white")
    page.paste(photographs()["camera"].resize((60, 60)), (20, 20))  # off the centre: the inner views are blank
    fingerprint = fingerprint_of(pictures(encoded(page, "PNG")))
    assert "center-50" not in {item.view for item in fingerprint.hashes}
    assert all(item.quality >= VETO_1.minimum_quality for item in fingerprint.hashes)


def test_no_picture_gives_an_empty_fingerprint() -> None:
    assert fingerprint_of([]) == query_of([]) == Fingerprint("veto-1", (), 0)
