"""The details' profile as platforms read it: whole, in JSON, the same for a photo and its mirror image."""

import json
from dataclasses import fields

import numpy as np
import pytest

from matching.hashing.details import CODE_BITS, MIRRORED
from matching.hashing.details_profile import DETAILS, VETO_DETAILS_1, Retrieval, Verification, bit_order, medians
from matching.hashing.profile import PROFILES

NAMES = pytest.mark.parametrize("name", DETAILS)


@NAMES
def test_the_profile_is_json_and_holds_all_that_a_client_needs(name: str) -> None:
    profile = DETAILS[name]
    told = json.loads(json.dumps(profile.to_json(), allow_nan=False))
    assert told == profile.to_json()
    assert told["name"] == name
    assert len(told["medians_in_65536ths"]) == len(told["permutation"]) == CODE_BITS
    for kind in ("whole", "main", "surround"):
        assert {kind, "coarse_share"} <= told["asked"].keys()
        assert {kind, "coarse_share"} <= told["stored"].keys()
        assert kind in told["drawn_share"]
    assert told["retrieval"].keys() == {field.name for field in fields(Retrieval)}
    assert told["verification"].keys() == {field.name for field in fields(Verification)}
    assert told["thresholds"] == {"strong": -1, "match": 80, "possible": 96}
    for each in ("longest_side", "contrast", "coarse_from_log2_size", "grid", "drawn_reach", "fewest_stored"):
        assert told[each]
    assert "SIFT" in told["definition"]


@NAMES
def test_the_packing_is_told_byte_for_byte(name: str) -> None:
    packing = DETAILS[name].to_json()["packing"]
    for word in ("version", "form", "kind", "width", "height", "most significant bit first", "1/64", "1/256", "1/32"):
        assert word in packing


def test_no_details_profile_has_the_name_of_a_frame_profile() -> None:
    assert not DETAILS.keys() & PROFILES.keys()


def test_a_detail_match_is_never_strong() -> None:
    assert VETO_DETAILS_1.thresholds.strong < 0


@NAMES
def test_the_medians_are_those_of_the_mirror_image_too(name: str) -> None:
    values = medians(name)
    assert values.shape == (CODE_BITS,)
    assert np.array_equal(values, values[MIRRORED])
    assert (values > 0).all()
    assert values.sum() < 65536  # of skewed shares the medians are below the means


@NAMES
def test_the_order_of_the_bits_is_a_permutation(name: str) -> None:
    assert sorted(bit_order(name).tolist()) == list(range(CODE_BITS))
    assert bit_order(name).tolist() != list(range(CODE_BITS))
    rule = DETAILS[name].retrieval
    assert rule.bands * rule.band_bits <= CODE_BITS
    assert rule.band_bits <= 32


def test_the_mirror_permutation_undoes_itself() -> None:
    assert sorted(MIRRORED.tolist()) == list(range(CODE_BITS))
    assert np.array_equal(MIRRORED[MIRRORED], np.arange(CODE_BITS))
