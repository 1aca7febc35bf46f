"""Details in several indexes, each of a random share of the photos, find at least what one of everything finds."""

from dataclasses import replace

import numpy as np

from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index.details_segmented import SegmentedDetailsIndex
from matching.loading import OF_A_SHARE
from matching.share import Share
from tests.unit.index.material import Copy, as_stored, claim, flipped, ordered, scattered

PHOTOS = 60
SHARES = [Share(number, 2) for number in range(2)]


def held(profile: DetailsProfile, shares: list[Share]) -> list[SegmentedDetailsIndex]:
    """Copies of one picture, of which each has other keypoints, so that some buckets fill."""
    indexes = [SegmentedDetailsIndex(profile) for _ in shares]
    picture, random = scattered(7), np.random.default_rng(3)
    for number in range(PHOTOS):
        copy = ordered(replace(picture, codes=flipped(picture.codes, number % 4, number)), np.arange(number % 30, 100))
        of = claim(int.from_bytes(random.bytes(16)))
        for share, index in zip(shares, indexes, strict=True):
            if share.of_these([of.protection]):
                index.apply([(of, Details((as_stored(copy),)))], [])
    return indexes


def limited(profile: DetailsProfile, share: float) -> DetailsProfile:
    """With the same room above the limit, and a limit that so few copies reach."""
    more = profile.retrieval.heavy_share / VETO_DETAILS_1.retrieval.heavy_share
    return replace(profile, retrieval=replace(profile.retrieval, heavy=5, heavy_share=share * more))


def test_what_one_index_finds_they_find() -> None:
    asked = Details((Copy(turn=10).of(scattered(7), bits=2),))
    found = {}
    for share in (0.002, 0.005, 0.007, 0.01):
        [whole] = held(limited(VETO_DETAILS_1, share), [Share(0, 1)])
        parts = held(limited(OF_A_SHARE, share), SHARES)
        found[share] = set(whole.search(asked))
        assert found[share] <= {hit for part in parts for hit in part.search(asked)}
    assert len({len(hits) for hits in found.values()}) > 2, found  # so the limit matters here
