"""The plain index of details against a model without blocks: whatever came and went, in whatever order."""

import threading
from collections import Counter
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from matching.hashing.details import Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index import details as module
from matching.index.agreement import agreement, differences
from matching.index.details import PlainDetailsIndex, keys_of
from matching.index.interface import Claim, Hit
from tests.unit.index.material import Copy, as_stored, claim, flipped, joined, ordered, scattered

SMALL = replace(
    VETO_DETAILS_1,
    retrieval=replace(VETO_DETAILS_1.retrieval, bands=4, band_bits=6, bits=8, heavy=6, heavy_share=0.02, most=3),
)


class Model:
    """The rule of `Retrieval` as it is written, over every registered part."""

    def __init__(self, profile: DetailsProfile) -> None:
        self.profile = profile
        self.held: dict[UUID, tuple[Claim, Details]] = {}

    def apply(self, put: list[tuple[Claim, Details | None]], remove: list[UUID]) -> None:
        for protection in remove:
            self.held.pop(protection, None)
        for one, details in put:
            self.held.pop(one.protection, None)
            if details is not None:
                self.held[one.protection] = one, details

    def parts(self) -> list[tuple[Claim, Part]]:
        return [(one, part) for one, details in self.held.values() for part in details.parts]

    def candidates(self, view: Part) -> list[tuple[int, Claim, Part]]:
        """With how many votes."""
        rule = self.profile.retrieval
        parts = self.parts()
        buckets = Counter(
            (band, int(key))
            for _, part in parts
            for band, keys in enumerate(keys_of(part.codes, self.profile))
            for key in keys
        )
        limit = max(rule.heavy, rule.heavy_share * len(self))
        asked = keys_of(view.codes, self.profile)
        voted = []
        for one, part in parts:
            stored = keys_of(part.codes, self.profile)
            answers = np.zeros((len(view), len(part)), bool)
            for band in range(rule.bands):
                light = np.array([buckets[band, int(key)] <= limit for key in asked[band]], bool)
                answers |= light[:, None] & (asked[band][:, None] == stored[band][None])
            answers &= differences(view.codes, part.codes) <= rule.bits
            votes = int(answers.any(axis=1).sum())
            if votes >= rule.votes:
                voted.append((votes, one, part))
        return voted

    def search(self, asked: Details) -> set[Hit]:
        nearest: dict[Claim, int] = {}
        views = [view for part in asked.parts for view in (part, part.mirrored())]
        voted = [(*candidate, view) for view in views for candidate in self.candidates(view)]
        voted.sort(key=lambda item: (-item[0], item[1].protection))
        for _, one, stored, view in voted[: self.profile.retrieval.most]:
            found = agreement(view, stored, self.profile.verification)
            if found:
                distance = found.distance(self.profile.verification)
                nearest[one] = min(distance, nearest.get(one, distance))
        limit = self.profile.thresholds.possible
        return {Hit(one, self.profile.name, "details", far) for one, far in nearest.items() if far <= limit}

    def __len__(self) -> int:
        return sum(len(details) for _, details in self.held.values())


ORIGINALS = [scattered(seed, 24) for seed in range(4)]


def registered(source: int, bits: int, seed: int, count: int, *, more: bool) -> Details:
    """So much of a copy of one of few pictures that buckets fill; `more`: with a part of another."""
    parts = [as_stored(ordered(replace_codes(ORIGINALS[source], bits, seed), np.arange(count)))]
    if more:
        parts.append(as_stored(ordered(ORIGINALS[(source + 1) % 4], np.arange(12))))
    return Details(tuple(parts))


def replace_codes(part: Part, bits: int, seed: int) -> Part:
    return Part(part.kind, part.width, part.height, flipped(part.codes, bits, seed), part.places)


DETAILS = st.one_of(
    st.none(),
    st.builds(
        registered,
        st.integers(0, 3),
        st.sampled_from([0, 4]),
        st.integers(0, 50),
        st.sampled_from([2, 3, 4, 24, 24]),
        more=st.booleans(),
    ),
)
PUT = st.lists(st.tuples(st.builds(claim, st.integers(0, 11), st.integers(1, 3)), DETAILS), max_size=6)
REMOVE = st.lists(st.builds(UUID, int=st.integers(0, 11)), max_size=3)


class Comparison(RuleBasedStateMachine):
    @initialize(few=st.sampled_from([4, 1024]), put=PUT)
    def begin(self, few: int, put: list[tuple[Claim, Details | None]]) -> None:
        module.FEW = few  # type: ignore[misc]
        self.index, self.model = PlainDetailsIndex(SMALL), Model(SMALL)
        self.change(put, [])

    @rule(put=PUT, remove=REMOVE)
    def change(self, put: list[tuple[Claim, Details | None]], remove: list[UUID]) -> None:
        self.index.apply(iter(put), iter(remove))
        self.model.apply(put, remove)

    @rule(source=st.integers(0, 3), turn=st.floats(-20, 20), mirrored=st.booleans(), shift=st.floats(0, 80))
    def ask(self, source: int, turn: float, mirrored: bool, shift: float) -> None:
        asked = Details((Copy(turn=turn, mirrored=mirrored, shift=shift).of(ORIGINALS[source], bits=2),))
        hits = self.index.search(asked)
        assert len(hits) == len(set(hits))
        assert set(hits) == self.model.search(asked)

    @rule(source=st.integers(0, 3), bits=st.sampled_from([0, 4, 5]))  # 8 is the limit
    def look(self, source: int, bits: int) -> None:
        """The candidates themselves and their votes: of most of them a search tells nothing."""
        view = replace_codes(ORIGINALS[source], bits, 99)
        found = self.index._candidates(self.index._state, view)
        expected = self.model.candidates(view)
        assert Counter((votes, entry.claim, entry.part.codes.tobytes()) for votes, entry in found) == Counter(
            (votes, one, part.codes.tobytes()) for votes, one, part in expected
        )

    @invariant()
    def as_many(self) -> None:
        assert len(self.index) == len(self.model)
        state = self.index._state
        assert int(state.alive.sum()) == len(self.model.held)

    def teardown(self) -> None:
        module.FEW = 1024  # type: ignore[misc]


TestComparison = Comparison.TestCase
TestComparison.settings = settings(max_examples=80, stateful_step_count=15, deadline=None)


def found(index: PlainDetailsIndex, part: Part) -> set[Claim]:
    return {hit.claim for hit in index.search(Details((part,)))}


def filled(count: int, *, first: int = 0, profile: DetailsProfile = VETO_DETAILS_1) -> PlainDetailsIndex:
    index = PlainDetailsIndex(profile)
    index.apply([(claim(n), Details((as_stored(scattered(n)),))) for n in range(first, first + count)], [])
    return index


@pytest.mark.parametrize("codes", [0, 1, 2, 3])
def test_an_index_of_next_to_nothing_finds_nothing_and_fails_at_nothing(codes: int) -> None:
    index = PlainDetailsIndex()
    assert (len(index), index.search(Details((scattered(1),)))) == (0, [])
    index.apply([(claim(1), Details((as_stored(scattered(1, codes)),)))], [UUID(int=9)])
    assert len(index) == codes
    assert {hit.claim for hit in index.search(Details((scattered(1),)))} <= {claim(1)}
    assert index.search(Details(())) == []
    assert index.search(Details((scattered(1, 0),))) == []
    index.apply([], [UUID(int=1)])
    assert (len(index), index.search(Details((scattered(1),)))) == (0, [])


def test_each_copy_finds_its_own_photo_among_many() -> None:
    index = filled(60)
    for number in (0, 31, 59):
        for mirrored in (False, True):
            copy = Copy(turn=12, scale=0.8, shift=60, mirrored=mirrored).of(scattered(number))
            [hit] = index.search(Details((scattered(900), copy)))
            assert (hit.claim, hit.profile, hit.algorithm) == (claim(number), "veto-details-1", "details")
            assert hit.distance <= VETO_DETAILS_1.thresholds.match


def test_a_claim_that_says_something_else_now_is_found_as_it_is_now() -> None:
    index = filled(3)
    index.apply([(claim(1, uses=7), Details((as_stored(scattered(1)),)))], [])
    assert found(index, scattered(1)) == {claim(1, uses=7)}
    index.apply([(claim(1, uses=7), None)], [])
    assert found(index, scattered(1)) == set()
    assert found(index, scattered(2)) == {claim(2)}


def test_a_change_that_failed_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    index = filled(4)
    changes = [(claim(n), Details((as_stored(scattered(50 + n)),))) for n in (1, 2, 9)], [UUID(int=3)]

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(module.Block, "of", fail)
        with pytest.raises(MemoryError):
            index.apply(*changes)
    assert found(index, scattered(1)) == {claim(1)}
    index.apply(*changes)
    assert [found(index, scattered(n)) for n in (0, 1, 3)] == [{claim(0)}, set(), set()]
    assert [found(index, scattered(50 + n)) for n in (1, 2, 9)] == [{claim(1)}, {claim(2)}, {claim(9)}]
    index.apply([], [UUID(int=n) for n in range(10)])
    assert len(index) == 0
    assert not index._state.alive.any()


def test_a_bucket_is_heavy_by_the_claims_that_stand_alone() -> None:
    """Whenever blocks were merged: what is gone but still lies in a block makes no bucket heavy."""
    rule = replace(VETO_DETAILS_1.retrieval, heavy=10, heavy_share=0)
    same = Details((as_stored(scattered(1)),))
    for blocks in ([12], [1] * 12, [6, 1, 5]):
        index = PlainDetailsIndex(replace(VETO_DETAILS_1, retrieval=rule))
        number = 0
        for size in blocks:
            index.apply([(claim(n), same) for n in range(number, number + size)], [])
            number += size
        assert found(index, scattered(1)) == set()  # twelve in each bucket
        index.apply([], [UUID(int=0)])
        assert found(index, scattered(1)) == set()
        index.apply([], [UUID(int=1)])
        assert found(index, scattered(1)) == {claim(n) for n in range(2, 12)}
        index.apply([(claim(5), same)], [])  # the old one is in a block too
        assert len(found(index, scattered(1))) == 10


def test_the_most_voted_are_looked_at_and_of_equal_ones_it_is_no_matter_what_came_first() -> None:
    rule = replace(VETO_DETAILS_1.retrieval, most=2)
    profile = replace(VETO_DETAILS_1, retrieval=rule)
    whole, half = scattered(1), ordered(scattered(1), np.arange(50))
    for order in ([1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]):
        index = PlainDetailsIndex(profile)
        for number in order:
            index.apply([(claim(number), Details((as_stored(half if number < 3 else whole),)))], [])
        assert found(index, whole) == {claim(3), claim(4)}
        index.apply([], [UUID(int=4)])
        assert found(index, whole) == {claim(1), claim(3)}


def test_what_is_gone_is_cleared_away_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 8)
    index = filled(20)
    index.apply([], [UUID(int=n) for n in range(15)])
    state = index._state
    assert (len(state.alive), sum(len(block) for block in state.blocks)) == (5, 500)
    assert [found(index, scattered(n)) for n in (0, 17)] == [set(), {claim(17)}]
    index.apply([(claim(17), None)], [UUID(int=18)])
    assert [found(index, scattered(n)) for n in (16, 17, 18)] == [{claim(16)}, set(), set()]


def test_a_search_meets_the_index_before_a_change_or_after_it() -> None:
    """Two photos of one picture trade places, over and over: never both, never none."""
    index, asked = PlainDetailsIndex(), Details((joined(Copy().of(scattered(1))),))
    same = Details((as_stored(scattered(1)),))
    index.apply([(claim(0), same)], [])
    ended = threading.Event()

    def trade() -> None:
        number = 0
        while not ended.is_set():
            index.apply([(claim(1 - number % 2), same)], [UUID(int=number % 2)])
            number += 1

    writer = threading.Thread(target=trade)
    writer.start()
    try:
        seen = [{hit.claim for hit in index.search(asked)} for _ in range(200)]
    finally:
        ended.set()
        writer.join()
    assert {len(each) for each in seen} == {1}
    assert len(set.union(*seen)) == 2
