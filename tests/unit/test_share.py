"""Shares of the protections: each belongs to exactly one."""

import itertools
import uuid

import pytest

from matching.share import EVERYTHING, Share

EDGES = [uuid.UUID(int=number) for number in (0, 1, 1 << 127, (1 << 128) - 1)]


@pytest.mark.parametrize("of", [1, 2, 3, 7, 100])
def test_every_protection_is_in_one_share(of: int) -> None:
    shares = [Share(number, of) for number in range(of)]
    assert shares[0].first == EDGES[0]
    assert shares[-1].last == EDGES[-1]
    for before, after in itertools.pairwise(shares):
        assert before.last.int + 1 == after.first.int
        for edge, share in ((before.last, before), (after.first, after)):
            assert [each for each in shares if each.of_these([edge])] == [share]


def test_shares_are_about_as_large_as_each_other() -> None:
    protections = {uuid.uuid4() for _ in range(3000)}
    parts = [Share(number, 3).of_these(protections) for number in range(3)]
    assert set().union(*parts) == protections
    assert all(800 < len(part) < 1200 for part in parts)
    assert EVERYTHING.of_these(protections) == protections
