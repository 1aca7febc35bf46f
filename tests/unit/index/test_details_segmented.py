"""The segmented index of details gives the answers of the plain one, however it is split and whenever it was merged."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from matching.hashing.details import Details, Part
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.index import agreement_kernels, details_kernels, segment
from matching.index.agreement import agreement
from matching.index.details import PlainDetailsIndex
from matching.index.details_segment import DetailsSegment, Rules, built, gathered
from matching.index.details_segmented import SegmentedDetailsIndex, View, warm
from matching.index.interface import Claim, Hit
from matching.index.shared import Origin, RefusedError, SharedSegment
from tests.unit.index.material import Copy, as_stored, claim, flipped, joined, ordered, scattered
from tests.unit.index.test_agreement import woven
from tests.unit.index.test_details_index import ORIGINALS, PUT, REMOVE, SMALL, replace_codes

Put = list[tuple[Claim, Details | None]]


def in_order(hits: Sequence[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: hit.claim.protection)


class Comparison(RuleBasedStateMachine):
    """Parts of few pictures fill the buckets, and more are voted for than are looked at."""

    @initialize(few=st.sampled_from([0, 60, 4096]), put=PUT)
    def begin(self, few: int, put: Put) -> None:
        segment.FEW = few  # type: ignore[misc]
        self.index, self.oracle = SegmentedDetailsIndex(SMALL), PlainDetailsIndex(SMALL)
        self.change(put, [])

    @rule(put=PUT, remove=REMOVE)
    def change(self, put: Put, remove: list[UUID]) -> None:
        self.index.apply(iter(put), iter(remove))
        self.oracle.apply(put, remove)

    @rule(clean=st.booleans(), put=PUT, remove=REMOVE)
    def merge(self, clean: bool, put: Put, remove: list[UUID]) -> None:
        """While changes come."""
        due = self.index.due(clean=clean)
        self.change(put, remove)
        if due:
            self.index.merge(due)

    @rule(source=st.integers(0, 3), turn=st.floats(-20, 20), mirrored=st.booleans(), shift=st.floats(0, 80))
    def ask(self, source: int, turn: float, mirrored: bool, shift: float) -> None:
        asked = Details((Copy(turn=turn, mirrored=mirrored, shift=shift).of(ORIGINALS[source], bits=2),))
        assert in_order(self.index.search(asked)) == in_order(self.oracle.search(asked))

    @rule(source=st.integers(0, 3), bits=st.sampled_from([0, 4, 5]))  # 8 is the limit
    def look(self, source: int, bits: int) -> None:
        """The candidates themselves and their votes: of most of them a search tells nothing."""
        view = replace_codes(ORIGINALS[source], bits, 99)
        pieces = self.index._state.parts
        found = [
            (
                votes,
                pieces[each.piece].segment.claim(block.slots[part]),
                int(block.starts[part + 1] - block.starts[part]),
            )
            for each in self.index._candidates(pieces, 0, View.of(view, self.index._rules))
            for block in [pieces[each.piece].segment.block]
            for part, votes in zip(each.parts.tolist(), each.votes.tolist(), strict=True)
        ]
        expected = self.oracle._candidates(self.oracle._state, view)
        key = lambda one: (one[0], one[1].protection, one[2])  # noqa: E731
        assert sorted(found, key=key) == sorted(
            ((votes, entry.claim, len(entry.part)) for votes, entry in expected), key=key
        )

    @invariant()
    def as_many(self) -> None:
        assert len(self.index) == len(self.oracle)

    def teardown(self) -> None:
        segment.FEW = 4096  # type: ignore[misc]


TestComparison = Comparison.TestCase
TestComparison.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)


def both(count: int, profile: DetailsProfile = VETO_DETAILS_1) -> tuple[SegmentedDetailsIndex, PlainDetailsIndex]:
    put = [(claim(n), Details((as_stored(scattered(n)),))) for n in range(count)]
    rules, oracle = Rules(profile), PlainDetailsIndex(profile)
    oracle.apply(put, [])
    return SegmentedDetailsIndex.of(built([put[:7], put[7:]], rules), rules), oracle


def distances(asked: Part, stored: Sequence[Part]) -> list[int]:
    rules = Rules()
    block = gathered([(claim(n), Details((part,))) for n, part in enumerate(stored)], rules).block
    view, made = View.of(asked, rules), np.empty(len(stored), np.int64)
    agreement_kernels.verify(
        view.across, view.places, view.width, view.height,
        block.codes, block.places, block.sizes, block.starts, np.arange(len(stored)), rules.rule, made,
    )  # fmt: skip
    return made.tolist()


def expected(asked: Part, stored: Sequence[Part]) -> list[int]:
    rule = VETO_DETAILS_1.verification
    found = [agreement(asked, part, rule) for part in stored]
    return [each.distance(rule) if each else rule.full + 1 for each in found]


def test_the_kernel_says_of_copies_and_strangers_what_the_plain_verification_says() -> None:
    random = np.random.default_rng(5)
    stored = [
        as_stored(scattered(n, width=w, height=h)) for n, (w, h) in enumerate([(384, 288), (200, 384), (300, 300)])
    ]
    stored += [as_stored(joined(scattered(1, 30), scattered(n, 60))) for n in range(20, 30)]
    stored += [as_stored(woven(40, 5)), *(as_stored(scattered(1, n)) for n in range(6))]
    hits = 0
    for number in range(50):
        copy = Copy(
            turn=random.uniform(-180, 180),
            scale=2 ** random.uniform(-1.5, 1.5),
            shift=complex(*random.uniform(-90, 90, 2)),
            mirrored=bool(number % 2),
        )
        own = copy.of(scattered(number % 3), bits=int(random.integers(0, 13)))
        asked = joined(own, ordered(woven(56, number), np.arange(number % 9)), scattered(number, number % 200))
        for view in (asked, asked.mirrored()):
            said = expected(view, stored)
            assert distances(view, stored) == said
            hits += sum(distance <= VETO_DETAILS_1.thresholds.possible for distance in said)
    assert distances(woven(40, 4), stored) == expected(woven(40, 4), stored)
    assert hits > 25


@pytest.mark.parametrize("photos", [0, 1, 2])
@pytest.mark.parametrize("keypoints", [0, 1, 100])
def test_an_index_of_hardly_a_photo_answers(photos: int, keypoints: int) -> None:
    put = [(claim(n), Details((as_stored(scattered(n, keypoints)),))) for n in range(photos)]
    rules = Rules()
    index = SegmentedDetailsIndex.of(built([put], rules), rules)
    assert len(index) == photos * keypoints
    found = {hit.claim for hit in index.search(Details((scattered(0), scattered(1))))}
    assert found == ({claim(n) for n in range(photos)} if keypoints == 100 else set())
    assert index.search(Details(())) == index.search(Details((scattered(0, 0),))) == []
    index.apply([(claim(5), None), (claim(6), Details(()))], [UUID(int=0), UUID(int=9)])
    assert len(index) == max(0, photos - 1) * keypoints


def test_copies_find_their_photos_and_the_answers_are_the_plain_index_s_across_merges() -> None:
    index, oracle = both(60)
    for number in range(60, 100):
        put: Put = [(claim(number), Details((as_stored(scattered(number)), as_stored(scattered(number, 40)))))]
        for each in (index, oracle):
            each.apply(put, [UUID(int=number - 50)])
    for clean in (None, False, True):
        if clean is not None and (due := index.due(clean=clean)):
            index.merge(due)
        for number in (3, 30, 55, 80, 99):
            copy = Copy(turn=12, scale=0.8, shift=60, mirrored=bool(number % 2)).of(scattered(number))
            asked = Details((scattered(900), copy))
            assert in_order(index.search(asked)) == in_order(oracle.search(asked))
            assert {hit.claim for hit in index.search(asked)} == ({claim(number)} - {claim(30)})
    [piece] = index._state.parts
    assert piece.alive.all()  # what is gone has left the memory


@pytest.mark.parametrize("pieces", [[12], [1] * 12, [6, 1, 5]])
@pytest.mark.parametrize("few", [0, 4096])
def test_a_bucket_is_heavy_by_the_claims_that_stand_alone(
    monkeypatch: pytest.MonkeyPatch, pieces: list[int], few: int
) -> None:
    monkeypatch.setattr(segment, "FEW", few)
    profile = replace(VETO_DETAILS_1, retrieval=replace(VETO_DETAILS_1.retrieval, heavy=10, heavy_share=0))
    same, index, number = Details((as_stored(scattered(1)),)), SegmentedDetailsIndex(profile), 0
    for size in pieces:
        index.apply([(claim(n), same) for n in range(number, number + size)], [])
        number += size
    found = []
    for gone in (0, 1):
        found.append(len(index.search(Details((scattered(1),)))))
        index.apply([], [UUID(int=gone)])
    index.apply([(claim(5), same)], [])  # the old one is in a segment too
    found.append(len(index.search(Details((scattered(1),)))))
    if due := index.due(clean=True):
        index.merge(due)
    found.append(len(index.search(Details((scattered(1),)))))
    assert found == [0, 0, 10, 10]


def test_what_is_gone_from_a_large_bucket_is_known_without_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each key has a bucket of its own, as in all large segments."""
    monkeypatch.setattr(segment, "FEW", 0)
    profile = replace(SMALL, retrieval=replace(SMALL.retrieval, heavy=10, heavy_share=0, most=500))
    rules, oracle = Rules(profile), PlainDetailsIndex(profile)
    put = [(claim(n), Details((as_stored(ORIGINALS[1]),))) for n in range(20)]
    made = built([put], rules)
    assert rules.shift(len(made)) == 0
    index = SegmentedDetailsIndex.of(made, rules)
    oracle.apply(put, [])
    found = []
    for number in range(12):
        asked = Details((ORIGINALS[1],))
        found.append(len(oracle.search(asked)))
        assert in_order(index.search(asked)) == in_order(oracle.search(asked))
        for each in (index, oracle):
            each.apply([(claim(19), put[0][1])] if number % 3 == 0 else [], [UUID(int=number)])
    assert found[0] == 0
    assert found[-1] == 9


@pytest.mark.parametrize("few", [0, 4096])
def test_of_equal_votes_it_is_no_matter_what_came_first(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(segment, "FEW", few)
    profile = replace(VETO_DETAILS_1, retrieval=replace(VETO_DETAILS_1.retrieval, most=2))
    whole, half = scattered(1), ordered(scattered(1), np.arange(50))
    for order in ([1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]):
        index = SegmentedDetailsIndex(profile)
        for number in order:
            index.apply([(claim(number), Details((as_stored(half if number < 3 else whole),)))], [])
        assert {hit.claim for hit in index.search(Details((whole,)))} == {claim(3), claim(4)}
        index.apply([], [UUID(int=4)])
        assert {hit.claim for hit in index.search(Details((whole,)))} == {claim(1), claim(3)}


def test_no_question_waits_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    warm()
    used = (
        details_kernels.permute, details_kernels.fill, details_kernels.copy, details_kernels.find,
        details_kernels.count, details_kernels.vote, agreement_kernels.verify,
    )  # fmt: skip
    compiled = {kernel: list(kernel.signatures) for kernel in used}
    monkeypatch.setattr(segment, "FEW", 0)
    index, _ = both(20)
    index.apply([(claim(1), Details((as_stored(scattered(1)),)))], [UUID(int=3)])
    index.search(Details((scattered(5), scattered(1))))
    if due := index.due(clean=True):
        index.merge(due)
    index.search(Details((flat(scattered(5)),)))
    assert all(kernel.signatures == before and len(before) == 1 for kernel, before in compiled.items())


def flat(part: Part) -> Part:
    """The same code everywhere."""
    return Part(
        part.kind, part.width, part.height, flipped(np.repeat(part.codes[:1], len(part), axis=0), 1, 1), part.places
    )


def test_a_search_meets_the_index_before_a_change_or_after_it() -> None:
    """Two photos of one picture trade places, over and over: never both, never none; merges in between."""
    index, same = SegmentedDetailsIndex(), Details((as_stored(scattered(1)),))
    index.apply([(claim(0), same)], [])
    ended = threading.Event()

    def trade() -> None:
        number = 0
        while not ended.is_set():
            index.apply([(claim(1 - number % 2), same)], [UUID(int=number % 2)])
            if due := index.due(clean=True):
                index.merge(due)
            number += 1

    writer = threading.Thread(target=trade)
    writer.start()
    try:
        seen = [{hit.claim for hit in index.search(Details((scattered(1),)))} for _ in range(200)]
    finally:
        ended.set()
        writer.join()
    assert {len(each) for each in seen} == {1}
    assert len(set.union(*seen)) == 2


LINEAGE = UUID(int=7)
ORIGIN = Origin(str(LINEAGE), 3, 14, "15/then")


def place(folder: Path, profile: DetailsProfile = VETO_DETAILS_1) -> SharedSegment[DetailsSegment]:
    return SharedSegment(folder, LINEAGE, Rules(profile), "one", bytes(32))


@pytest.fixture
def written(tmp_path: Path) -> Iterator[SharedSegment[DetailsSegment]]:
    there = place(tmp_path)
    there.write(built([[(claim(n), Details((as_stored(scattered(n)),))) for n in range(40)]], Rules()), ORIGIN)
    yield there
    there.remove()


def test_what_is_opened_in_shared_memory_answers_and_its_buckets_were_made_there(
    written: SharedSegment[DetailsSegment],
) -> None:
    opened, origin = place(written.path.parent).open()
    assert origin == ORIGIN
    assert not opened.plain
    index, oracle = SegmentedDetailsIndex.of(opened, Rules()), both(40)[1]
    for number in (0, 17, 39):
        asked = Details((Copy(turn=5).of(scattered(number)),))
        assert index.search(asked) == oracle.search(asked) != []
    index.apply([], [UUID(int=17)])
    assert not index.search(Details((scattered(17),)))
    assert len(place(written.path.parent).open()[0]) == 4000


@pytest.mark.parametrize("part", [0.0, 0.01, 0.2, 0.5, 0.99])
def test_one_that_is_short_damaged_or_of_another_profile_is_refused(
    written: SharedSegment[DetailsSegment],
    part: float,
) -> None:
    other = replace(VETO_DETAILS_1, retrieval=replace(VETO_DETAILS_1.retrieval, heavy=999))
    with pytest.raises(RefusedError, match="other profiles"):
        place(written.path.parent, other).open()
    whole = written.path.read_bytes()
    at = int(part * len(whole))
    for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
        written.path.write_bytes(data)
        with pytest.raises(RefusedError):
            place(written.path.parent).open()


def test_another_process_finds_in_it_without_memory_of_its_own(written: SharedSegment[DetailsSegment]) -> None:
    code = f"""
from pathlib import Path
from tests.unit.index.test_details_segmented import Details, Rules, SegmentedDetailsIndex, place, scattered
segment, _ = place(Path({str(written.path.parent)!r})).open()
mapped = Path('/proc/self/maps').read_text().count({str(written.path)!r})
print(mapped, *(hit.claim.protection.int for hit in
                SegmentedDetailsIndex.of(segment, Rules()).search(Details((scattered(23),)))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "23"]
