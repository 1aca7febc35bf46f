"""The segmented index against the plain one, at length: every distance, any sequence of changes and merges."""

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from matching.hashing.profile import VETO_1
from matching.index import segment
from matching.index.interface import Hit
from matching.index.scan import ScanIndex
from matching.index.segment import Rules, built
from matching.index.segmented import Merge, SegmentedIndex
from tests.unit.index.photos import Put, asking, near, photo


@pytest.fixture(autouse=True)
def buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(segment, "FEW", 40)  # codes beyond which these tests want buckets
    monkeypatch.setattr(segment, "MOST", 3000)  # and further blocks
    yield


def in_order(hits: list[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (hit.claim.protection, hit.algorithm))


def questions_are_answered_alike(count: int, photos: int) -> None:
    source = random.Random(count)
    held = [photo(source) for _ in range(photos)]
    rules, oracle = Rules(), ScanIndex()
    index = SegmentedIndex.of(built([held], rules), rules)
    oracle.apply(held, [])
    widest = max(algorithm.thresholds.possible for algorithm in VETO_1.algorithms.values())
    asked = [
        asking(near(source, source.choice(source.choice(held)[1][0].hashes), number % (widest + 2)))
        for number in range(count)
    ]
    found = index.search_each(asked)
    assert [in_order(hits) for hits in found] == [in_order(oracle.search(question)) for question in asked]
    assert sum(map(len, found)) > count // 3


def test_five_hundred_questions_in_one_call_are_answered_each_as_by_the_plain_index() -> None:
    questions_are_answered_alike(500, 1100)


@pytest.mark.long
def test_ten_thousand_questions_at_every_distance_are_answered_as_by_the_plain_index() -> None:
    questions_are_answered_alike(10_000, 3000)


class Changes(RuleBasedStateMachine):
    """Photos come, change and go; merges begin, wait while more happens, and end or are put off."""

    def __init__(self) -> None:
        super().__init__()
        self.index, self.oracle = SegmentedIndex(), ScanIndex()
        self.standing: dict[UUID, Put] = {}
        self.gone: list[Put] = []
        self.due: Merge | None = None

    def apply(self, put: list[Put], remove: list[UUID]) -> None:
        for each in (self.index, self.oracle):
            each.apply(put, remove)
        self.gone += [self.standing.pop(each) for each in remove if each in self.standing]
        self.standing |= {claim.protection: (claim, prints) for claim, prints in put}

    @rule(seed=st.integers(0, 1 << 32), count=st.integers(1, 30), pdq=st.integers(0, 3))
    def photos_come(self, seed: int, count: int, pdq: int) -> None:
        source = random.Random(seed)
        self.apply([photo(source, pdq=pdq) for _ in range(count)], [])

    @precondition(lambda self: self.standing)
    @rule(seed=st.integers(0, 1 << 32), share=st.floats(0, 1))
    def some_go(self, seed: int, share: float) -> None:
        source = random.Random(seed)
        self.apply([], source.sample(sorted(self.standing), int(share * len(self.standing))))

    @precondition(lambda self: self.standing)
    @rule(seed=st.integers(0, 1 << 32))
    def one_has_other_codes_now(self, seed: int) -> None:
        source = random.Random(seed)
        claim, _ = self.standing[source.choice(sorted(self.standing))]
        self.apply([(claim, photo(source)[1])], [])

    @precondition(lambda self: self.due is None)
    @rule(clean=st.booleans())
    def a_merge_falls_due(self, clean: bool) -> None:
        self.due = self.index.due(clean=clean)

    @precondition(lambda self: self.due is not None)
    @rule(while_more=st.booleans(), seed=st.integers(0, 1 << 32))
    def it_is_made(self, while_more: bool, seed: int) -> None:
        due, self.due = self.due, None
        assert due is not None

        def placed(made: segment.Segment) -> segment.Segment:
            if while_more:
                self.photos_come(seed, 5, 1)
                self.some_go(seed, 0.3)
            return made

        self.index.merge(due, placed)

    @precondition(lambda self: self.due is not None)
    @rule()
    def it_is_put_off(self) -> None:
        self.due = None
        self.index.put_off()

    @invariant()
    def answers_are_alike(self) -> None:
        source = random.Random(len(self.standing))
        some = [*self.gone[-3:], *source.sample(list(self.standing.values()), min(12, len(self.standing)))]
        asked = asking(*(near(source, item, source.randrange(58)) for _, prints in some for item in prints[0].hashes))
        assert in_order(self.index.search(asked)) == in_order(self.oracle.search(asked))
        assert len(self.index) == len(self.oracle)


class TestChanges(Changes.TestCase):
    """In short: hundreds of changes."""

    settings = settings(max_examples=8, stateful_step_count=20, deadline=None, database=None)


@pytest.mark.long
@pytest.mark.timeout(1200)
class TestTenThousandChanges(Changes.TestCase):
    """At length: a merge, a change of some photos or a removal of some at each of ten thousand steps."""

    settings = settings(max_examples=100, stateful_step_count=100, deadline=None, database=None)
