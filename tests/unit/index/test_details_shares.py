"""Details in several indexes find what one of everything finds: heavy buckets and most votes are of all together."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from uuid import UUID

import numpy as np
import pytest

from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index.details import PlainDetailsIndex
from matching.index.details_segmented import SegmentedDetailsIndex
from matching.index.details_shares import Booleans, Crowd, Sizes, added, best, heavy_buckets
from matching.index.interface import Hit
from tests.unit.index.material import Copy, as_stored, claim, flipped, ordered, scattered

PHOTOS = 60
COPIES = [Details((Copy(turn=turn).of(scattered(7), bits=2),)) for turn in (0, -20)]


def profile(heavy: int, most: int = 500) -> DetailsProfile:
    return replace(VETO_DETAILS_1, retrieval=replace(VETO_DETAILS_1.retrieval, heavy=heavy, heavy_share=0, most=most))


def filled(index: SegmentedDetailsIndex | PlainDetailsIndex, number: int = 0, of: int = 1) -> None:
    """With this share of copies of one picture, so that buckets fill; some have come and gone."""
    picture = scattered(7)
    held = [
        ordered(replace(picture, codes=flipped(picture.codes, n % 4, n)), np.arange(n % 30, 100)) for n in range(PHOTOS)
    ]
    details = [(claim(n), Details((as_stored(part),))) for n, part in enumerate(held)]
    index.apply(details[number::of], [])
    index.apply([], [UUID(int=n) for n in range(0, PHOTOS, 5)])


def split(of: int, rules: DetailsProfile) -> list[SegmentedDetailsIndex]:
    parts = [SegmentedDetailsIndex(rules) for _ in range(of)]
    for number, part in enumerate(parts):
        filled(part, number, of)
    return parts


def found(parts: Sequence[SegmentedDetailsIndex], asked: Details, rules: DetailsProfile) -> set[Hit]:
    """As shards are asked, and as if they knew only about how many there are."""

    def standing(unsure: Sequence[Booleans], limit: int) -> tuple[Sizes, ...]:
        return reduce(added, (part.standing(asked, unsure, limit) for part in parts))

    crowd = reduce(Crowd.__add__, (part.crowd(asked) for part in parts))
    about = replace(crowd, most=tuple(each + 5 for each in crowd.most))
    heavy = heavy_buckets(about, rules.retrieval, standing)
    hits = best([part.judged(asked, heavy) for part in parts], rules.retrieval.most)
    assert len(set(hits)) == len(hits)
    return set(hits)


@pytest.mark.parametrize("of", [1, 3])
@pytest.mark.parametrize(("heavy", "most"), [(10, 500), (30, 500), (100, 500), (30, 7), (100, 7), (100, 1)])
def test_several_indexes_find_what_one_finds(of: int, heavy: int, most: int) -> None:
    rules = profile(heavy, most)
    whole, plain, parts = SegmentedDetailsIndex(rules), PlainDetailsIndex(rules), split(of, rules)
    filled(whole)
    filled(plain)
    for asked in COPIES:
        assert found(parts, asked, rules) == set(whole.search(asked)) == set(plain.search(asked))


def test_one_more_than_the_most_is_left_out_whichever_index_it_is_in() -> None:
    rules = profile(heavy=100, most=7)
    parts = split(3, rules)
    assert len(found(parts, COPIES[0], rules)) == 7
    assert all(len(part.search(COPIES[0])) == 7 for part in parts)


def test_buckets_that_are_light_in_each_of_several_are_heavy_in_all() -> None:
    rules = profile(heavy=30)
    parts = split(3, rules)
    asked = Details((ordered(scattered(7), np.arange(40, 100)),))  # what all copies have
    assert not found(parts, asked, rules)
    assert any(part.search(asked) for part in parts)
