import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.hashing.profile import ORIENTATIONS, PROFILES, VETO_1, Algorithm
from matching.hashing.rules import BITS, TileAgreement, by_tiles, permutation

codes = st.binary(min_size=32, max_size=32)


def is_candidate(algorithm: Algorithm, one: bytes, other: bytes) -> bool:
    """The rule as the documentation words it, bit by bit."""
    rule = algorithm.candidates
    differs = np.unpackbits(np.frombuffer(one, np.uint8) ^ np.frombuffer(other, np.uint8))
    in_bands = np.array([part.sum() for part in np.split(differs[list(rule.permutation)], rule.ends[:-1])])
    return bool((in_bands <= rule.flips).any())


@pytest.mark.parametrize("name", VETO_1.algorithms)
@given(data=st.data(), code=codes)
def test_every_code_within_the_guaranteed_distance_is_a_candidate(name: str, data: st.DataObject, code: bytes) -> None:
    flipped = bytearray(code)
    most = VETO_1.algorithms[name].candidates.guaranteed
    for bit in data.draw(st.sets(st.integers(0, BITS - 1), max_size=most)):
        flipped[bit // 8] ^= 0x80 >> bit % 8
    assert is_candidate(VETO_1.algorithms[name], code, bytes(flipped))


@pytest.mark.parametrize("name", VETO_1.algorithms)
def test_the_worst_code_at_that_distance_is_a_candidate_and_one_more_flip_makes_it_none(name: str) -> None:
    rule = VETO_1.algorithms[name].candidates
    flipped = bytearray(32)
    worst = [rule.permutation[end - 1 - place] for end in rule.ends for place in (3, 9, 14)[: rule.flips + 1]]
    for bit in worst[:-1]:
        flipped[bit // 8] ^= 0x80 >> bit % 8
    assert is_candidate(VETO_1.algorithms[name], bytes(32), bytes(flipped))
    flipped[worst[-1] // 8] ^= 0x80 >> worst[-1] % 8
    assert not is_candidate(VETO_1.algorithms[name], bytes(32), bytes(flipped))


@pytest.mark.parametrize("name", VETO_1.algorithms)
def test_the_permutation_is_fixed_and_complete(name: str) -> None:
    rule = VETO_1.algorithms[name].candidates
    assert sorted(rule.permutation) == list(range(BITS))
    assert rule.permutation == (permutation("veto-1/pdq") if name == "pdq" else by_tiles(4))
    assert rule.guaranteed == (35 if name == "pdq" else 31)
    assert (rule.ends[-1], len(rule.ends)) == (BITS, rule.bands)


def test_the_permutations_are_those_published() -> None:
    assert permutation("veto-1/pdq")[:8] == (69, 183, 19, 11, 136, 30, 202, 84)
    assert by_tiles(4)[:8] == (0, 1, 2, 3, 16, 17, 18, 19)
    assert by_tiles(4)[16:20] == (4, 5, 6, 7)
    assert by_tiles(4)[64] == 64


def agreement() -> TileAgreement:
    comparison = VETO_1.algorithms["dhash"].comparison
    assert isinstance(comparison, TileAgreement)
    return comparison


@pytest.mark.parametrize(
    ("tile", "detail"),
    [
        (0x0000, 0),  # a gradient
        (0xFFFF, 0),
        (0x0F0F, 9),  # rows in turns: 12 changes
        (0x5555, 9),  # columns in turns
        (0x5A5A, 21),  # a chessboard: 24 changes
        (0x8000, 0),  # a corner: 2 changes
    ],
)
def test_the_detail_of_a_tile_is_its_changes_less_what_a_gradient_may_have(tile: int, detail: int) -> None:
    assert agreement().detail(tile) == detail


def test_whatever_agrees_in_a_tile_is_a_candidate() -> None:
    """The candidate rule of dhash loses nothing: its bands are the tiles, its flips those that are worth something."""
    rule, comparison = VETO_1.algorithms["dhash"].candidates, agreement()
    assert rule.permutation == comparison.permutation
    assert rule.bands == 16
    assert len(comparison.worth) - 1 == rule.flips
    assert VETO_1.algorithms["dhash"].thresholds.possible < comparison.full


@pytest.mark.parametrize("name", VETO_1.algorithms)
def test_thresholds_rise_and_a_strong_match_is_always_a_candidate(name: str) -> None:
    algorithm = VETO_1.algorithms[name]
    limits = algorithm.thresholds
    assert 0 < limits.strong < limits.match < limits.possible < BITS // 2
    assert limits.strong <= algorithm.candidates.guaranteed


def test_every_view_that_is_stored_or_asked_is_defined_with_a_code_of_its_own() -> None:
    names = [view.name for view in VETO_1.views]
    assert len({view.code for view in VETO_1.views}) == len(set(names)) == len(names)
    for use in (VETO_1.stored, VETO_1.asked, VETO_1.asked_with_effort):
        assert set(use) <= {"pdq", "dhash"}
        assert {view for views in use.values() for view in views} <= set(names)


def test_view_codes_and_names_lead_back_to_each_other() -> None:
    for view in VETO_1.views:
        assert VETO_1.view_name(VETO_1.view_code(view.name)) == view.name


def test_unknown_views_are_refused_with_the_good_names() -> None:
    with pytest.raises(ValueError, match="center-90"):
        VETO_1.view_code("sideways")
    with pytest.raises(ValueError, match="251"):
        VETO_1.view_name(251)


def test_the_profile_is_served_as_plain_json() -> None:
    served = json.loads(json.dumps(VETO_1.to_json()))
    assert served["name"] == "veto-1"
    assert served["orientations"] == list(ORIENTATIONS)
    assert served["minimum_quality"] == 50
    assert served["algorithms"]["pdq"]["thresholds"] == {"strong": 31, "match": 37, "possible": 56}
    assert served["algorithms"]["pdq"]["distance"]["kind"] == "hamming-confirmed-by-texture"
    assert served["algorithms"]["dhash"]["distance"]["worth"] == [2, 1]
    assert served["asked"]["pdq"]["full"] == list(ORIENTATIONS)
    assert served["algorithms"]["pdq"]["candidate_rule"]["band_ends"][:4] == [21, 42, 64, 85]
    assert len(served["algorithms"]["dhash"]["candidate_rule"]["permutation"]) == 256
    assert served["stored"]["pdq"][0] == "full"
    assert PROFILES["veto-1"] is VETO_1
